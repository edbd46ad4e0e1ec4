"""Quantities on one scale: normal scores, set by the real sample alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binning import weighted_quantile
from muforge.judge.quantities import values
from muforge.sample import Sample

Floats = NDArray[np.float64]

KNOTS = 1000
"""Quantiles that the map is made of."""


@dataclass(frozen=True, eq=False)
class NormalScores:
    """The map that makes every quantity of the real sample standard normal.

    Momenta and vertices have tails of several standard deviations in which hardly a muon lies. On their own scale, or
    divided by their largest value as in JetNet, a distance sees those tails and the bulk's width only. Beyond the real
    sample's ends all values get the outermost score, so a single stray muon cannot make a distance large; bounds and
    tails have tests of their own.

    Arguments:
        names: Quantities.
        knots: Their values at the knots, one array each, increasing.
        scores: Normal scores at the knots.
    """

    names: tuple[str, ...]
    knots: tuple[Floats, ...]
    scores: tuple[Floats, ...]

    @classmethod
    def fit(cls, real: Sample, names: Sequence[str]) -> Self:
        """The map of these quantities of a sample; those that do not vary are left out."""
        from scipy.special import ndtri

        levels = (np.arange(KNOTS) + 0.5) / KNOTS
        kept, knots, scores = [], [], []
        for name in names:
            at, first = np.unique(
                weighted_quantile(values(real, name), real.weight, levels.tolist()), return_index=True
            )
            if len(at) < 2:
                continue
            last = np.append(first[1:], KNOTS) - 1
            kept.append(name)
            knots.append(at)
            scores.append(ndtri((levels[first] + levels[last]) / 2))
        return cls(tuple(kept), tuple(knots), tuple(scores))

    def transform(self, sample: Sample) -> Floats:
        """Scores of every muon, shape (n, len(names))."""
        columns = [
            np.interp(values(sample, name), knots, scores)
            for name, knots, scores in zip(self.names, self.knots, self.scores, strict=True)
        ]
        return np.stack(columns, axis=1) if columns else np.empty((len(sample), 0))
