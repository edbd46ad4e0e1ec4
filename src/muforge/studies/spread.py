"""Numbers of several seeds: their mean, how they spread, and whether two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import copysign, inf, sqrt
from statistics import fmean, stdev
from typing import Self


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds.

    Arguments:
        mean: Over seeds.
        deviation: Standard deviation over seeds, 0 for one seed.
        seeds: How many.
        borrowed: Degrees of freedom of a deviation that was taken from other trainings, None for one's own.
    """

    mean: float
    deviation: float
    seeds: int
    borrowed: int | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of the values of all seeds."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else 0.0, len(values))

    def with_deviation(self, deviation: float, degrees: int) -> Self:
        """The same mean with the deviation that other trainings have, of so many degrees of freedom."""
        return replace(self, deviation=deviation, borrowed=degrees)

    def times(self, factor: float) -> Self:
        """Of the values times a factor."""
        return replace(self, mean=factor * self.mean, deviation=abs(factor) * self.deviation)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the deviation."""
        return self.seeds - 1 if self.borrowed is None else self.borrowed

    @property
    def error(self) -> float:
        """Of the mean; infinite where nobody knows how it spreads: of one seed with no deviation but its own."""
        return self.deviation / sqrt(self.seeds) if self.degrees > 0 else inf

    @property
    def significance(self) -> float:
        """How far the mean is from zero, as `significance` has it."""
        return significance(self.mean, self.error, self.degrees)

    def text(self, digits: int = 4, *, sign: bool = False) -> str:
        """Mean ± standard deviation over seeds."""
        mean = f"{self.mean:{'+' if sign else ''}.{digits}f}"
        return mean if self.seeds == 1 else f"{mean} ± {self.deviation:.{digits}f}"


def pooled(spreads: Iterable[Spread]) -> tuple[float, int]:
    """The standard deviation that several have in common, and its degrees of freedom; infinity and 0 if there is none.

    It is right where all spread alike.
    """
    known = [each for each in spreads if each.degrees > 0]
    degrees = sum(each.degrees for each in known)
    if degrees == 0:
        return inf, 0
    return sqrt(sum(each.degrees * each.deviation**2 for each in known) / degrees), degrees


_SMALLEST = 1e-300
"""Probability, 37 standard deviations out."""


def significance(delta: float, error: float, degrees: float) -> float:
    """How many standard deviations of a normal distribution are as improbable, by Student's t distribution.

    With few seeds the deviation is badly known and three of its errors are no "three sigma": with two seeds a side they
    are as improbable as 1.7. Nothing is significant if the error is infinite or zero.

    Arguments:
        delta: Difference from what is expected.
        error: Standard error of `delta`.
        degrees: Degrees of freedom of the error.

    References:
        Student, The probable error of a mean | https://doi.org/10.1093/biomet/6.1.1
    """
    from scipy.stats import norm, t

    if not 0 < error < inf or degrees <= 0:
        return 0.0
    return copysign(float(norm.isf(max(t.sf(abs(delta) / error, degrees), _SMALLEST))), delta)


def difference(one: Spread, other: Spread) -> tuple[float, float, float]:
    """other - one, its standard error, and how significant it is (`significance`).

    References:
        Welch, The generalization of Student's problem | https://doi.org/10.1093/biomet/34.1-2.28
    """
    error = sqrt(one.error**2 + other.error**2)
    delta = other.mean - one.mean
    return delta, error, significance(delta, error, _welch_degrees(one, other))


def _welch_degrees(one: Spread, other: Spread) -> float:
    """Of the error of a difference; deviations that were taken from elsewhere are not independent."""
    if one.borrowed is not None or other.borrowed is not None:
        return min(one.degrees, other.degrees)
    squares = [each.error**2 for each in (one, other)]
    if not 0 < sum(squares) < inf:
        return 0.0
    parts = (square**2 / each.degrees for square, each in zip(squares, (one, other), strict=True))
    return float(sum(squares) ** 2 / sum(parts))


SIGNIFICANT = 2.0
"""Standard deviations from which a difference is called one; of 22 comparisons of equals, one is."""


def verdict(one: Spread, other: Spread, *, lower_is_better: bool = True) -> str:
    """`better`, `worse` or `no different`: what `other` is compared with `one`."""
    _, _, pulls = difference(one, other)
    if abs(pulls) < SIGNIFICANT:
        return "no different"
    return "better" if (pulls < 0) == lower_is_better else "worse"


def difference_text(one: Spread, other: Spread, digits: int = 4) -> str:
    """other - one ± its standard error, and its significance; the error is left out where it is not known."""
    delta, error, sigmas = difference(one, other)
    if error == inf:
        return f"{delta:+.{digits}f}"
    return f"{delta:+.{digits}f} ± {error:.{digits}f}, {sigmas:+.1f} σ"


def counted(number: int, what: str) -> str:
    """Such as `1 seed` and `3 seeds`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
