"""`Sample`: the muons as they travel through the package, validated once at the door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.errors import SampleError

MU_MINUS = 13
MU_PLUS = -13

CATEGORIES = (1, 2, 3, 4)
CATEGORY_TITLES: Mapping[int, str] = {
    1: "mu+ on axis",
    2: "mu- on axis",
    3: "mu+ off axis",
    4: "mu- off axis",
}


@dataclass(frozen=True)
class Column:
    """A column that a `Sample` can hold."""

    name: str
    dtype: np.dtype[Any]
    unit: str
    description: str


def _column(name: str, dtype: type, unit: str, description: str) -> tuple[str, Column]:
    return name, Column(name, np.dtype(dtype), unit, description)


MOST_VARIATIONS = 32
VARIATIONS = tuple(f"variation_{replica}" for replica in range(1, MOST_VARIATIONS + 1))
"""Columns that tell how uncertain a generated muon's weight is, one for each replica of the model."""

REQUIRED: Mapping[str, Column] = dict(
    [
        _column("pdg", np.int32, "", "PDG code: 13 is mu-, -13 is mu+"),
        _column("start_x", np.float32, "cm", "start vertex, x"),
        _column("start_y", np.float32, "cm", "start vertex, y"),
        _column("start_z", np.float32, "cm", "start vertex, z, in the frame of the input"),
        _column("px", np.float32, "GeV", "momentum at the start vertex, x"),
        _column("py", np.float32, "GeV", "momentum at the start vertex, y"),
        _column("pz", np.float32, "GeV", "momentum at the start vertex, z"),
        _column("weight", np.float64, "", "weight; their sum stands for `protons_on_target` protons"),
        _column("event", np.int64, "", "number of the primary proton's event"),
    ]
)
OPTIONAL: Mapping[str, Column] = dict(
    [
        _column("start_t", np.float32, "ns", "time of the start vertex"),
        _column("plane_x", np.float32, "cm", "position behind the hadron absorber, x"),
        _column("plane_y", np.float32, "cm", "position behind the hadron absorber, y"),
        _column("plane_z", np.float32, "cm", "position behind the hadron absorber, z"),
        _column("plane_px", np.float32, "GeV", "momentum behind the hadron absorber, x"),
        _column("plane_py", np.float32, "GeV", "momentum behind the hadron absorber, y"),
        _column("plane_pz", np.float32, "GeV", "momentum behind the hadron absorber, z"),
        _column("parent_pdg", np.int32, "", "PDG code of the mother"),
        _column("origin", np.int32, "", "kind of process that made the muon, as numbered by the producer"),
        _column("decay", np.int64, "", "muons of one event with equal numbers come from one decay"),
        _column(
            "partner_px", np.float32, "GeV", "momentum of the other muon of the decay, x; 0 if none was kept"
        ),
        _column(
            "partner_py", np.float32, "GeV", "momentum of the other muon of the decay, y; 0 if none was kept"
        ),
        _column(
            "partner_pz", np.float32, "GeV", "momentum of the other muon of the decay, z; 0 if none was kept"
        ),
        *(
            _column(name, np.float32, "", "weight of a replica of the model, over that of the model itself")
            for name in VARIATIONS
        ),
        _column("ecut", np.float32, "GeV", "energy cut of the production"),
        _column("dangerous", np.int32, "", "1 if the producer calls the muon dangerous, else 0"),
    ]
)
COLUMNS: Mapping[str, Column] = {**REQUIRED, **OPTIONAL}

PLANE = ("plane_x", "plane_y", "plane_z", "plane_px", "plane_py", "plane_pz")
"""The state behind the absorber."""

PARTNER = ("partner_px", "partner_py", "partner_pz")
"""The momentum of the other muon of the same decay."""

FURTHER = ("start_t", *PLANE, "parent_pdg", "origin")
"""What a muon has besides its start, and models may learn."""

ON_AXIS_FEATURES = ("start_z", "px", "py", "pz")
OFF_AXIS_FEATURES = ("start_x", "start_y", "start_z", "px", "py", "pz")


