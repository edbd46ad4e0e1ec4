"""Coordinates in which muons from a beam dump are simple: depth, momentum, and angles to the parent's flight."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from muforge.errors import RepresentationError
from muforge.representation.protocol import Matrix, Vector, constants
from muforge.sample import OFF_AXIS_FEATURES, ON_AXIS_FEATURES

ON_AXIS_COORDINATES = ("depth", "p", "log p tan(theta)", "azimuth")
OFF_AXIS_COORDINATES = (
    "depth",
    "p",
    "log p tan(theta)",
    "log f",
    "log p tan(theta) 2 tan(|angle|/2)",
    "azimuth",
)

_TURN = 2 * pi
_OPEN = 1 - 2.0**-52
"""Keeps shares of a turn off 0 and 1, whose normal scores are infinite."""


class Polar:
    """Maps (start_x, start_y,) start_z, px, py, pz to coordinates of the decay, and back, exactly.

    - depth: start_z behind the front of the target [cm];
    - p [GeV];
    - the logarithm of q = p tan(theta) [GeV], which is pT at small angles and leaves every pT below p;
    - the logarithm of the pointing fraction f = (r / depth) / tan(theta): 1 for a muon that flies on along a straight
      line from the front of the target, less if its parent was produced deeper. The r in it is stretched,
      r / (1 - r / radius), which leaves every r below the radius;
    - the logarithm of q 2 tan(|angle| / 2), where angle is between (start_x, start_y) and (px, py): at small angles the
      momentum across the plane of beam and vertex, in which the decays of pions and kaons have their edges (30 and
      236 MeV) whatever the muon's own momentum is;
    - the azimuth of (px, py) and the sign of the angle in one number, as a normal score. Both are exact symmetries of
      an unpolarised beam on a round target: the number is independent of the others and needs no learning.

    Arguments:
        dimensions: 4 for vertices on the beam axis, 6 for others.
        front: start_z of the front of the target, cm; all muons start behind it.
        radius: No muon starts farther from the beam axis, cm. It means nothing to vertices on the axis.
    """

    kind: ClassVar[str] = "polar"

    def __init__(self, dimensions: int, front: float, radius: float = 1.0) -> None:
        if dimensions not in (len(ON_AXIS_FEATURES), len(OFF_AXIS_FEATURES)):
            raise RepresentationError(f"map '{self.kind}': {dimensions} columns, expected 4 or 6")
        self._dimensions = dimensions
        if not radius > 0:
            raise RepresentationError(f"map '{self.kind}': radius {radius} is not positive")
        self.front = front
        self.radius = radius

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the coordinates, in order."""
        return ON_AXIS_COORDINATES if self._dimensions == len(ON_AXIS_FEATURES) else OFF_AXIS_COORDINATES

    def forward(self, x: NDArray[np.floating[Any]]) -> Matrix:
        *vertex, start_z, px, py, pz = x.astype(np.float64).T
        depth, pt = start_z - self.front, np.hypot(px, py)
        p = np.hypot(pt, pz)
        with np.errstate(divide="ignore", invalid="ignore"):
            q = p * pt / pz
            azimuth = np.arctan2(py, px) / _TURN % 1
            if not vertex:
                return np.stack([depth, p, np.log(q), _score(azimuth)], axis=1)
            r = np.hypot(*vertex)
            f = r / (1 - r / self.radius) / depth * pz / pt
            angle = (np.arctan2(py, px) - np.arctan2(vertex[1], vertex[0]) + pi) % _TURN - pi
            across = q * 2 * np.tan(np.abs(angle) / 2)
            symmetric = (azimuth + (angle < 0)) / 2
            return np.stack([depth, p, np.log(q), np.log(f), np.log(across), _score(symmetric)], axis=1)

    def inverse(self, y: NDArray[np.floating[Any]]) -> Matrix:
        depth, p, log_q, *vertex, score = y.astype(np.float64).T
        q = np.exp(log_q)
        pz = p * (p / np.hypot(p, q))
        pt = pz * q / p
        share = ndtr(score)
        if not vertex:
            azimuth = _TURN * share
            return np.stack([depth + self.front, pt * np.cos(azimuth), pt * np.sin(azimuth), pz], axis=1)
        log_f, log_across = vertex
        negative = share >= 1 / 2
        azimuth = _TURN * (2 * share - negative)
        with np.errstate(over="ignore", divide="ignore"):
            r = 1 / (1 / (np.exp(log_f) * depth * q / p) + 1 / self.radius)
        with np.errstate(over="ignore"):
            angle = 2 * np.arctan(np.exp(log_across - log_q) / 2)
        of_vertex = azimuth - np.where(negative, -angle, angle)
        return np.stack(
            [
                r * np.cos(of_vertex),
                r * np.sin(of_vertex),
                depth + self.front,
                pt * np.cos(azimuth),
                pt * np.sin(azimuth),
                pz,
            ],
            axis=1,
        )

    def image(self, low: Vector, high: Vector) -> tuple[Vector, Vector]:
        return np.full(self._dimensions, -np.inf), np.full(self._dimensions, np.inf)

    def state(self) -> dict[str, Any]:
        return {"kind": self.kind, "dimensions": self._dimensions, "front": self.front, "radius": self.radius}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        dimensions = state.get("dimensions")
        if not isinstance(dimensions, int):
            raise RepresentationError(f"map '{cls.kind}': constant 'dimensions' is not an integer")
        front, radius = (
            float(constants({key: [state.get(key)]}, key, cls.kind)[0]) for key in ("front", "radius")
        )
        return cls(dimensions, front, radius)


def _score(share: Vector) -> Vector:
    return np.asarray(ndtri(0.5 + _OPEN * (share - 0.5)))
