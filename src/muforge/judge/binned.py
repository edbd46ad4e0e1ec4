"""scikit-learn's histogram trees, with the columns binned beforehand."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

BINS = 255
"""The most that these trees take."""


class BinnedTrees:
    """Histogram trees on numbers of bins of equal numbers of rows.

    scikit-learn bins by itself too, but where rows have weights its search for the edges takes several times as long
    as the training (version 1.9). Columns of at most 255 values it takes as they are.

    Arguments:
        trees: An unfitted `HistGradientBoostingClassifier`.
    """

    def __init__(self, trees: Any) -> None:
        self.trees = trees
        self._edges: list[NDArray[np.float32]] = []

    def fit(
        self,
        rows: NDArray[np.float32],
        is_real: NDArray[np.int8],
        sample_weight: NDArray[np.float64],
        validation: tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float64]] | None = None,
    ) -> Self:
        """Train; `validation` are rows, classes and weights that tell when to stop."""
        levels = np.arange(1, BINS) / BINS
        self._edges = [np.unique(np.quantile(column, levels, method="lower")) for column in rows.T]
        stopping = {}
        if validation is not None:
            stopping = {
                "X_val": self._bins(validation[0]),
                "y_val": validation[1],
                "sample_weight_val": validation[2],
            }
        self.trees.fit(self._bins(rows), is_real, sample_weight=sample_weight, **stopping)
        return self

    def predict_proba(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of the two classes, shape (n, 2)."""
        return np.asarray(self.trees.predict_proba(self._bins(rows)), np.float64)

    def _bins(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        columns = zip(self._edges, rows.T, strict=True)
        return np.stack([np.searchsorted(edges, column) for edges, column in columns], axis=1).astype(
            np.float32
        )
