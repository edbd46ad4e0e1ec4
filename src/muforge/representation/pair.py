"""Coordinates of the second muon of a decay, relative to the first."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.kinematics import MUON_MASS
from muforge.representation.flight import transverse_axes
from muforge.representation.protocol import Matrix, Vector, constants

PAIR_COORDINATES = ("log mass", "logit momentum", "azimuth")


class Pair:
    """Maps the second momentum of a pair to coordinates that are simple given the first, and back, exactly.

    - the logarithm of the pair's mass above 2 m, so that resonances stay as narrow as they are;
    - the logit of the place of log p2 between its limits: a pair of this mass in which the first muon has p1 allows
      E1 E2 - p1 p2 <= M^2 / 2 - m^2 only, and p2 lies above a floor. All such momenta, and no others, are decoded;
    - the azimuth of the second momentum about the first, from the direction towards the beam axis, in which most are,
      because pairs have little transverse momentum; to the side on which the first muon flies past the axis.

    Arguments:
        floor: Momentum below which muons are not kept, GeV.
        ceiling: No muon has more momentum, GeV.
    """

    def __init__(self, floor: float, ceiling: float) -> None:
        self.floor = floor
        self.ceiling = ceiling

    def forward(self, start: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> Matrix:
        """Coordinates, shape (n, 3); the logit is infinite for momenta that are not between floor and ceiling.

        Arguments:
            start: start_x, start_y, start_z, px, py, pz of the first muons, shape (n, 6).
            second: Momenta of the second ones, GeV, shape (n, 3).

        Raises:
            RepresentationError: Both muons have the same momentum.
        """
        first, b = start.astype(np.float64), second.astype(np.float64)
        p1, p2 = (np.linalg.norm(each, axis=1) for each in (first[:, 3:], b))
        along, inwards, side = _frame(first)
        parts = [np.einsum("ij,ij->i", b, axis) for axis in (along, inwards, side)]
        across = np.hypot(parts[1], parts[2])
        half_angle = np.arctan2(across, parts[0]) / 2
        mass = np.sqrt(_least_squared_mass(p1, p2) + 4 * p1 * p2 * np.sin(half_angle) ** 2)
        excess = mass - 2 * MUON_MASS
        if (excess <= 0).any():
            raise RepresentationError(
                f"pair {int(np.argmax(excess <= 0))}: both muons have the same momentum"
            )
        low, high = self._limits(p1, excess)
        with np.errstate(divide="ignore", invalid="ignore"):
            logit = np.log(np.maximum(np.log(p2) - low, 0) / np.maximum(high - np.log(p2), 0))
        return np.stack([np.log(excess), logit, np.arctan2(parts[2], parts[1])], axis=1)

    def inverse(self, start: NDArray[np.floating[Any]], coordinates: Matrix) -> Matrix:
        """Second momenta, shape (n, 3), of coordinates (n, 3)."""
        first = start.astype(np.float64)
        p1 = np.linalg.norm(first[:, 3:], axis=1)
        log_excess, logit, azimuth = coordinates.T
        excess = np.exp(log_excess)
        low, high = self._limits(p1, excess)
        with np.errstate(over="ignore"):
            p2 = np.exp(low + (high - low) / (1 + np.exp(-logit)))
        squared = (excess + 2 * MUON_MASS) ** 2 - _least_squared_mass(p1, p2)
        half_angle = np.arcsin(np.sqrt(np.clip(squared / (4 * p1 * p2), 0, 1)))
        along, inwards, side = _frame(first)
        across = np.sin(2 * half_angle)[:, None] * (
            np.cos(azimuth)[:, None] * inwards + np.sin(azimuth)[:, None] * side
        )
        return np.asarray(p2[:, None] * (np.cos(2 * half_angle)[:, None] * along + across))

    def state(self) -> dict[str, float]:
        """Constants as JSON values; `from_state` makes the same of them."""
        return {"floor": self.floor, "ceiling": self.ceiling}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Raises `RepresentationError` if a constant is missing or no number."""
        limits = {"limits": [state.get("floor"), state.get("ceiling")]}
        floor, ceiling = constants(limits, "limits", "pair")
        return cls(float(floor), float(ceiling))

    def _limits(self, p1: Vector, excess: Vector) -> tuple[Vector, Vector]:
        """Limits of log p2: rapidities within acosh(M^2 / 2 m^2 - 1) of the first's, floor and ceiling."""
        rapidity = np.arcsinh(p1 / MUON_MASS)
        half = excess * (excess + 4 * MUON_MASS) / (4 * MUON_MASS**2)
        reach = 2 * np.arcsinh(np.sqrt(half))
        lowest = MUON_MASS * np.sinh(rapidity - reach)
        highest = np.minimum(MUON_MASS * np.sinh(rapidity + reach), self.ceiling)
        return np.log(np.maximum(lowest, np.minimum(self.floor, p1 / 2))), np.log(highest)


AZIMUTH_LIMITS = (-pi, pi)


def _least_squared_mass(p1: Vector, p2: Vector) -> Vector:
    """M^2 of two muons of these momenta in one direction: 2 m^2 + 2 (E1 E2 - p1 p2), without cancellation."""
    apart = np.arcsinh(p1 / MUON_MASS) - np.arcsinh(p2 / MUON_MASS)
    return np.asarray(4 * MUON_MASS**2 * np.cosh(apart / 2) ** 2)


def _frame(start: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Unit vectors: along the momentum, across it in its plane with the beam axis (inwards), across that plane."""
    momentum = start[:, 3:]
    along = momentum / np.linalg.norm(momentum, axis=1)[:, None]
    radial, across = transverse_axes(start)
    side = np.concatenate([across, np.zeros((len(start), 1))], axis=1)
    inwards = np.concatenate([-radial * along[:, 2:], np.hypot(along[:, :1], along[:, 1:2])], axis=1)
    return along, inwards, side
