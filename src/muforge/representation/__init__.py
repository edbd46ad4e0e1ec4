"""Invertible maps between physical columns and network space, fitted on weighted data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.representation.broaden import Broaden
from muforge.representation.centre import Centre
from muforge.representation.chain import Chain, map_from_state
from muforge.representation.minmax import MinMax
from muforge.representation.note import NoteRepresentationConfig, fit_note_chain
from muforge.representation.physics import SYMMETRIC, PhysicsRepresentationConfig, fit_physics_chain
from muforge.representation.polar import Polar
from muforge.representation.protocol import Map, fit_data
from muforge.representation.quantile import KNOTS, Quantile
from muforge.sample import Sample

__all__ = [
    "Broaden",
    "Centre",
    "Chain",
    "Map",
    "MinMax",
    "NoteRepresentationConfig",
    "PhysicsRepresentationConfig",
    "Polar",
    "Quantile",
    "Representation",
    "RepresentationConfig",
]

RepresentationConfig = NoteRepresentationConfig | PhysicsRepresentationConfig


class Representation:
    """A map between named physical columns in cm and GeV and a float32 matrix in network space.

    Whatever lies within `bounds` in network space decodes to values within physical bounds, by bijection: nothing
    needs to be cut off. The round trip is exact to float32.

    Arguments:
        columns: Names of the d columns, in the order of the matrix.
        chain: The map, of d columns.
        symmetric: How many of the last columns of network space are standard normal and independent of the others
            by a symmetry of the physics. A network need not learn them; any normal number will do.

    Raises:
        RepresentationError: The map is not of as many columns.
    """

    def __init__(self, columns: Sequence[str], chain: Map, symmetric: int = 0) -> None:
        self.columns = tuple(columns)
        self.chain = chain
        self.symmetric = symmetric
        if chain.dimensions != len(self.columns):
            raise RepresentationError(f"{self._name} given a map of {chain.dimensions}")
        if not 0 <= symmetric < len(self.columns):
            raise RepresentationError(f"{self._name}: {symmetric} of them cannot be left to symmetry")

    @classmethod
    def fit(
        cls, sample: Sample, columns: Sequence[str], config: RepresentationConfig, *, knots: int = KNOTS
    ) -> Self:
        """The representation fitted to the muons with weight.

        Arguments:
            sample: Muons.
            columns: Names of the columns.
            config: Of either kind.
            knots: Quantiles that a table of the physical one has at most.

        Raises:
            RepresentationError: There are no muons with weight, or a column is constant.
            SampleError: The sample lacks a column.
        """
        matrix = sample.matrix(columns)
        fit_data(matrix, sample.weight, columns)
        if isinstance(config, NoteRepresentationConfig):
            return cls(columns, fit_note_chain(matrix, sample.weight, columns, config))
        chain = fit_physics_chain(matrix, sample.weight, config, end=_last_start(sample), knots=knots)
        return cls(columns, chain, SYMMETRIC)

    @property
    def dimensions(self) -> int:
        return len(self.columns)

    @property
    def learned(self) -> int:
        """How many of the first columns of network space a network has to learn."""
        return self.dimensions - self.symmetric

    def encode(self, sample: Sample) -> NDArray[np.float32]:
        """The columns of a sample in network space, shape (n, d)."""
        return self.chain.forward(sample.matrix(self.columns)).astype(np.float32)

    def decode(self, matrix: NDArray[np.floating[Any]]) -> dict[str, NDArray[np.float32]]:
        """The physical columns, each of shape (n,), of a matrix (n, d) in network space."""
        if matrix.ndim != 2 or matrix.shape[1] != self.dimensions:
            given = matrix.shape[1] if matrix.ndim == 2 else f"shape {matrix.shape}"
            raise RepresentationError(f"{self._name} given {given}")
        physical = self.chain.inverse(matrix).astype(np.float32)
        return {name: np.ascontiguousarray(physical[:, i]) for i, name in enumerate(self.columns)}

    def log_ratio(self, other: Representation, sample: Sample) -> NDArray[np.float64]:
        """Logarithm of the other's marginal densities over one's own, as `Quantile.log_ratio`, shape (n,).

        Raises:
            RepresentationError: One of them is not the physical one, or they have different front or radius.
        """
        (own, polar), (its, others) = (each.scores_and_polar() for each in (self, other))
        if polar.state() != others.state():
            raise RepresentationError(f"{self._name}: the other one has another front or radius")
        return own.log_ratio(its, polar.forward(sample.matrix(self.columns)))

    def scores_and_polar(self) -> tuple[Quantile, Polar]:
        """The two maps of the physical representation.

        Raises:
            RepresentationError: It is another one.
        """
        maps = self.chain.maps if isinstance(self.chain, Chain) else ()
        if len(maps) == 2 and isinstance(maps[0], Polar) and isinstance(maps[1], Quantile):
            return maps[1], maps[0]
        raise RepresentationError(f"{self._name}: not the physical representation")

    @property
    def bounds(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The float32 box (low, high), each of shape (learned,), that a network's output has to lie in."""
        infinity = np.full(self.dimensions, np.inf)
        low, high = (end[: self.learned] for end in self.chain.image(-infinity, infinity))
        return _round_up(low), -_round_up(-high)

    def state(self) -> dict[str, Any]:
        """Everything as JSON values; `from_state` makes the same map of it, to the last bit."""
        return {"columns": list(self.columns), "map": self.chain.state(), "symmetric": self.symmetric}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The representation that `state` was taken from; raises `RepresentationError` if it is none."""
        columns = state.get("columns")
        if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
            raise RepresentationError("state of a representation: 'columns' is not a list of names")
        symmetric = state.get("symmetric", 0)
        if not isinstance(symmetric, int):
            raise RepresentationError("state of a representation: 'symmetric' is not a number of columns")
        return cls(columns, map_from_state(state.get("map")), symmetric)

    @property
    def _name(self) -> str:
        return f"representation for {self.dimensions} columns ({', '.join(self.columns)})"


def _last_start(sample: Sample) -> float:
    """start_z [cm] of the plane behind the absorber, which no muon starts behind, or infinity if it is not known."""
    plane = float(sample["plane_z"].max()) if "plane_z" in sample else inf
    return plane if plane > sample["start_z"].max() else inf


def _round_up(values: NDArray[np.float64]) -> NDArray[np.float32]:
    nearest = values.astype(np.float32)
    return np.where(nearest < values, np.nextafter(nearest, np.float32(np.inf)), nearest)