def check_category(category: int) -> int:
    """The category itself, or `SampleError` if it is not 1, 2, 3 or 4."""
    if category not in CATEGORIES:
        raise SampleError(f"category {category}: must be 1, 2, 3 or 4")
    return category


def features(category: int) -> tuple[str, ...]:
    """The columns that a generator of this category learns: 4 for vertices on the beam axis, else 6."""
    return ON_AXIS_FEATURES if check_category(category) <= 2 else OFF_AXIS_FEATURES


def other_charge(category: int) -> int:
    """The category of the same vertices and the other charge."""
    return category + 1 if check_category(category) % 2 else category - 1


def pdg_code(category: int) -> int:
    """PDG code of the muons of a category: 1 and 3 are mu+ (-13), 2 and 4 are mu- (13)."""
    return MU_PLUS if check_category(category) % 2 else MU_MINUS


EVENTS_PER_FILE = 2**40


def global_event(file: int, event: NDArray[Any]) -> NDArray[np.int64]:
    """Event numbers that stay unique when several files, each counting its own events, are joined."""
    return file * EVENTS_PER_FILE + event.astype(np.int64)


def effective_sample_size(weight: NDArray[Any]) -> float:
    """N_eff = (sum w)^2 / sum w^2 (Kish 1965); 0 for an empty or all-zero set."""
    w = np.asarray(weight, np.float64)
    squares = float(w @ w)
    return float(w.sum()) ** 2 / squares if squares > 0 else 0.0


