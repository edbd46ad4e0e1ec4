"""Broadening of sharply peaked columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.errors import RepresentationError
from muforge.representation.protocol import Matrix, Vector, constants, fit_data, lerp, same_length


class Broaden:
    """Spreads a peak: subtracts the weighted mean, takes the signed square root, adds the mean back.

    y = mean + sign(x - mean) sqrt(|x - mean|), so x = mean + sign(y - mean) (y - mean)^2. The inverse is
    computed as a fraction of the way from the mean to the end of the data's range, which is the same thing
    but takes the ends of the range back to themselves without a rounding error.

    Arguments:
        columns: Numbers of the columns to broaden; the others pass unchanged.
        dimensions: Number of all columns.
        mean: Weighted mean of those columns, shape (len(columns),).
        low: Lower end of their range, at or below the mean.
        high: Upper end of their range, at or above the mean.

    References:
        Marshall, GANs and VAEs testing (2018), section 2, last paragraph
    """

    kind: ClassVar[str] = "broaden"

    def __init__(
        self, columns: Sequence[int], dimensions: int, *, mean: Vector, low: Vector, high: Vector
    ) -> None:
        same_length(self.kind, np.asarray(columns, np.float64), mean, low, high)
        if not all(0 <= column < dimensions for column in columns):
            raise RepresentationError(
                f"map '{self.kind}': columns {list(columns)} are not among {dimensions}"
            )
        if not ((low <= mean) & (mean <= high)).all():
            raise RepresentationError(f"map '{self.kind}': a mean lies outside its range")
        self.columns = list(columns)
        self._dimensions = dimensions
        self.mean = mean
        self.low = low
        self.high = high

    @classmethod
    def fit(cls, x: NDArray[np.floating[Any]], weight: ArrayLike, columns: Sequence[int]) -> Self:
        """The map of the rows with weight; raises `RepresentationError` as `fit_data` does."""
        matrix, w = fit_data(x, weight)
        chosen = matrix[:, list(columns)]
        low, high = chosen.min(axis=0), chosen.max(axis=0)
        mean = np.clip(np.average(chosen, axis=0, weights=w), low, high)  # the sum may round past an end
        return cls(columns, matrix.shape[1], mean=mean, low=low, high=high)

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        y = x.astype(np.float64)
        y[:, self.columns] = self._broaden(y[:, self.columns])
        return y

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        x = y.astype(np.float64)
        x[:, self.columns] = self._narrow(x[:, self.columns])
        return x

    def _broaden(self, x: Matrix) -> Matrix:
        from_mean = x - self.mean
        return self.mean + np.copysign(np.sqrt(np.abs(from_mean)), from_mean)

    def _narrow(self, y: Matrix) -> Matrix:
        above = y > self.mean
        end = np.where(above, self.high, self.low)
        reach = np.where(above, self._broaden(self.high), self._broaden(self.low)) - self.mean
        t = np.divide(y - self.mean, reach, out=np.zeros_like(y), where=reach != 0) ** 2
        return lerp(self.mean, end, t)

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        ends = self.forward(np.stack([low, high]))
        return ends[0], ends[1]

    def state(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "columns": self.columns,
            "dimensions": self.dimensions,
            "mean": self.mean.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        columns = constants(state, "columns", cls.kind).astype(int).tolist()
        dimensions = state.get("dimensions")
        if not isinstance(dimensions, int):
            raise RepresentationError(f"map '{cls.kind}': constant 'dimensions' is not an integer")
        mean, low, high = (constants(state, key, cls.kind) for key in ("mean", "low", "high"))
        return cls(columns, dimensions, mean=mean, low=low, high=high)
