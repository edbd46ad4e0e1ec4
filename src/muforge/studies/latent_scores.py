"""What a BDT says of the muons that each part of latent space is made into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muforge.judge.classifier import make_classifier
from muforge.judge.split import at_most, cut_in_two
from muforge.models.protocol import gaussian_latent
from muforge.rng import Purpose, stream
from muforge.sample import Sample, features
from muforge.trained import TrainedModel

Floats = NDArray[np.float64]

MOST = 50_000
"""Muons per side that the BDT learns from, and generated ones that it is asked about, as in the note."""

SURE = 0.9
"""BDT output from which a muon is called generated."""

_ROWS, _LEARNT, _FRESH, _CLASSIFIER = 0, 1, 2, 3
_PLACE = 1
"""Places of random numbers; the judge's own comparisons have others."""


@dataclass(frozen=True, eq=False)
class LatentScores:
    """Generated muons that the BDT has not seen, with the latents that they are made of.

    Arguments:
        latents: Shape (n, latent dimensions).
            muons: What they are made into.
        generated: The BDT's probability that each is generated, shape (n,).
        probability: The BDT: the same of any muons.
    """

    latents: NDArray[np.float32]
    muons: Sample
    generated: Floats
    probability: Callable[[Sample], Floats]

    @property
    def sure(self) -> float:
        """Share of latents whose muons the BDT calls generated."""
        return float(np.mean(self.generated > SURE))


@dataclass(frozen=True, eq=False)
class LatentGrid:
    """Scores over two latent dimensions.

    Arguments:
        edges: Of the cells in both dimensions, shape (bins + 1,).
        mean: Mean score, first dimension along the first axis, NaN where there are no latents, shape (bins, bins).
        sure: Share of scores above `SURE`, likewise.
        counts: Latents in each cell.
    """

    edges: Floats
    mean: Floats
    sure: Floats
    counts: NDArray[np.int64]


def latent_scores(model: TrainedModel, real: Sample, seed: int, *, size: int = MOST) -> LatentScores:
    """Train the note's BDT on real and generated muons, and ask it about fresh generated ones.

    Arguments:
        model: Not a conditional one.
        real: Real muons; the BDT learns from one half of their events.
        seed: Of rows, latents and classifier.
        size: At most so many muons per side.

    Raises:
        SampleError: All real muons are of one event.

    References:
        Marshall, GANs and VAEs testing (2018), sections 4 and 13
    """
    rng = stream(seed, Purpose.JUDGE, model.category, _ROWS, _PLACE)
    half = at_most(size, cut_in_two(real, rng)[0], rng)
    learnt_from = _make(model, min(size, len(half)), seed, _LEARNT)[1]
    probability = _classifier(half, learnt_from, model.category, seed)
    latents, muons = _make(model, size, seed, _FRESH)
    return LatentScores(latents, muons, probability(muons), probability)


def binned(
    latents: NDArray[np.float32],
    scores: Floats,
    dims: tuple[int, int] = (0, 1),
    bins: int = 24,
    end: float = 3.0,
) -> LatentGrid:
    """Mean scores in equal cells of two latent dimensions, from -`end` to `end`; latents beyond are left out.

    Raises:
        IndexError: There is no such dimension.
    """
    edges = np.linspace(-end, end, bins + 1)
    x, y = (latents[:, each].astype(np.float64) for each in dims)

    def filled(weights: Floats | None) -> Floats:
        return np.asarray(np.histogram2d(x, y, bins=[edges, edges], weights=weights)[0])

    counts = filled(None)
    safe = np.where(counts > 0, counts, np.nan)
    sure = (scores > SURE).astype(np.float64)
    return LatentGrid(edges, filled(scores) / safe, filled(sure) / safe, counts.astype(np.int64))


def strongest(latents: NDArray[np.float32], scores: Floats) -> tuple[int, int]:
    """The two latent dimensions that scores depend on most: by their correlation with the number or its square."""
    z = latents.astype(np.float64)
    y = scores - scores.mean()
    strength = sum((y @ _standard(each)) ** 2 for each in (z, z * z))
    first, second = np.argsort(-np.asarray(strength), kind="stable")[:2]
    return int(first), int(second)


def _standard(columns: Floats) -> Floats:
    return np.asarray((columns - columns.mean(axis=0)) / columns.std(axis=0))


def _make(model: TrainedModel, n: int, seed: int, place: int) -> tuple[NDArray[np.float32], Sample]:
    rng = stream(seed, Purpose.LATENT, model.category, 0, place)
    latents = gaussian_latent(n, model.latent_dimensions, rng)
    symmetric = gaussian_latent(n, model.representation.symmetric, rng)
    return latents.numpy(), model.as_sample(model.made_of(latents, symmetric))


def _classifier(real: Sample, generated: Sample, category: int, seed: int) -> Callable[[Sample], Floats]:
    from threadpoolctl import threadpool_limits

    names = features(category)
    random_state = int(stream(seed, Purpose.JUDGE, category, _CLASSIFIER, _PLACE).integers(2**32))
    trees = make_classifier("histogram", random_state)
    rows = np.concatenate([real.matrix(names), generated.matrix(names)])
    is_real = np.repeat(np.array([1, 0], np.int8), [len(real), len(generated)])
    weight = np.concatenate(
        [side.weight * (len(rows) / 2 / side.sum_of_weights) for side in (real, generated)]
    )
    with threadpool_limits(limits=1, user_api="openmp"):
        trees.fit(rows, is_real, weight)

    def probability(sample: Sample) -> Floats:
        with threadpool_limits(limits=1, user_api="openmp"):
            return np.asarray(trees.predict_proba(sample.matrix(names))[:, 0], np.float64)

    return probability
