"""The representation of what a muon has besides its start: time, state behind the absorber, mother and origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.representation import Representation
from muforge.representation.flight import FLIGHT_COORDINATES, Flight
from muforge.representation.physics import PhysicsRepresentationConfig, lower_edge
from muforge.representation.protocol import Matrix
from muforge.representation.quantile import Quantile
from muforge.sample import COLUMNS, FURTHER, OFF_AXIS_FEATURES, PLANE, Sample, features

LIGHT = 29.9792458
"""Speed of light, cm/ns."""

KNOTS = 512
"""Quantiles in each table."""

TIME = "start_t"
KIND = ("parent_pdg", "origin")
"""Columns of whole numbers, which are learnt together as one choice among those seen."""

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Encoded:
    """Muons in network space.

    Arguments:
        given: Normal scores of the start, shape (n, given).
        scores: Of time and flight, shape (n, scores).
        kind: Number of each muon's pair of mother and origin, shape (n,); -1 if it was not seen in the fit.
    """

    given: NDArray[np.float32]
    scores: NDArray[np.float32]
    kind: NDArray[np.int64]


class CompletionRepresentation:
    """Maps what follows from a start to network space, given the start, and back. Use `fit`.

    Time is that of the start vertex less what light takes from z = 0. `Flight` has the coordinates behind the absorber.
    Each is mapped to normal scores.

    Arguments:
        start: The physical representation of the start.
        timed: Whether there is a time.
        flight: Coordinates of the state behind the absorber, or None if there is none.
        quantile: Map of time and flight, or None if there are neither.
        kinds: Name of each label to its values, one for each pair of mother and origin.
    """

    def __init__(
        self,
        start: Representation,
        timed: bool,
        flight: Flight | None,
        quantile: Quantile | None,
        kinds: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._start = start
        self._timed = timed
        self._flight = flight
        self._quantile = quantile
        self._kinds = {name: np.array(values, COLUMNS[name].dtype) for name, values in kinds.items()}
        dimensions = 0 if quantile is None else quantile.dimensions
        if dimensions != timed + (0 if flight is None else len(FLIGHT_COORDINATES)):
            raise RepresentationError(f"completion: a map of {dimensions} columns does not fit its columns")
        if len({len(values) for values in kinds.values()}) > 1:
            raise RepresentationError("completion: kinds of muons are not of equal length")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a sample that are made."""
        names = {*([TIME] if self._timed else ()), *(PLANE if self._flight else ()), *self._kinds}
        return tuple(name for name in COLUMNS if name in names)

    @property
    def given(self) -> int:
        """Numbers in the start's part of network space."""
        return self._start.learned

    @property
    def scores(self) -> int:
        """Continuous numbers to learn."""
        return 0 if self._quantile is None else self._quantile.dimensions

    @property
    def kinds(self) -> int:
        """Pairs of mother and origin to choose from."""
        return max((len(values) for values in self._kinds.values()), default=1)

    @classmethod
    def fit(cls, sample: Sample, category: int, config: PhysicsRepresentationConfig) -> Self:
        """The representation of the columns that a sample has.

        Raises:
            RepresentationError: There is nothing besides the start, the start cannot be represented, or a state behind
                the absorber cannot follow from its start.
        """
        timed = TIME in sample
        flight = _flight(sample) if all(name in sample for name in PLANE) else None
        kinds = _kinds(sample)
        if not timed and flight is None and not kinds:
            raise RepresentationError(
                f"the data have none of {', '.join(FURTHER)}: nothing to complete muons with"
            )
        start = Representation.fit(sample, features(category), config, knots=KNOTS)
        quantile = None
        if timed or flight is not None:
            names = [*([TIME] if timed else ()), *(FLIGHT_COORDINATES if flight is not None else ())]
            matrix = _coordinates(sample.columns, timed, flight)
            unbounded = dict.fromkeys(names, (-inf, inf))
            quantile = Quantile.fit(matrix, sample.weight, bounds=unbounded, knots=KNOTS)
        return cls(start, timed, flight, quantile, kinds)

    def encode(self, sample: Sample) -> Encoded:
        """Muons with all the columns in network space."""
        scores = np.zeros((len(sample), 0))
        if self._quantile is not None:
            scores = self._quantile.forward(_coordinates(sample.columns, self._timed, self._flight))
        kind = np.full(len(sample), -1 if self._kinds else 0)
        for number in range(self.kinds if self._kinds else 0):
            matches = [sample[name] == values[number] for name, values in self._kinds.items()]
            kind[np.logical_and.reduce(matches)] = number
        given = self._start.encode(sample)[:, : self.given]
        return Encoded(given, scores.astype(np.float32), kind)

    def encode_start(self, columns: Columns) -> NDArray[np.float32]:
        """Normal scores (n, given) of starts, as columns start_x ... pz."""
        matrix = np.stack([columns[name] for name in self._start.columns], axis=1)
        return self._start.chain.forward(matrix)[:, : self.given].astype(np.float32)

    def decode(self, columns: Columns, scores: NDArray[Any], kind: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The columns of muons that start as `columns` say."""
        out: dict[str, NDArray[Any]] = {name: values[kind] for name, values in self._kinds.items()}
        if self._quantile is not None:
            coordinates = self._quantile.inverse(scores)
            if self._timed:
                out[TIME] = coordinates[:, 0] + columns["start_z"].astype(np.float64) / LIGHT
            if self._flight is not None:
                state = self._flight.inverse(_start_matrix(columns), coordinates[:, int(self._timed) :])
                out |= dict(zip(PLANE, state.T, strict=True))
        return {name: np.ascontiguousarray(out[name], COLUMNS[name].dtype) for name in self.columns}

    def state(self) -> dict[str, Any]:
        """Everything as JSON values; `from_state` makes the same of it."""
        return {
            "start": self._start.state(),
            "timed": self._timed,
            "flight": None if self._flight is None else self._flight.state(),
            "map": None if self._quantile is None else self._quantile.state(),
            "kinds": {name: values.tolist() for name, values in self._kinds.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The representation that `state` was taken from; raises `RepresentationError` if it is none."""
        start, content = state.get("start"), state.get("map")
        timed, flight, kinds = state.get("timed"), state.get("flight"), state.get("kinds")
        if not isinstance(start, Mapping) or not isinstance(timed, bool) or not isinstance(kinds, Mapping):
            raise RepresentationError("completion: not the state of a representation")
        if not {*kinds} <= {*KIND} or not all(isinstance(each, list) and each for each in kinds.values()):
            raise RepresentationError("completion: 'kinds' is damaged")
        quantile = Quantile.from_state(content) if isinstance(content, Mapping) else None
        labels = {str(name): tuple(map(int, values)) for name, values in kinds.items()}
        flown = Flight.from_state(flight) if isinstance(flight, Mapping) else None
        return cls(Representation.from_state(start), timed, flown, quantile, labels)


def _flight(sample: Sample) -> Flight:
    momentum = np.linalg.norm([sample[name].astype(np.float64) for name in PLANE[3:]], axis=0)
    return Flight(float(np.median(sample["plane_z"])), max(lower_edge(momentum), 0.0))


def _kinds(sample: Sample) -> dict[str, tuple[int, ...]]:
    names = [name for name in KIND if name in sample]
    if not names:
        return {}
    rows = np.stack([sample[name] for name in names], axis=1)[sample.weight > 0]
    return {
        name: tuple(values.tolist()) for name, values in zip(names, np.unique(rows, axis=0).T, strict=True)
    }


def _coordinates(columns: Columns, timed: bool, flight: Flight | None) -> Matrix:
    parts = []
    if timed:
        parts.append(
            (columns[TIME].astype(np.float64) - columns["start_z"].astype(np.float64) / LIGHT)[:, None]
        )
    if flight is not None:
        state = np.stack([columns[name] for name in PLANE], axis=1)
        parts.append(flight.forward(_start_matrix(columns), state))
    return np.concatenate(parts, axis=1)


def _start_matrix(columns: Columns) -> NDArray[Any]:
    return np.stack([columns[name] for name in OFF_AXIS_FEATURES], axis=1)
