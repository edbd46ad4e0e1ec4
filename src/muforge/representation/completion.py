"""The representation of what a muon has besides its start: time, state behind the absorber, mother, origin, partner."""

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
from muforge.representation.pair import AZIMUTH_LIMITS, PAIR_COORDINATES, Pair
from muforge.representation.physics import PhysicsRepresentationConfig, lower_edge
from muforge.representation.protocol import Matrix, Vector
from muforge.representation.quantile import Quantile
from muforge.sample import COLUMNS, FURTHER, OFF_AXIS_FEATURES, PARTNER, PLANE, Sample, features

LIGHT = 29.9792458
"""Speed of light, cm/ns."""

KNOTS = 512
"""Quantiles in each table."""

TIME = "start_t"
KIND = ("parent_pdg", "origin")
"""Columns of whole numbers, which are learnt together as one choice among those seen."""

EARLIEST = 1000
"""Muons nearest to the front of the target, which tell where time begins."""

FARTHEST = 6.0
"""Largest normal score of a start: one in a billion."""

PAIRED = "paired"
"""Label of muons whose decay gave another one."""

FEWEST_PAIRS = 100
"""With fewer in the training data, pairs are not learnt."""

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Encoded:
    """Muons in network space.

    Arguments:
        given: Normal scores of the start, shape (n, given).
        scores: Of time and flight, shape (n, scores).
        kind: Number of each muon's kind, shape (n,); -1 if it was not seen in the fit.
        pair: Of the other muon of the decay, shape (n, pair_scores); zero where there is none.
    """

    given: NDArray[np.float32]
    scores: NDArray[np.float32]
    kind: NDArray[np.int64]
    pair: NDArray[np.float32]


