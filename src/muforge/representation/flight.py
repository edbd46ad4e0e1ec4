"""Coordinates of a muon behind the absorber, relative to how it started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.representation.protocol import Matrix, Vector, constants

FLIGHT_COORDINATES = (
    "log loss",
    "deflection along",
    "deflection across",
    "shift along",
    "shift across",
)


class Flight:
    """Maps the state behind the absorber to coordinates that are simple given the start, and back, exactly.

    - the logarithm of (p - p') / (p' - floor), with p' the momentum behind the absorber: every p' lies between the
      floor, or p / 2 if that is less, and p;
    - the deflection, which is the change of the direction's tangents times sqrt(p p') [GeV]: multiple scattering with
      energy loss on the way makes a width that is the same for all momenta, sqrt(integral dx / p^2) = sqrt(L / (p p'));
    - the distance from a straight line along the start's direction, over the length flown, times sqrt(p p'), less half
      the deflection, which is what scattering all along the way adds on average.

    The latter two each have a component along the transverse momentum at the start and one across it, on the side to
    which the muon flies past the beam axis: they do not depend on the azimuth.

    Arguments:
        plane: z of the plane to which every state is carried, straight on, cm.
        floor: Momentum below which muons are not kept behind the absorber, GeV.

    References:
        Rossi, Greisen, Cosmic-ray theory (multiple scattering with energy loss) |
        https://doi.org/10.1103/RevModPhys.13.240
    """

    def __init__(self, plane: float, floor: float = 0.0) -> None:
        self.plane = plane
        self.floor = floor

    def forward(self, start: NDArray[np.floating[Any]], state: NDArray[np.floating[Any]]) -> Matrix:
        """Coordinates, shape (n, 5); the first is infinite at and below the floor.

        Arguments:
            start: start_x, start_y, start_z, px, py, pz, shape (n, 6).
            state: The columns `PLANE`, cm and GeV, shape (n, 6).

        Raises:
            RepresentationError: A muon starts behind the plane, flies backwards there, or has gained momentum.
        """
        first, last = start.astype(np.float64), state.astype(np.float64)
        p, p_plane = _size(first), _size(last)
        _refuse(first[:, 2] >= self.plane, f"starts behind the plane at {self.plane:.9g} cm")
        _refuse(last[:, 5] <= 0, "flies backwards at the plane")
        _refuse(p_plane >= p, "has more momentum behind the absorber than at its start")
        floor = self._floor(p)
        tangent, tangent_plane = _tangents(first), _tangents(last)
        at_plane = last[:, :2] + tangent_plane * (self.plane - last[:, 2])[:, None]
        length = (self.plane - first[:, 2])[:, None]
        scale = np.sqrt(p * p_plane)[:, None]
        deflection = (tangent_plane - tangent) * scale
        shift = (at_plane - first[:, :2] - tangent * length) / length * scale - deflection / 2
        along, across = transverse_axes(first)
        parts = [_dot(each, axis) for each in (deflection, shift) for axis in (along, across)]
        with np.errstate(divide="ignore"):
            log_loss = np.log((p - p_plane) / np.maximum(p_plane - floor, 0))
        return np.stack([log_loss, *parts], axis=1)

    def inverse(self, start: NDArray[np.floating[Any]], coordinates: Matrix) -> Matrix:
        """The columns `PLANE`, shape (n, 6), of coordinates (n, 5)."""
        first = start.astype(np.float64)
        log_loss, *parts = coordinates.T
        p = _size(first)
        floor = self._floor(p)
        with np.errstate(over="ignore"):
            p_plane = floor + (p - floor) / (1 + np.exp(log_loss))
        along, across = transverse_axes(first)
        deflection, shift = (a[:, None] * along + b[:, None] * across for a, b in (parts[:2], parts[2:]))
        scale = np.sqrt(p * p_plane)[:, None]
        length = (self.plane - first[:, 2])[:, None]
        tangent = _tangents(first)
        at_plane = first[:, :2] + length * (tangent + (shift + deflection / 2) / scale)
        tangent_plane = tangent + deflection / scale
        pz = p_plane / np.sqrt(1 + _dot(tangent_plane, tangent_plane))
        z = np.full(len(first), self.plane)
        return np.stack([*at_plane.T, z, *(tangent_plane * pz[:, None]).T, pz], axis=1)

    def state(self) -> dict[str, float]:
        """Constants as JSON values; `from_state` makes the same of them."""
        return {"plane": self.plane, "floor": self.floor}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Raises `RepresentationError` if a constant is missing or no number."""
        plane, floor = constants(
            {"constants": [state.get("plane"), state.get("floor")]}, "constants", "flight"
        )
        return cls(float(plane), float(floor))

    def _floor(self, p: Vector) -> Vector:
        return np.minimum(self.floor, p / 2)


def _size(state: Matrix) -> Vector:
    return np.asarray(np.sqrt(_dot(state[:, 3:], state[:, 3:])))


def _dot(a: Matrix, b: Matrix) -> Vector:
    return np.asarray(np.einsum("ij,ij->i", a, b))


def _tangents(state: Matrix) -> Matrix:
    return np.asarray(state[:, 3:5] / state[:, 5:])


def transverse_axes(start: Matrix) -> tuple[Matrix, Matrix]:
    """Unit vectors along the transverse momentum of starts (n, 6) and across it, to the side of the axis that the muon
    flies past, (n, 2) each."""
    x, y, _, px, py, _ = start.T
    along = np.stack([px, py], axis=1) / np.hypot(px, py)[:, None]
    side = np.where(x * py - y * px < 0, -1.0, 1.0)
    return along, np.stack([-along[:, 1] * side, along[:, 0] * side], axis=1)


def _refuse(bad: NDArray[np.bool_], what: str) -> None:
    if bad.any():
        raise RepresentationError(f"muon {int(np.argmax(bad))} {what}")
