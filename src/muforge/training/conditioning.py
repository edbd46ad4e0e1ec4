"""Conditions of training muons, and the rows that a conditional model is trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.conditions import FittedConditions
from muforge.representation import Representation
from muforge.sample import Sample
from muforge.training.batches import Rows
from muforge.training.config import RunConfig


def fit_conditions(
    training: Sample, category: int, config: RunConfig, representation: Representation
) -> FittedConditions | None:
    """The conditions of a category's training events, or None if the model takes none.

    Raises:
        SampleError: 'dangerous' is one, and no training muon is in the region.
    """
    if not config.conditions:
        return None
    seed = config.training.seed
    return FittedConditions(config.conditions, category, training, config.region, representation, seed)


def conditioned(
    learnt: NDArray[np.float32], sample: Sample, fitted: FittedConditions | None, config: RunConfig
) -> Rows:
    """Rows of columns and conditions, and the weights with which they are drawn.

    Arguments:
        learnt: Columns in network space, shape (n, d).
        sample: The same muons.
        fitted: Their conditions, if the model takes any.
        config: Says how often what is rare is drawn.
    """
    if fitted is None:
        return Rows(learnt, sample.weight)
    condition = fitted.of(sample)
    balance = config.balance
    weight = fitted.balanced(
        sample.weight, condition, dangerous=balance.dangerous, spread=balance.rarity_spread
    )
    return Rows(np.concatenate([learnt, condition], axis=1), weight)