class Sample:
    """Weighted muons as named columns in cm, GeV and ns.

    A sample has every column of `REQUIRED` (`event` may be left out: each muon is then an event of its
    own) and any of `OPTIONAL`. It is checked when made; after that everything in it is finite, of the right
    length and type, a muon, and of non-negative weight. Zero rows are allowed.

    Arguments:
        columns: Name to array of shape (n,).
        protons_on_target: The number of protons that the sum of weights stands for, or None if unknown.
        events_known: False where the source does not say which muons share a proton.

    Raises:
        SampleError: A column is missing, unknown, of another length, or holds a bad value (the message
            names the column, the row and the value).
    """

    __slots__ = ("_columns", "events_known", "protons_on_target")

    def __init__(
        self,
        columns: Mapping[str, ArrayLike],
        *,
        protons_on_target: float | None = None,
        events_known: bool = True,
    ) -> None:
        given = dict(columns)
        if "event" not in given and "pdg" in given:
            given["event"] = np.arange(len(np.atleast_1d(given["pdg"])))
            events_known = False
        _check_names(given)
        arrays = {name: _as_column(COLUMNS[name], values) for name, values in given.items()}
        _check_lengths(arrays)
        _check_values(arrays)
        if protons_on_target is not None and not (np.isfinite(protons_on_target) and protons_on_target > 0):
            raise SampleError(f"protons on target {protons_on_target}: must be a positive number")
        self._columns: dict[str, NDArray[Any]] = arrays
        self.protons_on_target = protons_on_target
        self.events_known = events_known

    def __len__(self) -> int:
        return len(self._columns["pdg"])

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self._columns[name]
        except KeyError:
            raise SampleError(
                f"column '{name}': not in this sample, which has {', '.join(self.names)}"
            ) from None

    def __repr__(self) -> str:
        pot = "unknown" if self.protons_on_target is None else f"{self.protons_on_target:.4g}"
        return f"Sample({len(self)} muons, N_eff {self.n_eff:.0f}, protons on target {pot}: {', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns present, in the order of `COLUMNS`."""
        return tuple(name for name in COLUMNS if name in self._columns)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns present, as a new dictionary in the order of `COLUMNS`."""
        return {name: self._columns[name] for name in self.names}

    @property
    def weight(self) -> NDArray[np.float64]:
        return self._columns["weight"]

    @property
    def sum_of_weights(self) -> float:
        return float(self.weight.sum())

    @property
    def n_eff(self) -> float:
        """Effective sample size, (sum w)^2 / sum w^2."""
        return effective_sample_size(self.weight)

    @property
    def category(self) -> NDArray[np.int8]:
        """Category of each muon, shape (n,): 1 mu+ and 2 mu- with start_x == start_y == 0, 3 mu+ and 4 mu- else."""
        off_axis = (self["start_x"] != 0) | (self["start_y"] != 0)
        minus = self["pdg"] == MU_MINUS
        category: NDArray[np.int8] = 1 + 2 * off_axis.view(np.int8) + minus.view(np.int8)
        return category

    def matrix(self, names: Sequence[str]) -> NDArray[np.float32]:
        """The named columns side by side, float32, shape (n, len(names))."""
        return np.stack([self[name].astype(np.float32, copy=False) for name in names], axis=1)

    def select(self, rows: NDArray[Any] | slice) -> Sample:
        """The rows of a mask, an index array or a slice, as a sample of the same meaning."""
        return self._trusted({name: values[rows] for name, values in self._columns.items()}, self)

    def require_muons(self, what: str) -> Sample:
        """This sample, or `SampleError` naming `what` if it has no rows or its weights sum to zero."""
        if len(self) == 0:
            raise SampleError(f"{what}: no muons")
        if self.sum_of_weights <= 0:
            raise SampleError(f"{what}: all {len(self)} weights are zero")
        return self

    @classmethod
    def concatenate(cls, samples: Iterable[Sample]) -> Sample:
        """One sample from several of the same production, keeping the columns that all of them have.

        Event numbers are taken as they are; protons on target add up (unknown if any is unknown).
        """
        parts = list(samples)
        if not parts:
            raise SampleError("nothing to concatenate")
        names = [name for name in COLUMNS if all(name in part for part in parts)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in names}
        out = cls._trusted(joined, parts[0])
        pots = [part.protons_on_target for part in parts]
        out.protons_on_target = sum(p for p in pots if p is not None) if None not in pots else None
        out.events_known = all(part.events_known for part in parts)
        return out

    @classmethod
    def _trusted(cls, columns: dict[str, NDArray[Any]], like: Sample) -> Sample:
        out = cls.__new__(cls)
        out._columns = columns
        out.protons_on_target = like.protons_on_target
        out.events_known = like.events_known
        return out


def _check_names(given: Mapping[str, ArrayLike]) -> None:
    for name in REQUIRED:
        if name not in given:
            raise SampleError(f"column '{name}': missing")
    for name in given:
        if name not in COLUMNS:
            known = [each for each in COLUMNS if each not in VARIATIONS]
            raise SampleError(f"column '{name}': unknown; known are {', '.join(known)}, {VARIATIONS[0]}, ...")


def _as_column(column: Column, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise SampleError(f"column '{column.name}': shape {array.shape}, expected one dimension")
    if column.dtype.kind == "i" and array.dtype.kind == "f" and not np.array_equal(array, np.trunc(array)):
        row = int(np.flatnonzero(array != np.trunc(array))[0])
        raise SampleError(f"column '{column.name}', row {row}: {array[row]}, expected an integer")
    return np.ascontiguousarray(array, dtype=column.dtype)


def _check_lengths(arrays: Mapping[str, NDArray[Any]]) -> None:
    rows = len(arrays["pdg"])
    for name, array in arrays.items():
        if len(array) != rows:
            raise SampleError(f"column '{name}': {len(array)} rows, but 'pdg' has {rows}")


def _check_values(arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "f":
            _refuse(~np.isfinite(array), name, array, "must be finite")
    _refuse(np.abs(arrays["pdg"]) != MU_MINUS, "pdg", arrays["pdg"], "a muon has PDG code 13 or -13")
    _refuse(arrays["weight"] < 0, "weight", arrays["weight"], "must not be negative")


def _refuse(bad: NDArray[np.bool_], name: str, array: NDArray[Any], rule: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise SampleError(f"column '{name}', row {row}: {array[row]}; {rule}")
