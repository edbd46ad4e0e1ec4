"""Two-dimensional distributions: chi2 of every pair of columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binning import bin_of, equal_weight_edges
from muforge.judge.chi2 import reduced_chi2
from muforge.judge.quantities import quantities, values
from muforge.judge.result import Findings
from muforge.judge.sides import OTHERS, Sides
from muforge.sample import Sample, features

BINS = 12
"""Along each axis, of equal real weight."""

_DERIVED = (("p", "pt"), ("start_z", "p"), ("start_z", "pt"), ("r", "p"), ("r", "start_z"), ("pt", "angle"))
_PLACE = 3


@dataclass(frozen=True)
class Pairs:
    """Chi2/d.o.f. of each pair of columns that the generator learns, and of some derived quantities.

    Details: `pairs`, a list of `x`, `y`, `value`, `null` and `p_value`.

    References:
        Gagunashvili, Comparison of weighted and unweighted histograms | https://arxiv.org/abs/physics/0605123
    """

    seed: int = 0
    family: ClassVar[str] = "pairs"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare each pair; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        place = _bins_of_quantities(sides)
        results = []
        rows: list[dict[str, Any]] = []
        for x, y in pairs_of(sides.category):
            cell = {side: place[x][side] * BINS + place[y][side] for side in sides.samples}
            shares = sides.shares(cell, BINS**2)
            statistics = {side: reduced_chi2(shares[side], shares["real"]) for side in OTHERS}
            if None in statistics.values():
                continue
            found = {side: sides.compare(shares, side, s) for side, s in statistics.items() if s is not None}
            result = sides.result(self.family, "chi2 / d.o.f.", f"{x}, {y}", found, 1.0)
            results.append(result)
            rows.append(
                {"x": x, "y": y, "value": result.value, "null": result.null, "p_value": result.p_value}
            )
        return Findings(results, {"pairs": rows})


def pairs_of(category: int) -> list[tuple[str, str]]:
    """The pairs that are compared: all of the columns that a generator learns, then some of derived quantities."""
    known = quantities(category)
    derived = [pair for pair in _DERIVED if set(pair) <= set(known)]
    return [*combinations(features(category), 2), *derived]


def _bins_of_quantities(sides: Sides) -> dict[str, Mapping[str, NDArray[np.intp]]]:
    """By quantity and side, the bin of each row."""
    real = sides.samples["real"]
    place: dict[str, Mapping[str, NDArray[np.intp]]] = {}
    for name in quantities(sides.category):
        edges = equal_weight_edges(values(real, name), real.weight, BINS)
        place[name] = {side: bin_of(values(sample, name), edges) for side, sample in sides.samples.items()}
    return place
