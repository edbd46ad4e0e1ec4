"""Mean-centring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.representation.protocol import Matrix, Vector, constants, fit_data

GRID = 2.0**-20
"""Means are rounded to multiples of this, so that a box such as [-1, 1] still ends on float32 numbers once it
is shifted: those have 24 bits, and |1 + mean| <= 2 leaves 21 behind the point for a multiple of 2**-20."""


class Centre:
    """Subtracts the weighted mean of each column; meant to follow a normalisation.

    Arguments:
        mean: Weighted mean of each column, shape (d,); rounded to a multiple of `GRID`.

    References:
        Marshall, GANs and VAEs testing (2018), section 5, last paragraph
    """

    kind: ClassVar[str] = "centre"

    def __init__(self, mean: Vector) -> None:
        self.mean = np.round(mean / GRID) * GRID

    @classmethod
    def fit(cls, x: NDArray[np.floating[Any]], weight: ArrayLike) -> Self:
        """The map of the mean of the rows with weight; raises `RepresentationError` as `fit_data` does."""
        matrix, w = fit_data(x, weight)
        return cls(np.average(matrix, axis=0, weights=w))

    @property
    def dimensions(self) -> int:
        return len(self.mean)

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        return x.astype(np.float64) - self.mean

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        return y.astype(np.float64) + self.mean

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        return low - self.mean, high - self.mean

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "mean": self.mean.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(constants(state, "mean", cls.kind))
