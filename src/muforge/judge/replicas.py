"""Errors and p-values that know that muons of one proton are correlated: a multiplier bootstrap over events.

Whole events are dealt into groups of equal numbers of events. A share of the weight (in a bin, in a region) is a sum
over groups, and its fluctuations are simulated by giving each group a random multiplier. All shares of one sample that
are fluctuated with the same multipliers keep their correlations.

References:
    Van der Vaart, Wellner, Weak convergence and empirical processes, section 3.6 | https://doi.org/10.1007/978-1-4757-2545-2
    Kott, The delete-a-group jackknife, Journal of Official Statistics 17 (2001) 521
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muforge.errors import SampleError
from muforge.sample import Sample

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From differences of shares, shape (replicas, bins), to a number each, shape (replicas,)."""

GROUPS = 200
REPLICAS = 1000


def events(sample: Sample) -> NDArray[np.int64]:
    """Event number of each row; where events are not known, each muon is an event of its own."""
    return sample["event"] if sample.events_known else np.arange(len(sample))


def number_of_events(sample: Sample) -> int:
    """Distinct events of a sample."""
    return len(np.unique(events(sample)))


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of a sample's weight in bins, and how they fluctuate.

    Arguments:
        value: Shape (bins,).
        deviation: Shape (groups, bins): a replica is `value + multipliers @ deviation`.
    """

    value: Floats
    deviation: Floats

    @property
    def variance(self) -> Floats:
        """Of `value`, over events, shape (bins,)."""
        return np.asarray((self.deviation**2).sum(axis=0), np.float64)

    def fluctuations(self, multipliers: Floats) -> Floats:
        """Replicas less `value`, shape (replicas, bins)."""
        return multipliers @ self.deviation

    def map(self, linear: Callable[[Floats], Floats]) -> Shares:
        """Linear combinations of the bins: `linear` maps shape (n, bins) to (n, m), as a cumulative sum does."""
        return Shares(linear(self.value[None])[0], linear(self.deviation))


class Groups:
    """A sample's events dealt into groups.

    Arguments:
        sample: Of positive weights.
        generator: Deals the events.
        number: Groups; fewer if there are not so many events.

    Raises:
        SampleError: All muons are of one event.
    """

    def __init__(self, sample: Sample, generator: np.random.Generator, number: int = GROUPS) -> None:
        distinct, index = np.unique(events(sample), return_inverse=True)
        if len(distinct) < 2:
            raise SampleError("all muons are of one event; errors over events need at least two")
        self.number = min(number, len(distinct))
        self.of_row = (generator.permutation(len(distinct)) % self.number)[index]
        self._weight = sample.weight
        self._total = np.bincount(self.of_row, sample.weight, self.number)

    def shares(self, bin_of_row: NDArray[np.integer], bins: int) -> Shares:
        """Shares of the weight in bins. Rows of a negative bin are in none of them but count in the total."""
        inside = bin_of_row >= 0
        place = self.of_row[inside] * bins + bin_of_row[inside]
        content = np.bincount(place, self._weight[inside], self.number * bins)
        return self._normalised(content.astype(np.float64).reshape(self.number, bins))

    def means(self, values: Floats) -> Shares:
        """Weighted means of columns of shape (n, m), in the same form as shares."""
        content = [np.bincount(self.of_row, self._weight * column, self.number) for column in values.T]
        return self._normalised(np.stack(content, axis=1))

    def multipliers(self, generator: np.random.Generator, replicas: int = REPLICAS) -> Floats:
        """Standard normal numbers, shape (replicas, groups)."""
        return generator.standard_normal((replicas, self.number))

    def _normalised(self, content: Floats) -> Shares:
        total = self._total.sum()
        value = content.sum(axis=0) / total
        scale = np.sqrt(self.number / (self.number - 1)) / total
        return Shares(value, (content - self._total[:, None] * value) * scale)


@dataclass(frozen=True)
class Difference:
    """A statistic of the difference between two samples' shares.

    Arguments:
        value: The statistic.
        error: Its standard deviation over replicas.
        p_value: Share of replicas of equal distributions that reach `value`.
    """

    value: float
    error: float
    p_value: float


def compare_shares(
    a: Shares, b: Shares, multipliers_a: Floats, multipliers_b: Floats, statistic: Statistic
) -> Difference:
    """Test whether two samples have equal shares.

    Arguments:
        multipliers_a: Of the groups of `a`, shape (replicas, groups); so `multipliers_b`.
        statistic: Zero for equal shares, larger the more they differ.
    """
    observed = a.value - b.value
    noise = a.fluctuations(multipliers_a) - b.fluctuations(multipliers_b)
    value = float(statistic(observed[None])[0])
    error = float(np.std(statistic(observed + noise), ddof=1))
    return Difference(value, error, tail_p_value(value, statistic(noise)))


FEW = 10
"""Replicas beyond a value, below which their number says little."""


def tail_p_value(value: float, replicas: Floats) -> float:
    """Probability of a statistic as large as `value`, from its replicas under equal distributions, shape (replicas,).

    It is the share of replicas that reach the value, where at least `FEW` do. Further out it is the tail of a gamma
    distribution of the replicas' mean and variance, which is the usual approximation of sums of squares and has a
    longer tail than a maximum or a norm; at most the share.

    References:
        Satterthwaite, Approximate distribution of estimates of variance components | https://doi.org/10.2307/3002019
    """
    reached = int((replicas >= value).sum())
    share = (1 + reached) / (1 + len(replicas))
    mean, variance = float(replicas.mean()), float(replicas.var())
    if reached >= FEW or variance == 0:
        return share
    from scipy.special import gammaincc

    return min(share, float(gammaincc(mean**2 / variance, value * mean / variance)))
