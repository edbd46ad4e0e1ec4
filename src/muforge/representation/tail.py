"""The tail of a distribution beyond a threshold: a generalised Pareto distribution within a bound."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Self

import numpy as np
from scipy.optimize import brentq

from muforge.errors import RepresentationError
from muforge.representation.protocol import Vector

EXPONENTIAL = 1e-6
"""Shapes nearer to zero than this are the exponential distribution, to the precision of float64."""

RAREST = 0.05
"""Expected number of excesses, among as many as were fitted to, above the largest: no fewer."""

LIGHTEST = -2.0
"""Smallest shape: smaller ones rise so steeply that rounding moves the largest excess beyond their end."""

HEAVIEST = 0.5
"""Largest shape: heavier tails have no variance."""


@dataclass(frozen=True)
class Tail:
    """Excesses e > 0 over a threshold, distributed by G(e) = (1 + shape e / scale)^(-1/shape), cut at a bound.

    An excess larger than e has the probability (G(e) - G(reach)) / (1 - G(reach)).

    Arguments:
        scale: Scale of the generalised Pareto distribution, positive.
        shape: Its shape; negative ones end at scale / |shape|.
        reach: Distance from the threshold to a physical bound, or infinity. No excess is larger.

    References:
        Pickands, Statistical inference using extreme order statistics | https://doi.org/10.1214/aos/1176343003
        Hosking, Wallis, Parameter and quantile estimation for the generalized Pareto distribution |
        https://doi.org/10.1080/00401706.1987.10488243
    """

    scale: float
    shape: float
    reach: float = inf

    def __post_init__(self) -> None:
        if not (isfinite(self.scale) and self.scale > 0 and isfinite(self.shape) and self.reach > 0):
            raise RepresentationError(
                f"tail of scale {self.scale}, shape {self.shape}, reach {self.reach}: expected a positive scale and "
                "reach and a finite shape"
            )

    @classmethod
    def fit(cls, excess: Vector, weight: Vector, reach: float = inf) -> Self:
        """The tail with the probability-weighted moments of the excesses.

        Where these make the largest excess too rare, or impossible, the shape is the smallest that does not.

        Arguments:
            excess: Distances beyond the threshold, shape (k,), not all zero.
            weight: Shape (k,), positive.
            reach: Distance to the bound.
        """
        order = np.argsort(excess)
        e, w = excess[order], weight[order] / weight.sum()
        above = 1 - (np.cumsum(w) - w / 2)
        mean, weighted = float(w @ e), float((w * above) @ e)
        shape = min(max(2 - mean / (mean - 2 * weighted), LIGHTEST), HEAVIEST)

        def too_rare(number: float) -> float:
            tail = cls(mean * (1 - number), number, reach)
            return float(tail.survival(e[-1:])[0]) - RAREST / len(e)

        if too_rare(shape) < 0:
            shape = brentq(too_rare, shape, HEAVIEST) if too_rare(HEAVIEST) > 0 else HEAVIEST
        return cls(mean * (1 - shape), shape, reach)

    def survival(self, excess: Vector) -> Vector:
        """The probability of a larger excess, shape (n,); 0 beyond the end."""
        beyond = self._pareto(np.array(self.reach))
        return np.asarray(np.maximum(self._pareto(excess) - beyond, 0) / (1 - beyond))

    def excess(self, survival: Vector) -> Vector:
        """The inverse of `survival`, from 0 at 1 to the end, or infinity, at 0."""
        beyond = self._pareto(np.array(self.reach))
        with np.errstate(divide="ignore"):
            log_g = np.log(survival * (1 - beyond) + beyond)
        if abs(self.shape) < EXPONENTIAL:
            return -self.scale * log_g
        with np.errstate(over="ignore"):
            return np.asarray(self.scale / self.shape * np.expm1(-self.shape * log_g))

    def _pareto(self, excess: Vector) -> Vector:
        if abs(self.shape) < EXPONENTIAL:
            return np.asarray(np.exp(-excess / self.scale))
        inside = np.maximum(self.shape * excess / self.scale, -1)
        with np.errstate(divide="ignore"):
            return np.asarray(np.exp(-np.log1p(inside) / self.shape))

    def state(self) -> dict[str, float | None]:
        """The constants as JSON values."""
        return {
            "scale": self.scale,
            "shape": self.shape,
            "reach": self.reach if isfinite(self.reach) else None,
        }

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """The tail that `state` was taken from; raises `RepresentationError` if it is none."""
        try:
            reach = state["reach"]
            return cls(float(state["scale"]), float(state["shape"]), inf if reach is None else float(reach))
        except (KeyError, TypeError, ValueError):
            raise RepresentationError(
                f"state of a tail: {state!r} is not a scale, a shape and a reach"
            ) from None
