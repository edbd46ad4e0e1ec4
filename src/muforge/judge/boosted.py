"""Gradient-boosted trees that stop before they learn the noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge.binned import BinnedTrees

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]
Backend = Literal["xgboost", "scikit-learn"]

MOST_TREES = 300
PATIENCE = 15
"""Trees without a lower loss on the validation rows before training stops."""

DEPTH = 6
LEARNING_RATE = 0.1
BINS = 256
MIN_ROWS = 20
"""Of a leaf, in units of the mean weight."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to learn from, or to stop by.

    Arguments:
        matrix: Shape (n, columns).
        is_real: 1 for real rows, 0 for others, shape (n,).
        weight: Shape (n,), of mean one.
    """

    matrix: Matrix
    is_real: NDArray[np.int8]
    weight: Floats


@dataclass(frozen=True, eq=False)
class Trees:
    """Trained trees.

    Arguments:
        probability: Maps rows of shape (n, columns) to the probability that each is real, shape (n,).
        number: Of trees kept.
    """

    probability: Callable[[Matrix], Floats]
    number: int


def default_backend() -> Backend:
    """`xgboost` where it is installed (the extra `judge`), else `scikit-learn`."""
    return "xgboost" if find_spec("xgboost") else "scikit-learn"


def train(rows: Rows, validation: Rows, *, random_state: int, threads: int | None, backend: Backend) -> Trees:
    """Train until the log-loss on the validation rows stops falling.

    References:
        Chen, Guestrin, XGBoost | https://arxiv.org/abs/1603.02754
        Ke et al., LightGBM | https://papers.nips.cc/paper/6907
    """
    return _BACKENDS[backend](rows, validation, random_state, threads)


def _xgboost(rows: Rows, validation: Rows, random_state: int, threads: int | None) -> Trees:
    import xgboost

    train_set = xgboost.QuantileDMatrix(
        rows.matrix, rows.is_real, weight=rows.weight, max_bin=BINS, nthread=threads
    )
    stop_set = xgboost.QuantileDMatrix(
        validation.matrix, validation.is_real, weight=validation.weight, ref=train_set, nthread=threads
    )
    options = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": DEPTH,
        "eta": LEARNING_RATE,
        "max_bin": BINS,
        "min_child_weight": MIN_ROWS / 4,  # in units of the Hessian, a quarter a row
        "seed": random_state % 2**31,
        **({} if threads is None else {"nthread": threads}),
    }
    booster = xgboost.train(
        options,
        train_set,
        MOST_TREES,
        evals=[(stop_set, "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    kept = booster.best_iteration + 1

    def probability(matrix: Matrix) -> Floats:
        return np.asarray(booster.inplace_predict(matrix, iteration_range=(0, kept)), np.float64)

    return Trees(probability, kept)


def _scikit_learn(rows: Rows, validation: Rows, random_state: int, threads: int | None) -> Trees:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    best = _Best(
        HistGradientBoostingClassifier(
            max_iter=MOST_TREES,
            learning_rate=LEARNING_RATE,
            max_depth=DEPTH,
            max_leaf_nodes=None,
            min_samples_leaf=MIN_ROWS,
            early_stopping=True,
            n_iter_no_change=PATIENCE,
            random_state=random_state,
        )
    )
    trees = BinnedTrees(best)
    with threadpool_limits(limits=threads, user_api="openmp"):
        stop = (validation.matrix, validation.is_real, validation.weight)
        trees.fit(rows.matrix, rows.is_real, rows.weight, stop)

    def probability(matrix: Matrix) -> Floats:
        with threadpool_limits(limits=threads, user_api="openmp"):
            return np.asarray(trees.predict_proba(matrix)[:, 1], np.float64)

    return Trees(probability, best.kept)


class _Best:
    """scikit-learn's histogram trees without those grown after the best one, which it keeps."""

    def __init__(self, trees: Any) -> None:
        self._trees = trees
        self.kept = 0

    def fit(self, *rows: Any, **options: Any) -> Self:
        self._trees.fit(*rows, **options)
        # The scores are minus the loss, the first before any tree.
        self.kept = max(1, int(np.argmax(self._trees.validation_score_)))
        return self

    def predict_proba(self, bins: Matrix) -> Floats:
        staged = islice(self._trees.staged_predict_proba(bins), self.kept - 1, None)
        return np.asarray(next(staged), np.float64)


_BACKENDS: dict[str, Callable[[Rows, Rows, int, int | None], Trees]] = {
    "xgboost": _xgboost,
    "scikit-learn": _scikit_learn,
}
