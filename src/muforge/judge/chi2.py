"""How far the shares of two samples are apart, in their standard deviations: chi2 and the largest pull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.judge.replicas import Shares, Statistic

MIN_EFFECTIVE = 20.0
"""Effective entries, counted over events, that a bin needs in both samples together: with fewer the difference of
shares is not Gaussian. Asking this of each sample would leave out bins because they fluctuate, and bias chi2."""


def effective_entries(shares: Shares) -> NDArray[np.float64]:
    """Squared share over its variance, shape (bins,): the entries of weight one that would fluctuate as much."""
    variance = shares.variance
    safe = np.where(variance > 0, variance, np.inf)
    return np.asarray(shares.value**2 / safe, np.float64)


def usable(a: Shares, b: Shares) -> NDArray[np.bool_]:
    """Bins in which the sum of the two shares has at least `MIN_EFFECTIVE` entries, shape (bins,)."""
    variance = a.variance + b.variance
    safe = np.where(variance > 0, variance, np.inf)
    return np.asarray((a.value + b.value) ** 2 / safe >= MIN_EFFECTIVE)


def reduced_chi2(a: Shares, b: Shares) -> Statistic | None:
    """Chi2 per degree of freedom of differences of shares, over the usable bins; None if there are fewer than two.

    The variances are over events; correlations between bins are left to the replicas of the statistic.
    """
    used = usable(a, b)
    degrees_of_freedom = int(used.sum()) - 1
    if degrees_of_freedom < 1:
        return None
    scale = (a.variance + b.variance)[used] * degrees_of_freedom
    return lambda rows: np.asarray((rows[:, used] ** 2 / scale).sum(axis=1))


def largest_pull(scale: NDArray[np.float64]) -> Statistic:
    """The largest absolute difference of shares, each over its `scale`, shape (bins,); infinite ones do not count."""
    return lambda rows: np.asarray(np.abs(rows / scale).max(axis=1))
