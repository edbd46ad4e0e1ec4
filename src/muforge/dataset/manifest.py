"""`dataset.json`: what a data set holds, where it came from and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from muforge.errors import DatasetError
from muforge.problem import first_problem
from muforge.sample import OFF_AXIS_FEATURES

MANIFEST_NAME = "dataset.json"
SCHEMA_VERSION: Literal[1] = 1

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
SPLIT_FRACTIONS: dict[Split, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}

RANGED = (*OFF_AXIS_FEATURES, "weight")
"""Columns of which the smallest and the largest value are kept."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Record):
    """Smallest and largest value of a column, in the column's unit."""

    minimum: float
    maximum: float

    def union(self, other: Range) -> Range:
        return Range(minimum=min(self.minimum, other.minimum), maximum=max(self.maximum, other.maximum))


class RejectedRows(_Record):
    """Rows of a file that were left out for one reason; `fault` is False for rows that are no muons by design."""

    reason: str
    rows: int
    first_entries: tuple[int, ...]
    fault: bool


class Content(_Record):
    """The muons of one category in one file, or in all files read."""

    muons: int = 0
    sum_of_weights: float = 0.0
    sum_of_squared_weights: float = 0.0
    ranges: dict[str, Range] = {}

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]]) -> Content:
        """The content of the muons in these columns, each of shape (n,)."""
        weight = columns["weight"]
        if len(weight) == 0:
            return cls()
        return cls(
            muons=len(weight),
            sum_of_weights=float(weight.sum()),
            sum_of_squared_weights=float(np.square(weight).sum()),
            ranges={
                name: Range(minimum=float(columns[name].min()), maximum=float(columns[name].max()))
                for name in RANGED
            },
        )

    def plus(self, other: Content) -> Content:
        ranges = dict(self.ranges)
        for name, extent in other.ranges.items():
            ranges[name] = extent.union(ranges[name]) if name in ranges else extent
        return Content(
            muons=self.muons + other.muons,
            sum_of_weights=self.sum_of_weights + other.sum_of_weights,
            sum_of_squared_weights=self.sum_of_squared_weights + other.sum_of_squared_weights,
            ranges=ranges,
        )

    @property
    def n_eff(self) -> float:
        squares = self.sum_of_squared_weights
        return self.sum_of_weights**2 / squares if squares > 0 else 0.0


class FileIdentity(_Record):
    """By what an input file is recognised when the command is run again."""

    path: str
    bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path, name: Path | None = None) -> FileIdentity:
        """Of the file at `path`, which is called `name` if that is another one."""
        status = path.stat()
        return cls(path=str(name or path), bytes=status.st_size, modified_ns=status.st_mtime_ns)


class FileRecord(_Record):
    """One input file that was read to its end."""

    identity: FileIdentity
    sha256: str
    format: str
    entries: int
    protons_on_target: float | None
    events_known: bool
    ecut: float | None
    """Energy cut of the production in GeV, if the file states it."""
    columns: tuple[str, ...]
    one_coordinate_zero: int
    """Muons with exactly one of start_x and start_y zero; they count as off the axis."""
    rejected: tuple[RejectedRows, ...]
    categories: dict[int, Content]

    @property
    def faulty_rows(self) -> int:
        return sum(r.rows for r in self.rejected if r.fault)


class Fault(_Record):
    """One input file that could not be used, and why."""

    path: str
    reason: str


class CategoryRecord(_Record):
    """One category of the data set."""

    file: str
    sha256: str
    kept: Content
    """What the Parquet file holds: the first muons in the order of the files, up to the target."""
    read: Content
    """All muons of the files used; the rate per proton comes from these."""
    split: dict[Split, int]
    row_groups: tuple[int, ...]
    """Number of the input file that each row group comes from."""


class Settings(_Record):
    """What decides the content of a data set, next to its input files."""

    target: int | None
    seed: int
    protons_on_target: float | None
    blacklist: tuple[str, ...]


class ProtonsOnTarget(_Record):
    """The number of protons that the sum of weights stands for, and how it is known."""

    value: float
    source: Literal["given", "stated by the files", "assumed: one SHiP spill"]


class Manifest(_Record):
    """The content of `dataset.json`."""

    schema_version: Literal[1]
    muforge_version: str
    settings: Settings
    protons_on_target: ProtonsOnTarget
    largest_weight: float
    events_known: bool
    ecut: float | None
    columns: tuple[str, ...]
    categories: dict[int, CategoryRecord]
    files: tuple[FileRecord, ...]
    not_needed: tuple[str, ...]
    faults: tuple[Fault, ...]
    blacklisted: tuple[str, ...]

    @classmethod
    def load(cls, directory: Path) -> Manifest:
        """Read the manifest of a data set, or raise `DatasetError`."""
        path = directory / MANIFEST_NAME
        if not directory.exists():
            raise DatasetError(f"{directory}: no such data set")
        if not path.is_file():
            raise DatasetError(
                f"{directory}: not a data set, it has no {MANIFEST_NAME}; make one with 'muforge ingest'"
            )
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise DatasetError(
                f"{path}: not a data set manifest of schema version {SCHEMA_VERSION} ({first_problem(error)})"
            ) from None
