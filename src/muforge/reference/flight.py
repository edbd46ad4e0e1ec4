"""Hadrons along a path through the slabs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.reference.constants import CM_PER_NANOSECOND, mass
from muforge.reference.geometry import Stack
from muforge.reference.muon_tables import SCATTERING, SOFT, MuonTables, at_place, grid_place
from muforge.reference.steps import material_at, scattered, slab_at
from muforge.reference.walk import LONGEST_STEP

Array = NDArray[np.float64]

_MUON_MASS = mass(13)
_NEARLY_AT_REST = 1.001
"""A hadron does not get slower than this Lorentz factor; it is far below any cut then."""


@compiled
def travel(
    stack: Stack,
    tables: MuonTables,
    position: Array,
    momentum: Array,
    time: Array,
    hadron_mass: Array,
    charged: NDArray[np.bool_],
    path: Array,
    rng: np.random.Generator,
) -> None:
    """Move hadrons along a path, in place.

    Charged ones lose energy as a muon of the same velocity does softly, which is by ionisation, and are scattered as
    a muon of the same momentum.

    Arguments:
        stack, tables: Geometry and tables, of the same materials.
        position: In cm, shape (n, 3); changed.
        momentum: In GeV, shape (n, 3); changed.
        time: In ns, shape (n,); changed.
        hadron_mass: In GeV, shape (n,).
        charged: Shape (n,).
        path: In cm, shape (n,).
        rng: Of the scattering.
    """
    for i in range(len(path)):
        x, y, z = position[i]
        px, py, pz = momentum[i]
        m = hadron_mass[i]
        p = math.sqrt(px * px + py * py + pz * pz)
        ux, uy, uz = px / p, py / p, pz / p
        left = path[i]
        k = slab_at(stack, z)
        while left > 0.0 and uz > 0.0 and 0 <= k < len(stack.material):
            to_face = (stack.edges[k + 1] - z) / uz
            step = min(LONGEST_STEP, to_face, left)
            medium = material_at(stack, k, x + step / 2 * ux, y + step / 2 * uy)
            energy = math.sqrt(p * p + m * m)
            time[i] += step * energy / p / CM_PER_NANOSECOND
            x, y, z = x + step * ux, y + step * uy, z + step * uz
            if charged[i] and medium >= 0:
                same_momentum = grid_place(tables, math.sqrt(p * p + _MUON_MASS**2) - _MUON_MASS)
                same_velocity = grid_place(tables, _MUON_MASS * (energy / m - 1.0))
                variance = step * at_place(tables, medium, same_momentum, SCATTERING)
                energy -= step * at_place(tables, medium, same_velocity, SOFT)
                energy = max(energy, _NEARLY_AT_REST * m)
                p = math.sqrt(energy * energy - m * m)
                dx, dy, dz, ux, uy, uz = scattered(rng, variance, step, ux, uy, uz)
                x, y, z = x + dx, y + dy, z + dz
            left -= step
            if step == to_face:
                k += 1
                z = stack.edges[k]
        position[i, 0], position[i, 1], position[i, 2] = x, y, z
        momentum[i, 0], momentum[i, 1], momentum[i, 2] = p * ux, p * uy, p * uz
