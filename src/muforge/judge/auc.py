"""The area under a ROC curve, with its error over events."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muforge.judge.replicas import events
from muforge.sample import Sample

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scores:
    """What a classifier, or a distance, says of each muon of a sample.

    Arguments:
        value: Shape (n,).
        weight: Positive, shape (n,).
        event: Event number, shape (n,).
    """

    value: Floats
    weight: Floats
    event: NDArray[np.int64]


@dataclass(frozen=True)
class Area:
    """Probability that a muon of the first sample scores above one of the second, ties counted half.

    Arguments:
        value: 0.5 for equal distributions.
        error: Standard error over events, both samples taken as random and the scores as given.
    """

    value: float
    error: float

    @property
    def p_value(self) -> float:
        """Probability of a value as high, if both distributions were equal."""
        if self.error == 0:
            return float(self.value <= 0.5)
        return 0.5 * math.erfc((self.value - 0.5) / (self.error * math.sqrt(2)))


def scores(sample: Sample, value: Floats) -> Scores:
    """The scores of a sample's muons, shape (n,), with its weights and events."""
    return Scores(value, sample.weight, events(sample))


def area(first: Scores, second: Scores) -> Area:
    """The weighted area under the ROC curve that tells `first` (the high scores) from `second`.

    References:
        DeLong, DeLong, Clarke-Pearson, Comparing areas under ROC curves | https://doi.org/10.2307/2531595
        Obuchowski, Nonparametric analysis of clustered ROC curve data | https://doi.org/10.2307/2533958
    """
    below_first = _share_below(first.value, second)
    below_second = _share_below(second.value, first)
    value = float(first.weight @ below_first / first.weight.sum())
    variance = _variance(first, below_first - value) + _variance(second, 1 - below_second - value)
    return Area(value, float(np.sqrt(variance)))


def _share_below(value: Floats, of: Scores) -> Floats:
    """Share of the weight of `of` that scores below each value, ties counted half."""
    order = np.argsort(of.value, kind="stable")
    cumulated = np.concatenate([[0.0], np.cumsum(of.weight[order])])
    ordered = of.value[order]
    low = cumulated[np.searchsorted(ordered, value, "left")]
    high = cumulated[np.searchsorted(ordered, value, "right")]
    return np.asarray((low + high) / (2 * cumulated[-1]), np.float64)


def _variance(scores: Scores, deviation: Floats) -> float:
    """Of the weighted mean of deviations, over events."""
    _, index = np.unique(scores.event, return_inverse=True)
    by_event = np.bincount(index, scores.weight * deviation) / scores.weight.sum()
    return float(by_event @ by_event) * len(by_event) / max(len(by_event) - 1, 1)
