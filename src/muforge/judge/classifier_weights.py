"""The weights that a classifier would give to generated muons to make them real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.judge.auc import Scores
from muforge.judge.intervals import yield_in

Floats = NDArray[np.float64]

LOG10_EDGES = np.linspace(-2.0, 2.0, 81)
"""Of log10 w; weights beyond are counted in the outermost bins."""

TAILS = (
    ("w < 0.1", -np.inf, 0.1),
    ("w < 0.5", -np.inf, 0.5),
    ("w > 2", 2.0, np.inf),
    ("w > 10", 10.0, np.inf),
)


def logit(probability: Floats) -> Floats:
    """log(D / (1 - D)), kept finite."""
    inside = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(inside / (1 - inside)))


@dataclass(frozen=True)
class Calibration:
    """Platt scaling: log w = slope * log(D / (1 - D)) + offset."""

    slope: float
    offset: float

    def weights(self, probability: Floats) -> Floats:
        """w = D / (1 - D) of calibrated D, shape (n,)."""
        return np.asarray(np.exp(self.slope * logit(probability) + self.offset))


def calibrate(probability: Floats, is_real: NDArray[np.int8], weight: Floats) -> Calibration:
    """Fit the scaling to rows that the classifier did not learn from.

    A classifier whose outputs hardly vary is left as it is.

    References:
        Platt, Probabilistic outputs for support vector machines (1999)
        Das et al., How to understand limitations of generative networks | https://arxiv.org/abs/2305.16774
    """
    from sklearn.linear_model import LogisticRegression

    x = logit(probability)
    if np.ptp(x) < 1e-6:
        return Calibration(1.0, 0.0)
    fit = LogisticRegression(C=1e6, max_iter=1000).fit(x[:, None], is_real, sample_weight=weight)
    return Calibration(float(fit.coef_[0, 0]), float(fit.intercept_[0]))


def weight_details(weights: Mapping[str, Scores]) -> dict[str, Any]:
    """Distributions of log10 w and their tails.

    Arguments:
        weights: Of the muons of `real`, `generated` and `null`; those of the null by the classifier trained on it.

    Returns:
        `weights`, with `edges` and the densities of each side, and `tails`, a list of `text`, each side's share of
        weight there, and `generated_error`.
    """
    densities = {"edges": LOG10_EDGES.tolist()}
    for side, scores in weights.items():
        inside = np.clip(np.log10(scores.value), LOG10_EDGES[0], LOG10_EDGES[-1])
        densities[side] = np.histogram(inside, LOG10_EDGES, weights=scores.weight, density=True)[0].tolist()
    tails = []
    for text, low, high in TAILS:
        found = {
            side: yield_in((scores.value > low) & (scores.value < high), scores.weight, scores.event)
            for side, scores in weights.items()
        }
        generated = found["generated"]
        error = generated.share / np.sqrt(generated.entries) if generated.entries else 0.0
        shares = {side: of_side.share for side, of_side in found.items()}
        tails.append({"text": text, **shares, "generated_error": float(error)})
    return {"weights": densities, "tails": tails}
