"""One-dimensional distances: Kolmogorov-Smirnov, Wasserstein-1 and chi2 of every column and derived quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binning import TAIL, bin_of, equal_weight_edges, merged, weighted_quantile
from muforge.judge.chi2 import reduced_chi2
from muforge.judge.quantities import quantities, values
from muforge.judge.replicas import REPLICAS, Difference, Shares, compare_shares
from muforge.judge.result import Findings, Result
from muforge.judge.sides import OTHERS, Sides
from muforge.sample import Sample

Floats = NDArray[np.float64]

FINE_BINS = 500
"""Bins of equal weight, and as many of equal width, on which distribution functions are compared: together they
resolve both the bulk and the tails."""

CHI2_BINS = 50
DRAWN_BINS = 40
DRAWN_BINS_OF_Z = 130
"""Fine enough to show the slits between the target's blocks."""

WHOLE = frozenset({"start_z", "phi", "angle"})
"""Quantities drawn from end to end: the others without their outermost per mille."""

KS, W1, CHI2 = "Kolmogorov-Smirnov distance", "Wasserstein-1 distance / s.d.", "chi2 / d.o.f."
PERFECT: Mapping[str, float] = {KS: 0.0, W1: 0.0, CHI2: 1.0}

_ROWS_FOR_EDGES = 20_000
_PLACE = 1


@dataclass(frozen=True)
class OneDimensional:
    """KS distance, Wasserstein-1 distance over the real standard deviation, and chi2/d.o.f. of each quantity.

    Distribution functions are compared at about a thousand edges, so a KS distance can be too small by what lies
    between two of them, at most 0.002. Quantities that do not vary are left out.

    Arguments:
        seed: Of the replicas.
        replicas: For errors and p-values.

    Details: `quantities`, by name `edges` and the densities `real`, `generated`, `null` with `real_error` and so on.

    References:
        Ramdas, Garcia, Cuturi, On Wasserstein two sample testing | https://arxiv.org/abs/1509.02237
        Gagunashvili, Comparison of weighted and unweighted histograms | https://arxiv.org/abs/physics/0605123
    """

    seed: int = 0
    replicas: int = REPLICAS
    family: ClassVar[str] = "one_dimensional"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare each quantity by itself; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE, self.replicas)
        results: list[Result] = []
        drawn = {}
        for name in quantities(sides.category):
            column = {side: values(sample, name) for side, sample in sides.samples.items()}
            axis = Axis.of(name, column, sides.samples)
            if axis is None:
                continue
            shares = sides.shares(
                {side: bin_of(of_side, axis.inner) for side, of_side in column.items()}, axis.bins
            )
            found = {side: axis.compare(shares, sides.multipliers, side) for side in OTHERS}
            for figure, perfect in PERFECT.items():
                if all(figure in of_side for of_side in found.values()):
                    both = {side: found[side][figure] for side in OTHERS}
                    results.append(sides.result(self.family, figure, name, both, perfect))
            drawn[name] = axis.densities(shares)
        return Findings(results, {"quantities": drawn})


@dataclass(frozen=True, eq=False)
class Axis:
    """The bins of one quantity: fine ones, and coarser ones made of these."""

    edges: Floats
    scale: float
    chi2_starts: NDArray[np.intp]
    drawn_edges: Floats
    drawn_starts: NDArray[np.intp]

    @classmethod
    def of(cls, name: str, column: Mapping[str, Floats], samples: Mapping[str, Sample]) -> Self | None:
        """None if the quantity has one value."""
        low = min(float(values_.min()) for values_ in column.values())
        high = max(float(values_.max()) for values_ in column.values())
        if low == high:
            return None
        real, weight = column["real"], samples["real"].weight
        ends = (0.0, 1.0) if name in WHOLE else (TAIL, 1 - TAIL)
        first, last = (float(end) for end in weighted_quantile(real, weight, ends))
        if first == last:
            first, last = low, high
        bins = DRAWN_BINS_OF_Z if name == "start_z" else DRAWN_BINS
        drawn = np.linspace(first, last, bins + 1)
        coarse = equal_weight_edges(real, weight, CHI2_BINS)
        pooled = np.concatenate([_thinned(of_side) for of_side in column.values()])
        fine = equal_weight_edges(pooled, np.ones(len(pooled)), FINE_BINS)
        inner = np.unique(np.concatenate([fine, coarse, drawn, np.linspace(low, high, FINE_BINS + 1)]))
        inner = inner[(inner > low) & (inner < high)]
        edges = np.concatenate([[low], inner, [high]])
        scale = float(np.sqrt(np.cov(real, aweights=weight))) or high - low
        return cls(edges, scale, _starts(inner, coarse), drawn, _starts(inner, drawn))

    @property
    def inner(self) -> Floats:
        return self.edges[1:-1]

    @property
    def bins(self) -> int:
        return len(self.edges) - 1

    def compare(
        self, shares: Mapping[str, Shares], multipliers: Mapping[str, Floats], side: str
    ) -> dict[str, Difference]:
        """The figures of merit between one side and the real one, by name."""
        noise = multipliers[side], multipliers["real"]
        a, b = (shares[name].map(lambda rows: np.cumsum(rows, axis=1)) for name in (side, "real"))
        found = {
            KS: compare_shares(a, b, *noise, lambda rows: np.asarray(np.abs(rows).max(axis=1))),
            W1: compare_shares(a, b, *noise, self._area),
        }
        a, b = (merged(shares[name], self.chi2_starts) for name in (side, "real"))
        chi2 = reduced_chi2(a, b)
        if chi2 is not None:
            found[CHI2] = compare_shares(a, b, *noise, chi2)
        return found

    def _area(self, difference: Floats) -> Floats:
        """Integral of absolute differences of distribution functions, given at the right ends of bins."""
        at_right = np.abs(difference)
        at_left = np.pad(at_right[:, :-1], ((0, 0), (1, 0)))
        return np.asarray(((at_left + at_right) / 2) @ np.diff(self.edges) / self.scale)

    def densities(self, shares: Mapping[str, Shares]) -> dict[str, list[float]]:
        """Densities on the bins that are drawn, with their errors over events."""
        width = np.diff(self.drawn_edges)
        out = {"edges": self.drawn_edges.tolist()}
        for side, of_side in shares.items():
            joined = merged(of_side, self.drawn_starts)
            first = int(self.drawn_edges[0] > self.edges[0])
            inside = slice(first, first + len(width))
            out[side] = (joined.value[inside] / width).tolist()
            out[f"{side}_error"] = (np.sqrt(joined.variance[inside]) / width).tolist()
        return out


def _starts(inner: Floats, wanted: Floats) -> NDArray[np.intp]:
    """Fine bins at which the wanted bins begin; the wanted edges are among the inner ones, or beyond them."""
    among = wanted[np.isin(wanted, inner)]
    return np.concatenate([[0], np.searchsorted(inner, among) + 1])


def _thinned(column: Floats) -> Floats:
    return column[:: max(1, len(column) // _ROWS_FOR_EDGES)]
