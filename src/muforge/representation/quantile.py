"""Normal scores: each column through its own cumulative distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from muforge.errors import RepresentationError
from muforge.representation.protocol import Matrix, Vector, constants, fit_data
from muforge.representation.tail import Tail

KNOTS = 4096
"""Quantiles, equally far apart in probability, that a column's table has by default."""

TAIL_ROWS = 300
"""Rows on each side that the tail is fitted to."""

LARGEST_TAIL = 0.02
"""Share of a small sample's rows that its tails have at most."""

LARGEST_ATOM = 0.01
"""Share of the weight that may have one and the same value: nothing continuous can learn more."""

RATIO_LEVELS = np.concatenate([[0.001, 0.004], np.arange(1, 64) / 64, [0.996, 0.999]])
"""Between which densities are averaged when they are compared: quantile by quantile they are what chance has it."""

_SMALLEST_SCALE = 1e-30

DIGITS = 9
"""Significant digits that constants are rounded to, one more than float32 data have."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column's table of quantiles, and what lies beyond its ends."""

    knots: Vector
    below: float
    above: float
    lower: Tail
    upper: Tail

    @cached_property
    def _levels(self) -> Vector:
        return np.linspace(self.below, 1 - self.above, len(self.knots))

    @cached_property
    def _scores(self) -> Vector:
        return np.asarray(ndtri(self._levels))

    @cached_property
    def _distinct(self) -> tuple[Vector, Vector]:
        """Knots without repetition, and the score in the middle of each one's levels."""
        knots, first = np.unique(self.knots, return_index=True)
        last = np.append(first[1:], len(self.knots)) - 1
        return knots, np.asarray(ndtri((self._levels[first] + self._levels[last]) / 2))

    @classmethod
    def fit(cls, values: Vector, weight: Vector, bounds: tuple[float, float], knots_at_most: int) -> Self:
        order = np.argsort(values, kind="stable")
        x, w = values[order], weight[order] / weight.sum()
        upto = np.cumsum(w)
        tail = max(1, min(TAIL_ROWS, int(LARGEST_TAIL * len(x))))
        below, above = float(upto[tail - 1]), float(1 - upto[-tail - 1])
        levels = np.linspace(below, 1 - above, min(knots_at_most, len(x)))
        knots = _rounded(np.interp(levels, upto - w / 2, x))
        low, high = knots[0], knots[-1]
        return cls(
            knots,
            below,
            above,
            _fit_tail(low - x[:tail], w[:tail], low - bounds[0]),
            _fit_tail(x[-tail:] - high, w[-tail:], bounds[1] - high),
        )

    def forward(self, x: Vector) -> Vector:
        y = np.interp(x, *self._distinct)
        low, high = x < self.knots[0], x > self.knots[-1]
        y[low] = ndtri(self.below * self.lower.survival(self.knots[0] - x[low]))
        y[high] = -ndtri(self.above * self.upper.survival(x[high] - self.knots[-1]))
        return np.asarray(y)

    def inverse(self, y: Vector) -> Vector:
        scores = self._scores
        x = np.interp(y, scores, self.knots)
        low, high = y < scores[0], y > scores[-1]
        x[low] = self.knots[0] - self.lower.excess(ndtr(y[low]) / self.below)
        x[high] = self.knots[-1] + self.upper.excess(ndtr(-y[high]) / self.above)
        return np.asarray(x)

    def state(self) -> dict[str, Any]:
        return {
            "knots": self.knots.tolist(),
            "below": self.below,
            "above": self.above,
            "lower": self.lower.state(),
            "upper": self.upper.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        knots = constants(state, "knots", Quantile.kind)
        shares = constants({"shares": [state.get("below"), state.get("above")]}, "shares", Quantile.kind)
        if len(knots) < 2 or (np.diff(knots) < 0).any() or not ((shares > 0) & (shares < 0.5)).all():
            raise RepresentationError(f"map '{Quantile.kind}': its knots are not a table of quantiles")
        lower, upper = (Tail.from_state(state.get(side)) for side in ("lower", "upper"))
        return cls(knots, float(shares[0]), float(shares[1]), lower, upper)


class Quantile:
    """Maps columns to normal scores, y = Phi^-1(F(x)) with the weighted cumulative distribution F of the data.

    F is a table of quantiles with straight lines between their scores; beyond its first and last quantile it goes on,
    continuously, as a generalised Pareto distribution fitted to the extreme rows and cut at a physical bound.
    Whatever is decoded lies within the bounds, and may lie beyond the data.

    Warning:
        Values that are equal share a score; more than 1% of the weight at one value is refused.

    Arguments:
        columns: The tables of the first columns.
        unchanged: Number of further columns, which pass unchanged.
    """

    kind: ClassVar[str] = "quantile"

    def __init__(self, columns: Sequence[Column], unchanged: int = 0) -> None:
        self._columns = tuple(columns)
        self._unchanged = unchanged

    @classmethod
    def fit(
        cls,
        x: NDArray[np.floating[Any]],
        weight: ArrayLike,
        *,
        bounds: Mapping[str, tuple[float, float]],
        unchanged: int = 0,
        knots: int = KNOTS,
    ) -> Self:
        """The map of the rows with weight.

        Arguments:
            x: Shape (n, d + unchanged).
            weight: Shape (n,).
            bounds: Name of each of the d columns to the lowest and the highest value that it may decode to.
            unchanged: Number of further columns, which pass unchanged.
            knots: Quantiles that a column's table has at most.

        Raises:
            RepresentationError: As `fit_data`; a value is at or beyond a bound; too much weight has one value.
        """
        matrix, w = fit_data(x[:, : len(bounds)], weight, list(bounds))
        for (name, (low, high)), values in zip(bounds.items(), matrix.T, strict=True):
            _refuse_beyond(name, values, low, high)
            _refuse_atom(name, values, w)
        limits = zip(matrix.T, bounds.values(), strict=True)
        return cls([Column.fit(values, w, ends, knots) for values, ends in limits], unchanged)

    @property
    def dimensions(self) -> int:
        return len(self._columns) + self._unchanged

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        y = x.astype(np.float64)
        for number, column in enumerate(self._columns):
            y[:, number] = column.forward(y[:, number])
        return y

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        x = y.astype(np.float64)
        for number, column in enumerate(self._columns):
            x[:, number] = column.inverse(x[:, number])
        return x

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        return np.full(self.dimensions, -inf), np.full(self.dimensions, inf)

    def log_ratio(self, other: Quantile, x: NDArray[np.floating[Any]]) -> Vector:
        """Logarithm of the other's marginal densities over one's own, summed over columns, shape (n,).

        The ratio is constant within each of `RATIO_LEVELS` of one's own distribution, whose mean is then one.

        Arguments:
            other: Map of the same columns.
            x: Values, shape (n, d).
        """
        total = np.zeros(len(x))
        for number, (own, its) in enumerate(zip(self._columns, other._columns, strict=True)):
            edges = np.unique(own.inverse(np.asarray(ndtri(RATIO_LEVELS))))
            shares = [np.diff(ndtr(each.forward(edges)), prepend=0, append=1) for each in (own, its)]
            with np.errstate(divide="ignore"):
                ratio = np.log(shares[1] / shares[0])
            total += ratio[np.searchsorted(edges, x[:, number], side="right")]
        return total

    def state(self) -> dict[str, Any]:
        columns = [each.state() for each in self._columns]
        return {"kind": self.kind, "columns": columns, "unchanged": self._unchanged}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        columns = state.get("columns")
        if not isinstance(columns, list) or not all(isinstance(each, Mapping) for each in columns):
            raise RepresentationError(f"map '{cls.kind}': constant 'columns' is not a list of tables")
        unchanged = state.get("unchanged")
        if not isinstance(unchanged, int) or unchanged < 0:
            raise RepresentationError(f"map '{cls.kind}': constant 'unchanged' is not a number of columns")
        return cls([Column.from_state(each) for each in columns], unchanged)


def _fit_tail(excess: Vector, weight: Vector, reach: float) -> Tail:
    """The tail of the rows beyond the table; where there is only one, uniform to twice its distance."""
    positive = excess > 0
    if positive.sum() < 2:
        return Tail(max(2 * float(excess.max()), _SMALLEST_SCALE), -1.0, reach)
    fitted = Tail.fit(excess[positive], weight[positive], reach)
    scale, shape = _rounded(np.array([fitted.scale, fitted.shape]))
    return Tail(float(scale), float(shape), reach)


def _refuse_beyond(name: str, values: Vector, low: float, high: float) -> None:
    beyond = (values <= low) | (values >= high)
    if beyond.any():
        row = int(np.argmax(beyond))
        raise RepresentationError(
            f"column '{name}', row {row}: {values[row]:.9g}; must be between {low:.9g} and {high:.9g}"
        )


def _refuse_atom(name: str, values: Vector, weight: Vector) -> None:
    distinct, where = np.unique(values, return_inverse=True)
    shares = np.bincount(where, weight) / weight.sum()
    largest = int(np.argmax(shares))
    if shares[largest] > LARGEST_ATOM and len(values) * LARGEST_ATOM > 1:
        raise RepresentationError(
            f"column '{name}': {shares[largest]:.1%} of the weight has the value {distinct[largest]:.9g}, at most "
            f"{LARGEST_ATOM:.0%} may: a continuous distribution cannot have it"
        )


def _rounded(values: Vector) -> Vector:
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])