class CompletionRepresentation:
    """Maps what follows from a start to network space, given the start, and back. Use `fit`.

    Time is taken as how much longer than light it took to the start vertex, over what light takes: the same for all
    muons of one velocity, such as those from the proton's own interactions. Both count from where light was at time
    zero, as told by the most upstream muons. `Flight` has the coordinates behind the absorber, `Pair` those of the
    other muon of the decay. Each is mapped to normal scores. A muon's kind is its mother, its origin, and whether there
    is another muon.

    Arguments:
        start: The physical representation of the start.
        origin: start_z of light at time zero, cm, or None if there is no time.
        flight: Coordinates of the state behind the absorber, or None if there is none.
        quantile: Map of time and flight, or None if there are neither.
        kinds: Name of each label to its values, one for each kind.
        pair: Coordinates of the other muon of the decay and their map, or None if it is not known or there is none.
    """

    def __init__(
        self,
        start: Representation,
        origin: float | None,
        flight: Flight | None,
        quantile: Quantile | None,
        kinds: Mapping[str, tuple[int, ...]],
        pair: tuple[Pair, Quantile] | None,
    ) -> None:
        self._start = start
        self._origin = origin
        self._flight = flight
        self._quantile = quantile
        self._kinds = {name: np.array(values, np.int32) for name, values in kinds.items()}
        self._pair = pair
        dimensions = 0 if quantile is None else quantile.dimensions
        if dimensions != (origin is not None) + (0 if flight is None else len(FLIGHT_COORDINATES)):
            raise RepresentationError(f"completion: a map of {dimensions} columns does not fit its columns")
        if len({len(values) for values in kinds.values()}) > 1:
            raise RepresentationError("completion: kinds of muons are not of equal length")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a sample that are made."""
        names = {*([] if self._origin is None else [TIME]), *(PLANE if self._flight else ()), *self._kinds}
        names |= {*PARTNER} if self._pair else set()
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
    def paired(self) -> tuple[bool, ...]:
        """Of each kind to choose from, whether there is another muon."""
        if self._pair is not None:
            return tuple(self._kinds[PAIRED] > 0)
        return (False,) * max((len(values) for values in self._kinds.values()), default=1)

    @property
    def pair_scores(self) -> int:
        """Continuous numbers to learn of another muon."""
        return 0 if self._pair is None else self._pair[1].dimensions

    @classmethod
    def fit(cls, sample: Sample, category: int, config: PhysicsRepresentationConfig) -> Self:
        """The representation of the columns that a sample has.

        Raises:
            RepresentationError: There is nothing besides the start, the start cannot be represented, or a state behind
                the absorber cannot follow from its start.
        """
        origin = _time_origin(sample) if TIME in sample else None
        flight = _flight(sample) if all(name in sample for name in PLANE) else None
        pair = _fit_pair(sample, config) if all(name in sample for name in PARTNER) else None
        kinds = _kinds(_labels(sample, paired=pair is not None), sample.weight)
        if origin is None and flight is None and not kinds:
            raise RepresentationError(
                f"the data have none of {', '.join(FURTHER)}, nor pairs of muons: nothing to complete muons with"
            )
        start = Representation.fit(sample, features(category), config, knots=KNOTS)
        quantile = None
        if origin is not None or flight is not None:
            names = [*([] if origin is None else [TIME]), *(FLIGHT_COORDINATES if flight is not None else ())]
            matrix = _coordinates(sample.columns, origin, flight)
            unbounded = dict.fromkeys(names, (-inf, inf))
            quantile = Quantile.fit(matrix, sample.weight, bounds=unbounded, knots=KNOTS)
        return cls(start, origin, flight, quantile, kinds, pair)

    def encode(self, sample: Sample) -> Encoded:
        """Muons with all the columns in network space."""
        scores = np.zeros((len(sample), 0))
        if self._quantile is not None:
            scores = self._quantile.forward(_coordinates(sample.columns, self._origin, self._flight))
        kind = np.full(len(sample), -1 if self._kinds else 0)
        labels = _labels(sample, paired=self._pair is not None)
        for number in range(len(self.paired) if self._kinds else 0):
            matches = [labels[name] == values[number] for name, values in self._kinds.items()]
            kind[np.logical_and.reduce(matches)] = number
        pair = np.zeros((len(sample), self.pair_scores))
        if self._pair is not None:
            momenta, normal = self._pair
            rows = labels[PAIRED] > 0
            pair[rows] = normal.forward(momenta.forward(*_momenta(sample.columns, rows)))
        given = self.encode_start(sample.columns)
        return Encoded(given, scores.astype(np.float32), kind, pair.astype(np.float32))

    def has_partner(self, sample: Sample) -> NDArray[np.bool_]:
        """Whether each muon's decay gave another one, as far as that is learnt, shape (n,)."""
        if self._pair is None:
            return np.zeros(len(sample), np.bool_)
        return np.asarray(_labels(sample, paired=True)[PAIRED] > 0)

    def encode_start(self, columns: Columns) -> NDArray[np.float32]:
        """Normal scores (n, given) of starts, as columns start_x ... pz, at most `FARTHEST` from zero.

        A start upstream of the front, which other muons' starts may be, has the largest pointing fraction.
        """
        matrix = np.stack([columns[name] for name in self._start.columns], axis=1)
        scores = self._start.chain.forward(matrix)[:, : self.given]
        return np.clip(np.nan_to_num(scores, nan=FARTHEST), -FARTHEST, FARTHEST).astype(np.float32)

    def decode(
        self, columns: Columns, scores: NDArray[Any], kind: NDArray[Any], pair: NDArray[Any]
    ) -> dict[str, NDArray[Any]]:
        """The columns of muons that start as `columns` say."""
        out: dict[str, NDArray[Any]] = {name: values[kind] for name, values in self._kinds.items()}
        if self._pair is not None:
            momenta, normal = self._pair
            rows = out[PAIRED] > 0
            second = np.zeros((len(kind), len(PARTNER)))
            second[rows] = momenta.inverse(_start_matrix(columns)[rows], normal.inverse(pair[rows]))
            out |= dict(zip(PARTNER, second.T, strict=True))
        if self._quantile is not None:
            coordinates = self._quantile.inverse(scores)
            if self._origin is not None:
                out[TIME] = (1 + coordinates[:, 0]) * _light_time(columns, self._origin)
            if self._flight is not None:
                state = self._flight.inverse(
                    _start_matrix(columns), coordinates[:, int(self._origin is not None) :]
                )
                out |= dict(zip(PLANE, state.T, strict=True))
        return {name: np.ascontiguousarray(out[name], COLUMNS[name].dtype) for name in self.columns}

    def state(self) -> dict[str, Any]:
        """Everything as JSON values; `from_state` makes the same of it."""
        return {
            "start": self._start.state(),
            "origin": self._origin,
            "flight": None if self._flight is None else self._flight.state(),
            "map": None if self._quantile is None else self._quantile.state(),
            "kinds": {name: values.tolist() for name, values in self._kinds.items()},
            "pair": None if self._pair is None else [each.state() for each in self._pair],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The representation that `state` was taken from; raises `RepresentationError` if it is none."""
        start, content = state.get("start"), state.get("map")
        origin, flight, kinds = state.get("origin"), state.get("flight"), state.get("kinds")
        if not isinstance(origin, int | float | None):
            raise RepresentationError("completion: 'origin' is damaged")
        if not isinstance(start, Mapping) or not isinstance(kinds, Mapping):
            raise RepresentationError("completion: not the state of a representation")
        pair = state.get("pair")
        if (PAIRED in kinds) != (pair is not None):
            raise RepresentationError(
                "completion: kinds with pairs need coordinates of a pair, and only they"
            )
        if not {*kinds} <= {*KIND, PAIRED} or not all(
            isinstance(each, list) and each for each in kinds.values()
        ):
            raise RepresentationError("completion: 'kinds' is damaged")
        quantile = Quantile.from_state(content) if isinstance(content, Mapping) else None
        labels = {str(name): tuple(map(int, values)) for name, values in kinds.items()}
        flown = Flight.from_state(flight) if isinstance(flight, Mapping) else None
        return cls(Representation.from_state(start), origin, flown, quantile, labels, _pair_from_state(pair))


def _flight(sample: Sample) -> Flight:
    momentum = np.linalg.norm([sample[name].astype(np.float64) for name in PLANE[3:]], axis=0)
    return Flight(float(np.median(sample["plane_z"])), max(lower_edge(momentum), 0.0))


def _fit_pair(sample: Sample, config: PhysicsRepresentationConfig) -> tuple[Pair, Quantile] | None:
    """Coordinates of the other muons and their map, or None if they are too few to learn from."""
    rows = (_labels(sample, paired=True)[PAIRED] > 0) & (sample.weight > 0)
    if rows.sum() < FEWEST_PAIRS:
        return None
    start, second = _momenta(sample.columns, rows)
    momentum = np.linalg.norm(second.astype(np.float64), axis=1)
    pair = Pair(max(lower_edge(momentum), 0.0), config.beam_momentum)
    bounds = dict.fromkeys(PAIR_COORDINATES, (-inf, inf)) | {PAIR_COORDINATES[-1]: AZIMUTH_LIMITS}
    return pair, Quantile.fit(pair.forward(start, second), sample.weight[rows], bounds=bounds)


def _pair_from_state(state: Any) -> tuple[Pair, Quantile] | None:
    if state is None:
        return None
    if not isinstance(state, list) or [type(each) for each in state] != [dict, dict]:
        raise RepresentationError("completion: 'pair' is damaged")
    return Pair.from_state(state[0]), Quantile.from_state(state[1])


def _labels(sample: Sample, *, paired: bool) -> dict[str, NDArray[Any]]:
    """The whole numbers that make a muon's kind."""
    labels = {name: sample[name] for name in KIND if name in sample}
    if paired:
        labels[PAIRED] = np.logical_or.reduce([sample[name] != 0 for name in PARTNER]).astype(np.int32)
    return labels


def _kinds(labels: Columns, weight: NDArray[np.float64]) -> dict[str, tuple[int, ...]]:
    if not labels:
        return {}
    rows = np.stack(list(labels.values()), axis=1)[weight > 0]
    distinct = np.unique(rows, axis=0).T
    return {name: tuple(values.tolist()) for name, values in zip(labels, distinct, strict=True)}


def _momenta(columns: Columns, rows: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Starts and momenta of the other muon of these rows."""
    second = np.stack([columns[name] for name in PARTNER], axis=1)
    return _start_matrix(columns)[rows], second[rows]


def _time_origin(sample: Sample) -> float:
    """start_z that no muon was nearer to than its time allows, told by those with the smallest rounding errors."""
    first = np.argsort(sample["start_z"])[:EARLIEST]
    z, t = (sample[name][first].astype(np.float64) for name in ("start_z", TIME))
    return float((z - LIGHT * t).max())


def _light_time(columns: Columns, origin: float) -> Vector:
    """What light takes from the origin, ns, shape (n,)."""
    return np.asarray((columns["start_z"].astype(np.float64) - origin) / LIGHT)


def _coordinates(columns: Columns, origin: float | None, flight: Flight | None) -> Matrix:
    parts = []
    if origin is not None:
        parts.append((columns[TIME].astype(np.float64) / _light_time(columns, origin) - 1)[:, None])
    if flight is not None:
        state = np.stack([columns[name] for name in PLANE], axis=1)
        parts.append(flight.forward(_start_matrix(columns), state))
    return np.concatenate(parts, axis=1)


def _start_matrix(columns: Columns) -> NDArray[Any]:
    return np.stack([columns[name] for name in OFF_AXIS_FEATURES], axis=1)
