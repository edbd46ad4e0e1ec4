"""Min-max normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.errors import RepresentationError
from muforge.representation.protocol import Matrix, Vector, constants, fit_data, lerp, same_length

SYMMETRIC = (-1.0, 1.0)
UNIT = (0.0, 1.0)


class MinMax:
    """Maps the minimum and maximum of each column linearly to the ends of an interval inside a box.

    With `bound` b = 1 the interval is the whole box, so everything in the box comes back within minimum and
    maximum. With b < 1 it is the middle part b of the box ([-b, b] in [-1, 1]), and the margins come back as
    values beyond the data.

    Arguments:
        minimum: Smallest value of each column, shape (d,).
        maximum: Largest value of each column, shape (d,).
        box: The interval of network space in which outputs lie.
        bound: Part of the box that the data fill, 0 < bound <= 1; rounded to float32, so that the ends of
            the data are float32 numbers in network space too.

    References:
        Marshall, GANs and VAEs testing (2018), section 2, and section 13 for bound = 0.9
    """

    kind: ClassVar[str] = "minmax"

    def __init__(
        self, minimum: Vector, maximum: Vector, *, box: tuple[float, float] = SYMMETRIC, bound: float = 1.0
    ) -> None:
        same_length(self.kind, minimum, maximum)
        if not (minimum < maximum).all():
            raise RepresentationError(f"map '{self.kind}': a minimum is not below its maximum")
        if not (box[0] < box[1] and 0 < bound <= 1):
            raise RepresentationError(f"map '{self.kind}': box {box} with bound {bound} is no interval")
        self.minimum = minimum
        self.maximum = maximum
        self.box = box
        self.bound = float(np.float32(bound))

    @classmethod
    def fit(
        cls,
        x: NDArray[np.floating[Any]],
        weight: ArrayLike,
        *,
        box: tuple[float, float] = SYMMETRIC,
        bound: float = 1.0,
    ) -> Self:
        """The map of the range of the rows with weight; raises `RepresentationError` as `fit_data` does."""
        matrix, _ = fit_data(x, weight)
        return cls(matrix.min(axis=0), matrix.max(axis=0), box=box, bound=bound)

    @property
    def dimensions(self) -> int:
        return len(self.minimum)

    @property
    def _target(self) -> tuple[float, float]:
        middle, half = (self.box[0] + self.box[1]) / 2, (self.box[1] - self.box[0]) / 2
        return middle - half * self.bound, middle + half * self.bound

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        low, high = self._target
        t = (x.astype(np.float64) - self.minimum) / (self.maximum - self.minimum)
        return lerp(low, high, t)

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        low, high = self._target
        t = (y.astype(np.float64) - low) / (high - low)
        return lerp(self.minimum, self.maximum, t)

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        return np.full(self.dimensions, self.box[0]), np.full(self.dimensions, self.box[1])

    def state(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "minimum": self.minimum.tolist(),
            "maximum": self.maximum.tolist(),
            "box": list(self.box),
            "bound": self.bound,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        box = constants(state, "box", cls.kind)
        bound = constants({"bound": [state.get("bound")]}, "bound", cls.kind)
        if len(box) != 2:
            raise RepresentationError(f"map '{cls.kind}': constant 'box' has {len(box)} numbers, expected 2")
        return cls(
            constants(state, "minimum", cls.kind),
            constants(state, "maximum", cls.kind),
            box=(float(box[0]), float(box[1])),
            bound=float(bound[0]),
        )
