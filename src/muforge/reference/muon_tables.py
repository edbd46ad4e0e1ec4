"""Energy loss and scattering of muons in matter, from `tables/muons.npz`, laid out for compiled kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.errors import ConfigError

SOFT, SOFT_VARIANCE, HARD, SCATTERING, STOPPING = range(5)
"""Columns of `MuonTables.rows`."""

SOFT_BELOW = 0.02
"""GeV. Saves the many small knock-on collisions of slow muons."""

LARGEST_CUT = 0.05
"""Largest part of the kinetic energy lost softly."""


class MuonTables(NamedTuple):
    """Tables of some materials on a grid uniform in the logarithm of the kinetic energy.

    Small losses are soft: taken together. Larger ones are hard: drawn one by one.

    Arguments:
        log_start: Logarithm of the lowest kinetic energy, in GeV.
        per_log: Grid points per unit of the logarithm.
        coarsening: Every so many energies have an entry in `tail`.
        rows: Shape (materials, energies, 5): mean soft loss in GeV/cm, its variance in GeV2/cm, macroscopic
            cross-section of hard losses in 1/cm, variance of a projected scattering angle per cm, and mean
            total loss in GeV/cm.
        fraction: Rising from the cut to 1, shape (fractions,).
        tail: Part of the hard losses beyond each fraction, from 1 to 0, shape (materials, coarse energies,
            fractions).
    """

    log_start: float
    per_log: float
    coarsening: int
    rows: NDArray[np.float64]
    fraction: NDArray[np.float64]
    tail: NDArray[np.float64]

    @property
    def kinetic(self) -> NDArray[np.float64]:
        """The energies of the grid, GeV."""
        steps = np.arange(self.rows.shape[1])
        return np.asarray(np.exp(self.log_start + steps / self.per_log))


def muon_tables(materials: Sequence[str], *, soft_below: float = SOFT_BELOW) -> MuonTables:
    """The tables of materials, numbered in the order given (`Geometry.materials` for its `Stack`).

    Arguments:
        soft_below: Energy in GeV up to which losses are soft at any kinetic energy, within limits: soft
            losses are all those of less than 0.1% of the kinetic energy, and none of more than 5%.

    Raises:
        ConfigError: A material has no muon table.
    """
    return _chosen(tuple(materials), soft_below)


@cache
def _chosen(materials: tuple[str, ...], soft_below: float) -> MuonTables:
    stored = _stored()
    names = stored["names"].tolist()
    for name in materials:
        if name not in names:
            raise ConfigError(
                f"material {name}: has no muon table; known are {', '.join(names)} "
                "(python -m scripts.build_muon_tables makes the tables anew)"
            )
    index = [names.index(name) for name in materials]
    kinetic, fraction, coarsening = stored["kinetic"], stored["fraction"], int(stored["coarsening"])
    stopping, variance, hard, scattering, tail = (
        stored[key][index].astype(np.float64)
        for key in ("stopping", "soft_variance", "hard", "scattering", "tail")
    )
    split = _split(fraction, tail, kinetic[::coarsening], soft_below)
    kept, kept_mean, folded = (_between(part, coarsening, len(kinetic)) for part in split[1:])
    variance += hard * kinetic**2 * folded
    hard *= kept
    soft = stopping - kinetic * hard * kept_mean
    rows = np.stack([soft, variance, hard, scattering, stopping], axis=-1)
    return MuonTables(
        float(np.log(kinetic[0])),
        (len(kinetic) - 1) / float(np.log(kinetic[-1] / kinetic[0])),
        coarsening,
        np.ascontiguousarray(rows),
        fraction,
        np.ascontiguousarray(split[0]),
    )


def _split(
    fraction: NDArray[np.float64], tail: NDArray[np.float64], kinetic: NDArray[np.float64], soft_below: float
) -> tuple[NDArray[np.float64], ...]:
    """Take the smaller hard losses, those below `soft_below` GeV, to the soft ones; all at coarse energies.

    Returns:
        The spectrum of those that stay hard, of the shape of tail; the part of all that they are, their
        mean loss and the second moment of the others (both in parts of the energy and its square).
    """
    cut = np.searchsorted(fraction[:-2], np.minimum(soft_below / kinetic, LARGEST_CUT))
    kept = np.take_along_axis(tail, np.broadcast_to(cut[:, None], (*tail.shape[:2], 1)), axis=2)
    spectrum = np.minimum(1.0, tail / np.where(kept > 0, kept, 1.0))
    low, high = fraction[:-1], fraction[1:]
    number = -np.diff(tail)
    folded = np.where(np.arange(len(low)) < cut[:, None], number, 0.0) @ (low * high)
    mean = -np.diff(spectrum) @ (np.log(high / low) / (1 / low - 1 / high))
    return spectrum, kept[..., 0], mean, folded


def _between(coarse: NDArray[np.float64], coarsening: int, length: int) -> NDArray[np.float64]:
    """Values on the coarse grid, linear in between, shape (materials, length)."""
    steps = np.arange(length) / coarsening
    return np.array([np.interp(steps, np.arange(coarse.shape[1]), values) for values in coarse])


@cache
def _stored() -> dict[str, NDArray[Any]]:
    content = files("muforge.reference").joinpath("tables", "muons.npz").read_bytes()
    with np.load(BytesIO(content), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


@compiled
def grid_place(tables: MuonTables, kinetic: float) -> float:
    """Where an energy lies on the grid, in steps; an energy beyond it counts as its last."""
    place = (math.log(kinetic) - tables.log_start) * tables.per_log
    return float(min(max(place, 0.0), tables.rows.shape[1] - 1.000001))


@compiled
def lower_place(tables: MuonTables, place: float, lost: float) -> float:
    """Where the energy lies on the grid after a part of it is lost, without a logarithm if the part is small."""
    logarithm = -lost * (1.0 + 0.5 * lost) if lost < 0.05 else math.log(max(1.0 - lost, 1e-9))
    return float(min(max(place + logarithm * tables.per_log, 0.0), tables.rows.shape[1] - 1.000001))


@compiled
def at_place(tables: MuonTables, material: int, place: float, column: int) -> float:
    """A column of `rows` at a place on the grid, linear between its points."""
    step = int(place)
    low = tables.rows[material, step, column]
    return float(low + (place - step) * (tables.rows[material, step + 1, column] - low))


@compiled
def hard_fraction(tables: MuonTables, material: int, place: float, uniform: float) -> float:
    """The part of its kinetic energy that a muon loses in a hard collision.

    Arguments:
        uniform: A random number in [0, 1): it chooses between the spectra at the neighbouring energies, and
            what is left of it chooses the loss. Within a bin the spectrum falls with the loss squared.
    """
    position = place / tables.coarsening
    step = int(position)
    weight = position - step
    if uniform < weight:
        step += 1
        beyond = uniform / weight
    else:
        beyond = (uniform - weight) / (1.0 - weight)
    tail = tables.tail[material, step]
    low, high = 0, len(tail) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if tail[middle] > beyond:
            low = middle
        else:
            high = middle
    part = (tail[low] - beyond) / (tail[low] - tail[high])
    inverse = 1.0 / tables.fraction[low]
    return float(1.0 / (inverse + part * (1.0 / tables.fraction[high] - inverse)))
