"""Straight lines through the slabs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.reference.geometry import Stack
from muforge.reference.steps import material_at, slab_at

Array = NDArray[np.float64]

LEAVES = -2
"""In place of a material: the line leaves the stack before it has gone through enough matter."""

LONGEST_STEP = 5.0
"""In cm; the material of a step is that at its middle."""

_SLOWEST = 0.05
"""Lines with a smaller direction cosine are not followed: no muon from them reaches the absorber's end."""


@compiled
def path_through(
    stack: Stack,
    rate: Array,
    x: float,
    y: float,
    z: float,
    ux: float,
    uy: float,
    uz: float,
    depth: float,
) -> tuple[float, int]:
    """Path in cm up to a depth, and the index of the material there, or `LEAVES` and the path up to the end.

    Arguments:
        stack: The geometry.
        rate: Inverse mean free path in 1/cm in each material, shape (materials,).
        x, y, z: Start in cm.
        ux, uy, uz: Direction, a unit vector.
        depth: Number of mean free paths to go.
    """
    s = 0.0
    if uz < _SLOWEST:
        return s, LEAVES
    k = slab_at(stack, z)
    while 0 <= k < len(stack.material):
        end = (stack.edges[k + 1] - z) / uz
        while s < end:
            step = min(LONGEST_STEP, end - s)
            middle = s + step / 2
            medium = material_at(stack, k, x + middle * ux, y + middle * uy)
            here = rate[medium] if medium >= 0 else 0.0
            if here * step >= depth:
                return s + depth / here, medium
            depth -= here * step
            s = end if step == end - s else s + step
        k += 1
    return s, LEAVES


@compiled
def free_paths(
    stack: Stack, rate: Array, position: Array, direction: Array, depth: Array
) -> tuple[Array, NDArray[np.int64]]:
    """`path_through` for many lines, each with its own rates.

    Arguments:
        rate: Shape (n, materials).
        position, direction: Shape (n, 3).
        depth: Shape (n,).

    Returns:
        Paths and materials, each of shape (n,).
    """
    n = len(depth)
    path = np.empty(n)
    found = np.empty(n, np.int64)
    for i in range(n):
        x, y, z = position[i]
        ux, uy, uz = direction[i]
        path[i], found[i] = path_through(stack, rate[i], x, y, z, ux, uy, uz, depth[i])
    return path, found
