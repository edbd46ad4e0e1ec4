"""The most demanding classifier here: boosted trees on raw and derived quantities, cross-validated by event.

Every row is scored by trees that saw none of its event, so all rows count in the AUC, and four fifths are learnt from.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from muforge.judge.auc import area, scores
from muforge.judge.quantities import matrix, quantities, values
from muforge.judge.replicas import events
from muforge.sample import Sample

FOLDS = 5
MOST_TREES = 600
PATIENCE = 30
"""Rounds without a lower loss on the fold after the tested one before training stops."""

SETTINGS = {
    "objective": "binary:logistic",
    "eta": 0.05,
    "max_depth": 6,
    "min_child_weight": 50,
    "subsample": 0.7,
    "colsample_bytree": 0.8,
    "tree_method": "hist",
    "eval_metric": "logloss",
}


Columns = Callable[[Sample], NDArray[Any]]


def cross_validated_auc(
    real: Sample, other: Sample, category: int, seed: int, further: Columns | None = None
) -> float:
    """Mean over folds of the AUC between two samples of a category; `further` gives the trees more columns."""
    rng = np.random.default_rng(seed)
    sides = (real, other)
    rows = len(real)
    columns = [_columns(each, category) for each in sides]
    if further is not None:
        columns = [
            np.concatenate([part, further(each).astype(np.float32)], axis=1)
            for part, each in zip(columns, sides, strict=True)
        ]
    weights = [each.weight * (rows / each.sum_of_weights) for each in sides]
    folds = [_folds(each, rng) for each in sides]

    def data(chosen: list[NDArray[np.bool_]], like: xgboost.DMatrix | None = None) -> xgboost.QuantileDMatrix:
        parts = [part[inside] for part, inside in zip(columns, chosen, strict=True)]
        labels = np.repeat([1, 0], [len(part) for part in parts])
        weight = np.concatenate([part[inside] for part, inside in zip(weights, chosen, strict=True)])
        return xgboost.QuantileDMatrix(np.concatenate(parts), labels, weight=weight, ref=like)

    found = []
    for tested, stopping in pairwise([*range(FOLDS), 0]):
        learnt = data([(fold != tested) & (fold != stopping) for fold in folds])
        trees = xgboost.train(
            {**SETTINGS, "seed": seed},
            learnt,
            MOST_TREES,
            evals=[(data([fold == stopping for fold in folds], learnt), "stop")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        kept = (0, trees.best_iteration + 1)
        inside = [fold == tested for fold in folds]
        output = [
            trees.inplace_predict(part[rows], iteration_range=kept)
            for part, rows in zip(columns, inside, strict=True)
        ]
        a, b = (
            scores(side.select(rows), np.asarray(of_side, np.float64))
            for side, rows, of_side in zip(sides, inside, output, strict=True)
        )
        found.append(area(a, b).value)
    return fmean(found)


def _columns(sample: Sample, category: int) -> NDArray[np.float32]:
    names = (*quantities(category), "theta") if category <= 2 else (*quantities(category), "theta", "line_z")
    derived = [matrix(sample, names)]
    if category > 2:
        size = np.abs(values(sample, "angle"))
        derived.append(np.stack([size, values(sample, "pt") * np.sin(size)], axis=1))
    return np.concatenate(derived, axis=1).astype(np.float32)


def _folds(sample: Sample, rng: np.random.Generator) -> NDArray[np.intp]:
    distinct, event = np.unique(events(sample), return_inverse=True)
    return rng.integers(0, FOLDS, len(distinct))[event]
