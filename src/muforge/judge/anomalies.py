"""The cells of phase space that differ most, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binning import bin_of, weighted_quantile
from muforge.judge.chi2 import effective_entries, largest_pull
from muforge.judge.comb import find_slits
from muforge.judge.quantities import quantities, values
from muforge.judge.replicas import Shares
from muforge.judge.result import Findings
from muforge.judge.sides import OTHERS, Sides
from muforge.sample import Sample

Floats = NDArray[np.float64]

CELLS = 12
"""About so many along an axis."""

LISTED = 8
MIN_EFFECTIVE = 20.0
"""Effective entries that a cell needs in one of the two samples."""

REACH = 0.001
"""Share of the real weight beyond the outermost edges, which have open cells."""

PAIRS = (
    ("p", "pt"),
    ("p", "start_z"),
    ("pt", "start_z"),
    ("p", "r"),
    ("r", "start_z"),
    ("start_x", "px"),
    ("pt", "angle"),
)
UNITS = {"start_x": "cm", "start_y": "cm", "start_z": "cm", "r": "cm", "phi": "rad", "angle": "rad"}
WORDS = {"start_x": "start x", "start_y": "start y", "start_z": "start z", "pt": "pT"}

_PLACE = 11


@dataclass(frozen=True)
class Anomalies:
    """The largest difference of shares, in standard deviations, over cells of one and of two quantities.

    Cells have round edges; slits of the target are cells too. The p-value is of the largest over all cells, so it pays
    for looking at many; the significance of a single one does not.

    Details: `cells`, those that differ most and do not overlap, as `text`, `significance` (positive for an excess),
    `ratio` of generated to real (None where there are no real ones), and `where`: by quantity the ends, None for open
    ones.
    """

    seed: int = 0
    family: ClassVar[str] = "anomalies"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Scan the cells; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        grids = _grids(sides)
        shares = {side: _joined([grid.shares(sides, side) for grid in grids]) for side in sides.samples}
        scale = {side: _deviation(shares[side], shares["real"]) for side in OTHERS}
        if not all(np.isfinite(each).any() for each in scale.values()):
            return Findings([])
        found = {side: sides.compare(shares, side, largest_pull(scale[side])) for side in OTHERS}
        result = sides.result(self.family, "most anomalous cell, in sigma", "", found, 0.0)
        pull = (shares["generated"].value - shares["real"].value) / scale["generated"]
        cells = [cell for grid in grids for cell in grid.cells()]
        return Findings([result], {"cells": _listed(cells, pull, shares)})


Interval = tuple[float | None, float | None]
Cell = Mapping[str, Interval]


@dataclass(frozen=True, eq=False)
class _Grid:
    """Cells of one or two quantities, by their inner edges."""

    edges: Mapping[str, Floats]

    def shares(self, sides: Sides, side: str) -> Shares:
        sample = sides.samples[side]
        place = np.zeros(len(sample), np.intp)
        for name, edges in self.edges.items():
            place = place * (len(edges) + 1) + bin_of(values(sample, name), edges)
        return sides.groups[side].shares(
            place, int(np.prod([len(edges) + 1 for edges in self.edges.values()]))
        )

    def cells(self) -> list[Cell]:
        cells: list[Cell] = [{}]
        for name, edges in self.edges.items():
            ends: list[float | None] = [None, *edges.tolist(), None]
            cells = [{**cell, name: (low, high)} for cell in cells for low, high in pairwise(ends)]
        return cells


def _grids(sides: Sides) -> list[_Grid]:
    real, null = sides.samples["real"], sides.samples["null"]
    names = quantities(sides.category)
    edges = {name: round_edges(values(real, name), real.weight) for name in names}
    grids = [_Grid({name: edges[name]}) for name in names if len(edges[name])]
    grids += [
        _Grid({x: edges[x], y: edges[y]})
        for x, y in PAIRS
        if {x, y} <= set(names) and len(edges[x]) and len(edges[y])
    ]
    slits = [edge for slit in find_slits(real, null) for edge in (slit.front, slit.back)]
    return [*grids, _Grid({"start_z": np.array(slits)})] if slits else grids


def round_edges(column: Floats, weight: Floats) -> Floats:
    """Multiples of 1, 2 or 5 times a power of ten, about `CELLS` apart, where the weight is."""
    low, high = weighted_quantile(column, weight, (REACH, 1 - REACH)).tolist()
    if low == high:
        return np.empty(0)
    rough = (high - low) / CELLS
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(multiple for multiple in (1, 2, 5, 10) if multiple * power >= rough * (1 - 1e-9))
    return np.asarray(np.round(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step, 10))


def _joined(parts: Sequence[Shares]) -> Shares:
    return Shares(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.deviation for part in parts], axis=1),
    )


def _deviation(a: Shares, b: Shares) -> Floats:
    """Standard deviation of the difference, infinite for cells that hold too little to be judged."""
    filled = np.maximum(effective_entries(a), effective_entries(b)) >= MIN_EFFECTIVE
    variance = a.variance + b.variance
    return np.where(filled & (variance > 0), np.sqrt(variance), np.inf)


def _listed(cells: Sequence[Cell], pull: Floats, shares: Mapping[str, Shares]) -> list[dict[str, Any]]:
    kept: list[Cell] = []
    out: list[dict[str, Any]] = []
    for number in np.argsort(-np.abs(pull), kind="stable"):
        cell = cells[number]
        if len(kept) == LISTED or pull[number] == 0:
            break
        if any(_overlap(cell, other) for other in kept):
            continue
        kept.append(cell)
        here, real = shares["generated"].value[number], shares["real"].value[number]
        ratio = float(here / real) if real > 0 else None
        out.append(
            {
                "text": in_words(cell, float(pull[number]), ratio),
                "significance": float(pull[number]),
                "ratio": ratio,
                "where": {name: list(ends) for name, ends in cell.items()},
            }
        )
    return out


def _overlap(a: Cell, b: Cell) -> bool:
    """Whether two cells meet in every quantity that both are about, of which there is one at least."""
    common = a.keys() & b.keys()
    return bool(common) and all(_meet(a[name], b[name]) for name in common)


def _meet(a: Interval, b: Interval) -> bool:
    low = max(-np.inf if end is None else end for end in (a[0], b[0]))
    high = min(np.inf if end is None else end for end in (a[1], b[1]))
    return bool(low < high)


def in_words(cell: Cell, significance: float, ratio: float | None) -> str:
    """`excess of 3.1 sigma at 60 < p < 70 GeV: 1.32 times the simulation's`."""
    kind = "excess" if significance > 0 else "deficit"
    where = ", ".join(_interval(name, ends) for name, ends in cell.items())
    times = "where the simulation has none" if ratio is None else f"{ratio:.2f} times the simulation's"
    return f"{kind} of {abs(significance):.1f} sigma at {where}: {times}"


def _interval(name: str, ends: Interval) -> str:
    word, unit = WORDS.get(name, name), UNITS.get(name, "GeV")
    low, high = ends
    if low is None:
        return f"{word} < {high:.4g} {unit}"
    return f"{word} > {low:.4g} {unit}" if high is None else f"{low:.4g} < {word} < {high:.4g} {unit}"
