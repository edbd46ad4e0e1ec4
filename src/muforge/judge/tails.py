"""Yields in the tails: beyond quantiles, in regions, and in cells of momentum and transverse momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binning import weighted_quantile
from muforge.judge.chi2 import reduced_chi2
from muforge.judge.intervals import Yield, YieldRatio, yield_in, yield_ratio
from muforge.judge.quantities import quantities, values
from muforge.judge.replicas import events
from muforge.judge.result import Findings, Result
from muforge.judge.sides import OTHERS, Sides
from muforge.sample import Sample

LEVELS = (0.9, 0.99, 0.999, 0.9999)
P_EDGES = (0.0, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0)
PT_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
"""GeV."""

REGIONS: Mapping[str, tuple[str, float]] = {
    "p > 100 GeV": ("p", 100.0),
    "p > 200 GeV": ("p", 200.0),
    "pT > 2 GeV": ("pt", 2.0),
    "pT > 4 GeV": ("pt", 4.0),
}
"""What decides about a muon shield."""

MIN_EFFECTIVE = 10.0
"""Effective entries of the rarer side that a p-value needs."""

MANY = 100.0
"""Effective entries of the rarer side above which a share is Gaussian."""

_TAILED = ("p", "pt", "r")
_WORDS = {"pt": "pT"}
_UNITS = {"p": "GeV", "pt": "GeV", "r": "cm"}
_PLACE = 8


@dataclass(frozen=True)
class Tails:
    """Ratios of yields, generated over real, and chi2 over cells of (p, pT).

    The quantiles are those of the null sample, so that the real yields beyond them fluctuate as the generated ones do.
    The error of a ratio is half the width of its 68% interval. Ratios over regions without real muons are in the
    details alone.

    Details: `cells` with `p_edges`, `pt_edges` and matrices `ratio`, `low`, `high`, `significance` (p along the first
    axis, None where nothing can be said), and `quantiles`, a list with `quantity`, `unit`, `level`, `threshold`,
    `ratio` and its `low` and `high`, `null_ratio`, `n_eff_real` and `n_eff_generated`.
    """

    seed: int = 0
    family: ClassVar[str] = "tails"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare the yields; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        event = {side: events(sample) for side, sample in sides.samples.items()}
        results: list[Result] = []
        quantiles = []
        for text, quantity, level, threshold in _regions(sides):
            beyond = {side: values(sample, quantity) > threshold for side, sample in sides.samples.items()}
            found = {
                side: yield_in(beyond[side], sample.weight, event[side])
                for side, sample in sides.samples.items()
            }
            ratios = {side: yield_ratio(found[side], found["real"]) for side in OTHERS}
            shares = sides.shares({side: np.where(rows, 0, -1) for side, rows in beyond.items()}, 1)
            by_replicas = sides.compare(shares, "generated", lambda rows: np.abs(rows[:, 0])).p_value
            result = _result(text, found, ratios, by_replicas)
            if result is not None:
                results.append(result)
            if level is not None:
                quantiles.append(_row(quantity, level, threshold, found, ratios))
        cells, of_cells = self._cells(sides, event)
        return Findings([*results, *of_cells], {"cells": cells, "quantiles": quantiles})

    def _cells(
        self, sides: Sides, event: Mapping[str, NDArray[np.int64]]
    ) -> tuple[dict[str, Any], list[Result]]:
        shape = len(P_EDGES) - 1, len(PT_EDGES) - 1
        place = {side: p_pt_cell(sample) for side, sample in sides.samples.items()}
        shares = sides.shares(place, shape[0] * shape[1])
        statistics = {side: reduced_chi2(shares[side], shares["real"]) for side in OTHERS}
        found = {side: sides.compare(shares, side, s) for side, s in statistics.items() if s is not None}
        results = (
            [sides.result(self.family, "chi2 / d.o.f. of cells of (p, pT)", "p, pt", found, 1.0)]
            if len(found) == len(OTHERS)
            else []
        )
        matrices: dict[str, list[list[float | None]]] = {
            name: [[None] * shape[1] for _ in range(shape[0])]
            for name in ("ratio", "low", "high", "significance")
        }
        yields = {
            side: _yields(place[side], sample.weight, event[side], shape[0] * shape[1])
            for side, sample in sides.samples.items()
        }
        for cell in range(shape[0] * shape[1]):
            here, real = yields["generated"][cell], yields["real"][cell]
            if here.entries or real.entries:
                ratio = yield_ratio(here, real)
                row, column = divmod(cell, shape[1])
                matrices["ratio"][row][column] = ratio.ratio
                matrices["low"][row][column] = ratio.low
                matrices["high"][row][column] = ratio.high
                matrices["significance"][row][column] = _significance(ratio, here.share - real.share)
        return {"p_edges": list(P_EDGES), "pt_edges": list(PT_EDGES), **matrices}, results


def _regions(sides: Sides) -> list[tuple[str, str, float | None, float]]:
    """Text, quantity, level of the quantile (None for a fixed region) and threshold."""
    null = sides.samples["null"]
    out: list[tuple[str, str, float | None, float]] = []
    for quantity in _TAILED:
        if quantity in quantities(sides.category):
            thresholds = weighted_quantile(values(null, quantity), null.weight, LEVELS)
            for level, threshold in zip(LEVELS, thresholds.tolist(), strict=True):
                edge = f"{threshold:.4g} {_UNITS[quantity]}"
                text = f"{_WORDS.get(quantity, quantity)} beyond its {100 * level:g}% quantile ({edge})"
                out.append((text, quantity, level, threshold))
    return [*out, *((text, quantity, None, threshold) for text, (quantity, threshold) in REGIONS.items())]


def _result(
    text: str, found: Mapping[str, Yield], ratios: Mapping[str, YieldRatio], by_replicas: float
) -> Result | None:
    generated, null = ratios["generated"], ratios["null"]
    if generated.ratio is None or generated.high is None or null.ratio is None or null.high is None:
        return None
    fewest = min(found["generated"].share * found["generated"].exposure, found["real"].entries)
    expected = min(found["real"].entries, found["real"].share * found["generated"].exposure)
    return Result(
        family=Tails.family,
        name="ratio of yields",
        of=text,
        value=generated.ratio,
        error=(generated.high - generated.low) / 2,
        null=null.ratio,
        null_error=(null.high - null.low) / 2,
        p_value=_p_value(generated.p_value, by_replicas, expected),
        n_eff=fewest,
        perfect=1.0,
    )


def _p_value(binomial: float, by_replicas: float, expected: float) -> float | None:
    """That of the replicas where there are many entries, the binomial one where there are few, else None."""
    if expected >= MANY:
        return by_replicas
    return binomial if expected >= MIN_EFFECTIVE else None


def _row(
    quantity: str,
    level: float,
    threshold: float,
    found: Mapping[str, Yield],
    ratios: Mapping[str, YieldRatio],
) -> dict[str, Any]:
    return {
        "quantity": _WORDS.get(quantity, quantity),
        "unit": _UNITS[quantity],
        "level": level,
        "threshold": threshold,
        "ratio": ratios["generated"].ratio,
        "low": ratios["generated"].low,
        "high": ratios["generated"].high,
        "null_ratio": ratios["null"].ratio,
        "n_eff_real": found["real"].entries,
        "n_eff_generated": found["generated"].entries,
    }


def p_pt_cell(sample: Sample) -> NDArray[np.intp]:
    """Cell of momentum and transverse momentum of each muon, -1 outside of all."""
    p = np.searchsorted(P_EDGES, values(sample, "p"), side="right") - 1
    pt = np.searchsorted(PT_EDGES, values(sample, "pt"), side="right") - 1
    outside = (p < 0) | (p > len(P_EDGES) - 2) | (pt > len(PT_EDGES) - 2)
    return np.where(outside, -1, p * (len(PT_EDGES) - 1) + pt)


def _yields(
    place: NDArray[np.intp], weight: NDArray[np.float64], event: NDArray[np.int64], cells: int
) -> list[Yield]:
    """The yield of every cell, as `yield_in` has it, in one pass over the events."""
    distinct, index = np.unique(event, return_inverse=True)
    inside = place >= 0
    key, back = np.unique(index[inside] * cells + place[inside], return_inverse=True)
    by_event = np.bincount(back, weight[inside])
    cell = key % cells
    content, squares = np.bincount(cell, by_event, cells), np.bincount(cell, by_event**2, cells)
    whole = np.bincount(index, weight, len(distinct))
    exposure = float(whole.sum() ** 2 / (whole @ whole))
    total = float(weight.sum())
    return [
        Yield(w / total, w * w / w2, w / w2 * total) if w > 0 else Yield(0.0, 0.0, exposure)
        for w, w2 in zip(content.tolist(), squares.tolist(), strict=True)
    ]


def _significance(ratio: YieldRatio, sign: float) -> float:
    from scipy.special import ndtri

    return float(np.copysign(-ndtri(max(ratio.p_value, 1e-300) / 2), sign))
