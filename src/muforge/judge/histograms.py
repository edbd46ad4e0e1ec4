"""Weighted histograms on common edges, and two distances between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_ENTRIES = 9
"""A bin enters chi2 with more raw entries than this in both histograms: below, errors are not Gaussian."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """A weighted histogram of n bins.

    Arguments:
        edges: Bin edges, shape (n + 1,).
        sum_w: Sum of weights per bin, shape (n,).
        sum_w2: Sum of squared weights per bin, shape (n,): the variance of `sum_w` for independent entries.
        entries: Raw number of entries per bin, shape (n,).
    """

    edges: NDArray[np.float64]
    sum_w: NDArray[np.float64]
    sum_w2: NDArray[np.float64]
    entries: NDArray[np.int64]

    @property
    def _total(self) -> float:
        return float(self.sum_w.sum())

    @property
    def fraction(self) -> NDArray[np.float64]:
        """Share of the total weight in each bin; sums to one."""
        return self.sum_w / self._total

    @property
    def fraction_variance(self) -> NDArray[np.float64]:
        """Variance of `fraction`, the total taken as exact."""
        return self.sum_w2 / self._total**2

    @property
    def density(self) -> NDArray[np.float64]:
        """`fraction` per unit of the axis; its integral is one."""
        density: NDArray[np.float64] = self.fraction / np.diff(self.edges)
        return density

    @property
    def density_error(self) -> NDArray[np.float64]:
        """Standard error of `density`."""
        return np.sqrt(self.fraction_variance) / np.diff(self.edges)


def fill(values: NDArray[np.float64], weight: NDArray[np.float64], edges: NDArray[np.float64]) -> Histogram:
    """The histogram of `values`, shape (n,), with `weight`, shape (n,); values off the edges are left out."""
    sum_w, _ = np.histogram(values, edges, weights=weight)
    sum_w2, _ = np.histogram(values, edges, weights=weight**2)
    entries, _ = np.histogram(values, edges)
    return Histogram(edges, sum_w, sum_w2, entries)


def reduced_chi2(a: Histogram, b: Histogram) -> tuple[float | None, int]:
    """Chi2 per degree of freedom between the shapes of two weighted histograms, and the degrees of freedom.

    Chi2 is the sum of (p - q)^2 / (var p + var q) over the bins with more than `MIN_ENTRIES` raw entries in
    both, p and q being the normalised contents; one degree of freedom goes to the normalisation.

    Returns:
        The reduced chi2 and (bins used - 1); None and 0 if fewer than two bins can be used, as when the
        histograms hardly meet.

    References:
        Gagunashvili, Comparison of weighted and unweighted histograms | https://arxiv.org/abs/physics/0605123
    """
    used = (a.entries > MIN_ENTRIES) & (b.entries > MIN_ENTRIES)
    degrees_of_freedom = int(used.sum()) - 1
    if degrees_of_freedom < 1:
        return None, 0
    difference = (a.fraction - b.fraction)[used]
    variance = (a.fraction_variance + b.fraction_variance)[used]
    return float((difference**2 / variance).sum()) / degrees_of_freedom, degrees_of_freedom


def overlap(a: Histogram, b: Histogram) -> float:
    """Sum over bins of the smaller of the two normalised contents: 1 for equal, 0 for disjoint shapes."""
    return float(np.minimum(a.fraction, b.fraction).sum())
