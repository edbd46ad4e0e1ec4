"""Ratios of yields with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.6827
"""Confidence level of an interval: one standard deviation of a Gaussian."""


@dataclass(frozen=True)
class Yield:
    """A share of a sample's weight, with as many events of equal weight as would fluctuate like it.

    Arguments:
        share: From 0 to 1.
        entries: Effective entries, (sum over events of w)^2 / (sum over events of w^2).
        exposure: Effective entries per unit of share: `entries / share`, or of the whole sample if it has none here.
    """

    share: float
    entries: float
    exposure: float


def yield_in(inside: NDArray[np.bool_], weight: NDArray[np.float64], event: NDArray[np.int64]) -> Yield:
    """The yield of the rows of a mask, shape (n,), muons of one event counted together."""
    total = float(weight.sum())
    if not inside.any():
        return Yield(0.0, 0.0, _effective(weight, event))
    entries = _effective(weight[inside], event[inside])
    share = float(weight[inside].sum()) / total
    return Yield(share, entries, entries / share)


def _effective(weight: NDArray[np.float64], event: NDArray[np.int64]) -> float:
    _, index = np.unique(event, return_inverse=True)
    by_event = np.bincount(index, weight)
    return float(by_event.sum() ** 2 / (by_event @ by_event))


@dataclass(frozen=True)
class YieldRatio:
    """A ratio of yields.

    Arguments:
        ratio: None if the denominator is empty.
        low: Lower end of the interval.
        high: Upper end; None if the denominator is empty, which leaves it open.
        p_value: Of a ratio of one: two-sided, mid-P.
    """

    ratio: float | None
    low: float
    high: float | None
    p_value: float


def yield_ratio(a: Yield, b: Yield, level: float = LEVEL) -> YieldRatio:
    """The ratio of the shares of two samples.

    Given that a + b entries were seen, a is binomial; its Clopper-Pearson interval is that of the ratio. Effective
    entries stand in for entries, so with fewer than about ten, of very uneven weights, the interval is approximate.

    References:
        Clopper, Pearson, Confidence or fiducial limits | https://doi.org/10.1093/biomet/26.4.404
        Bohm, Zech, Statistics of weighted Poisson events | https://arxiv.org/abs/1309.1287
    """
    from scipy.stats import beta

    outside = (1 - level) / 2
    low = float(beta.ppf(outside, a.entries, b.entries + 1)) if a.entries else 0.0
    high = float(beta.ppf(1 - outside, a.entries + 1, b.entries)) if b.entries else None
    per_exposure = b.exposure / a.exposure
    return YieldRatio(
        ratio=a.share / b.share if b.share else None,
        low=low / (1 - low) * per_exposure,
        high=None if high is None else high / (1 - high) * per_exposure,
        p_value=_mid_p(a.entries, b.entries, a.exposure / (a.exposure + b.exposure)),
    )


def _mid_p(a: float, b: float, probability: float) -> float:
    """Two-sided mid-P value of a successes in a + b trials; neither need be whole."""
    from scipy.special import betainc

    if a + b == 0:
        return 1.0
    at_least = float(betainc(a, b + 1, probability)) if a else 1.0
    at_most = float(betainc(b, a + 1, 1 - probability)) if b else 1.0
    above = (at_least + 1 - at_most) / 2
    return min(1.0, 2 * min(above, 1 - above))
