"""The Frechet physics distance: how far means and covariances are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.quantities import quantities
from muforge.judge.replicas import Difference, Groups, Shares, tail_p_value
from muforge.judge.result import Findings
from muforge.judge.sides import OTHERS, Sides
from muforge.judge.standardise import NormalScores
from muforge.rng import Purpose, stream
from muforge.sample import Sample

Floats = NDArray[np.float64]

SIZES = 10
BATCHES = 10
LARGEST, SMALLEST = 50_000, 20_000
"""Batch sizes of the extrapolation, as in JetNet; in proportion where the samples are smaller."""

_PLACE = 6


@dataclass(frozen=True)
class Frechet:
    """FPD: the Frechet distance between Gaussians fitted to normal scores, extrapolated to infinite samples.

    The distance of finite samples is too large by a term in 1/N. It is measured in batches of several sizes n, drawn
    from the N muons of each side, and a line is fitted in 1/n + 1/N; the value is that of the line at zero. The 1/N is
    of as many independent muons as would fluctuate like the events do. The error has that of the line and that of
    replicas over events. The p-value is of the distance of all muons, against replicas of equal distributions.

    Details: `extrapolation`, by side `inverse_size` and `value` of the points of the fit.

    References:
        Kansal et al., Evaluating generative models in high energy physics | https://arxiv.org/abs/2211.10295
        Chong, Forsyth, Effectively unbiased FID | https://arxiv.org/abs/1911.07023
    """

    seed: int = 0
    family: ClassVar[str] = "frechet"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare the moments; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        scale = NormalScores.fit(real, quantities(sides.category))
        if not scale.names:
            return Findings([])
        scores = {side: scale.transform(sample) for side, sample in sides.samples.items()}
        moments = {side: _grouped_moments(sides.groups[side], scores[side]) for side in scores}
        excess = {
            side: _excess_size(moments[side], scores[side], sample.weight)
            for side, sample in sides.samples.items()
        }
        fits, found = {}, {}
        for number, side in enumerate(OTHERS):
            generator = stream(self.seed, Purpose.SUBSAMPLE, _PLACE, number)
            pair = [(scores[name], sides.samples[name].weight) for name in (side, "real")]
            fits[side] = _extrapolate(pair[0], pair[1], (excess[side] + excess["real"]) / 2, generator)
            error, p_value = _replicas(sides, moments, side, len(scale.names))
            found[side] = Difference(fits[side].value, float(np.hypot(fits[side].error, error)), p_value)
        result = sides.result(self.family, "Frechet physics distance", "", found, 0.0)
        points = {
            side: {"inverse_size": fit.inverse_size.tolist(), "value": fit.points.tolist()}
            for side, fit in fits.items()
        }
        return Findings([result], {"extrapolation": points})


def frechet_distance(mean_a: Floats, covariance_a: Floats, mean_b: Floats, covariance_b: Floats) -> Floats:
    """Squared Frechet (2-Wasserstein) distances of pairs of Gaussians.

    Arguments:
        mean_a: Shape (..., d).
        covariance_a: Shape (..., d, d), positive semi-definite.

    Returns:
        Shape (...).

    References:
        Dowson, Landau, The Frechet distance between normal distributions | https://doi.org/10.1016/0047-259X(82)90077-X
    """
    root = _square_root(covariance_a)
    inner = np.linalg.eigvalsh(root @ covariance_b @ root)
    overlap = np.sqrt(np.clip(inner, 0, None)).sum(axis=-1)
    apart = ((mean_a - mean_b) ** 2).sum(axis=-1)
    spread = np.trace(covariance_a + covariance_b, axis1=-2, axis2=-1)
    return np.asarray(apart + spread - 2 * overlap)


def _square_root(matrix: Floats) -> Floats:
    value, vector = np.linalg.eigh(matrix)
    scaled = vector * np.sqrt(np.clip(value, 0, None))[..., None, :]
    return np.asarray(scaled @ np.swapaxes(vector, -1, -2))


@dataclass(frozen=True, eq=False)
class _Fit:
    value: float
    error: float
    inverse_size: Floats
    points: Floats


def _extrapolate(
    a: tuple[Floats, Floats], b: tuple[Floats, Floats], excess: float, generator: np.random.Generator
) -> _Fit:
    """The line through mean distances of batches, at infinite size; `excess` is the 1/N of what they are drawn from."""
    rows = min(len(a[0]), len(b[0]))
    largest = min(LARGEST, rows)
    smallest = max(2, round(largest * SMALLEST / LARGEST))
    sizes = np.unique(np.round(1 / np.linspace(1 / smallest, 1 / largest, SIZES)).astype(int))
    means, errors = np.empty(len(sizes)), np.empty(len(sizes))
    for number, size in enumerate(sizes):
        batch = [
            frechet_distance(*_moments(*a, size, generator), *_moments(*b, size, generator))
            for _ in range(BATCHES)
        ]
        means[number], errors[number] = np.mean(batch), np.std(batch, ddof=1) / np.sqrt(BATCHES)
    inverse = 1 / sizes + excess
    if len(sizes) < 3 or not errors.all():
        return _Fit(float(means[-1]), float(errors[-1]), inverse, means)
    coefficients, covariance = np.polyfit(inverse, means, 1, w=1 / errors, cov="unscaled")
    return _Fit(float(coefficients[1]), float(np.sqrt(covariance[1, 1])), inverse, means)


def _moments(
    scores: Floats, weight: Floats, size: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    rows = generator.integers(0, len(scores), size)
    return _weighted_moments(scores[rows], weight[rows])


def _weighted_moments(scores: Floats, weight: Floats) -> tuple[Floats, Floats]:
    mean = np.average(scores, axis=0, weights=weight)
    centred = scores - mean
    return mean, np.asarray((centred * (weight / weight.sum())[:, None]).T @ centred)


def _excess_size(moments: Shares, scores: Floats, weight: Floats) -> float:
    """One over the number of muons, drawn one by one, whose means would fluctuate as those of the events do."""
    d = scores.shape[1]
    over_events = moments.variance[:d].sum()
    share = weight / weight.sum()
    of_one_draw = len(weight) * (share**2 @ (scores - moments.value[:d]) ** 2).sum()
    return float(over_events / of_one_draw)


def _replicas(sides: Sides, moments: Mapping[str, Shares], side: str, d: int) -> tuple[float, float]:
    """Standard deviation of the distance of all muons over events, and the p-value of that distance."""
    here, real = moments[side], moments["real"]
    of_here, of_real = (
        here.fluctuations(sides.multipliers[side]),
        real.fluctuations(sides.multipliers["real"]),
    )
    observed = float(_distance(here.value[None], real.value[None], d)[0])
    around = _distance(here.value + of_here, real.value + of_real, d)
    equal = _distance(real.value + of_here, real.value + of_real, d)
    return float(around.std(ddof=1)), tail_p_value(observed, equal)


def _distance(a: Floats, b: Floats, d: int) -> Floats:
    return frechet_distance(*_unpack(a, d), *_unpack(b, d))


def _grouped_moments(groups: Groups, scores: Floats) -> Shares:
    """Means, then means of products, by group."""
    d = scores.shape[1]
    first = groups.means(scores)
    products = [
        groups.means((scores[:, i] * scores[:, j])[:, None])
        for i, j in combinations_with_replacement(range(d), 2)
    ]
    return Shares(
        np.concatenate([first.value, *(each.value for each in products)]),
        np.concatenate([first.deviation, *(each.deviation for each in products)], axis=1),
    )


def _unpack(moments: Floats, d: int) -> tuple[Floats, Floats]:
    """Means (..., d) and covariances (..., d, d) from what `_grouped_moments` has, shape (..., moments)."""
    mean = moments[..., :d]
    second = np.empty((*moments.shape[:-1], d, d))
    i, j = np.array(list(combinations_with_replacement(range(d), 2))).T
    second[..., i, j] = second[..., j, i] = moments[..., d:]
    return mean, second - mean[..., :, None] * mean[..., None, :]
