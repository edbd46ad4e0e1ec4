"""What every map of a representation offers, and the checks that all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.errors import RepresentationError

Matrix: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = NDArray[np.float64]


class Map(Protocol):
    """An invertible map of matrices of shape (n, d).

    Maps compute in float64 whatever they are given; `Representation` rounds to float32 at its door.
    """

    kind: ClassVar[str]

    @property
    def dimensions(self) -> int: ...

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        """Towards network space."""

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        """Towards physical space."""

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        """A box, two vectors of shape (d,), in which outputs lie when inputs lie in the box given."""

    def state(self) -> dict[str, Any]:
        """Every constant as JSON values that give the same floats back, and the `kind`."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self: ...


def fit_data(
    x: NDArray[np.floating[Any]], weight: ArrayLike, names: Sequence[str] | None = None
) -> tuple[Matrix, Vector]:
    """The rows with weight and their weights, float64, once they are known to be usable for a fit.

    Arguments:
        x: Shape (n, d).
        weight: Shape (n,).
        names: What the columns are called in messages; by default their numbers.

    Raises:
        RepresentationError: There are no rows, no row has weight, a value is not finite, or a column is
            constant.
    """
    matrix, w = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    if matrix.ndim != 2 or w.shape != matrix.shape[:1]:
        raise RepresentationError(
            f"matrix of shape {matrix.shape} with weights of shape {w.shape}: expected (n, d), (n,)"
        )
    labels = names or [str(column) for column in range(matrix.shape[1])]
    if len(matrix) == 0:
        raise RepresentationError("no muons: a representation is fitted to data")
    _refuse_non_finite(matrix, labels)
    if not np.isfinite(w).all() or (w < 0).any():
        row = int(np.argmax(~(np.isfinite(w) & (w >= 0))))
        raise RepresentationError(f"weight in row {row}: {w[row]}; must be finite and not negative")
    used = w > 0
    if not used.any():
        raise RepresentationError(
            f"all {len(w)} weights are zero: a representation is fitted to weighted data"
        )
    matrix, w = matrix[used], w[used]
    _refuse_constant(matrix, labels)
    return matrix, w


def _refuse_non_finite(matrix: Matrix, labels: Sequence[str]) -> None:
    bad = ~np.isfinite(matrix)
    if bad.any():
        row, column = (int(index) for index in np.argwhere(bad)[0])
        raise RepresentationError(
            f"column '{labels[column]}', row {row}: {matrix[row, column]}; must be finite"
        )


def _refuse_constant(matrix: Matrix, labels: Sequence[str]) -> None:
    constant = matrix.min(axis=0) == matrix.max(axis=0)
    if constant.any():
        column = int(np.argmax(constant))
        muons = "1 muon" if len(matrix) == 1 else f"{len(matrix)} muons"
        value = float(matrix[0, column])
        raise RepresentationError(
            f"column '{labels[column]}' is constant ({value:.9g}) in {muons}; a range is needed"
        )


def constants(state: Mapping[str, Any], key: str, kind: str) -> Vector:
    """The finite float64 vector under `key` of a map's state, or `RepresentationError` naming both."""
    try:
        values = np.asarray(state[key], np.float64)
    except KeyError:
        raise RepresentationError(f"map '{kind}': constant '{key}' is missing") from None
    except (TypeError, ValueError):
        raise RepresentationError(f"map '{kind}': constant '{key}' is not a list of numbers") from None
    if values.ndim != 1 or not np.isfinite(values).all():
        raise RepresentationError(f"map '{kind}': constant '{key}' is not a list of finite numbers")
    return values


def same_length(kind: str, *vectors: Vector) -> None:
    """Raise `RepresentationError` if the constants of a map are of different lengths."""
    if len({len(vector) for vector in vectors}) != 1:
        raise RepresentationError(f"map '{kind}': its constants are of different lengths")


def lerp(low: Vector | float, high: Vector | float, t: Matrix) -> Matrix:
    """low at t = 0 and high at t = 1, both exactly, and linear between."""
    return low * (1 - t) + high * t
