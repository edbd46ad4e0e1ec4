"""The ntuple `pythia8-Geant4` as an RNTuple, ROOT's successor of the TTree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import InputFileError
from muforge.formats.metadata import protons_in_title, protons_on_target
from muforge.formats.ntuple import (
    NTUPLE,
    REQUIRED_SOURCES,
    SOURCES,
    UNITS,
    events_known,
    metadata_in,
    to_chunk,
)
from muforge.formats.ntuple_writer import ROWS_PER_BLOCK, NtupleWriter
from muforge.formats.protocol import Chunk, FileInfo
from muforge.formats.root_file import RNTUPLE_CLASSES, has_object, open_root, refuse_missing

NUMBERS = frozenset(
    {"float", "double", *(f"std::{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64))}
)
"""Types of fields that hold one number an entry."""


class RNTupleReader:
    """Reads RNTuples with the columns of the flat ntuple, of any numeric type, positions in metres.

    Events, rows that are no muons and protons on target are as `FlatReader` has them, with the RNTuple's
    description in the place of a tree's title.
    """

    name = "rntuple"

    def recognises(self, path: Path) -> bool:
        return has_object(path, NTUPLE, RNTUPLE_CLASSES)

    def describe(self, path: Path) -> FileInfo:
        with open_root(path) as file:
            ntuple = file[NTUPLE]
            metadata = metadata_in(path, file)
            pot = protons_on_target(path, metadata) or protons_in_title(ntuple.description)
            known = events_known(_sources(path, ntuple), metadata)
            columns = {field.name: UNITS.get(field.name) for field in ntuple.fields}
            return FileInfo(
                self.name, ntuple.num_entries, pot, known, metadata, columns, str(ntuple.description)
            )

    def chunks(self, path: Path, rows: int) -> Iterator[Chunk]:
        with open_root(path) as file:
            ntuple = file[NTUPLE]
            sources = _sources(path, ntuple)
            known = events_known(sources, metadata_in(path, file))
            first = 0
            for arrays in _steps(ntuple, list(sources.values()), rows):
                chunk = to_chunk(arrays, sources, first, what="field", events_known=known)
                yield chunk
                first += chunk.entries


def _sources(path: Path, ntuple: Any) -> dict[str, str]:
    """Sample column to field, for the fields that the RNTuple has."""
    types = {field.name: str(field.typename) for field in ntuple.fields}
    missing = [name for name in REQUIRED_SOURCES.values() if name not in types]
    refuse_missing(path, missing, ("field", "fields"), f"RNTuple '{ntuple.name}'", types)
    sources = {name: field for name, field in SOURCES.items() if field in types}
    for field in sources.values():
        if types[field] not in NUMBERS:
            raise InputFileError(
                f"{path}: field '{field}' is of type {types[field] or 'record'}, expected one number an entry"
            )
    return sources


def _steps(ntuple: Any, names: Sequence[str], rows: int) -> Iterator[dict[str, NDArray[Any]]]:
    """The named fields, at most `rows` entries at a time, each cluster being read once; one empty step if none."""
    columns = {name: _column(ntuple, name) for name in names}
    for start, stop in _spans([int(cluster.num_entries) for cluster in ntuple.cluster_summaries], rows):
        entries = sum(int(cluster.num_entries) for cluster in ntuple.cluster_summaries[start:stop])
        whole = {name: ntuple.read_cluster_range(column, start, stop) for name, column in columns.items()}
        for name, values in whole.items():
            if len(values) != entries:
                raise ValueError(f"field '{name}' has {len(values)} values, expected {entries}")
        for first in range(0, max(entries, 1), rows):
            yield {name: values[first : first + rows] for name, values in whole.items()}


def _column(ntuple: Any, name: str) -> int:
    """Number of the column that holds a field of one number an entry."""
    field = ntuple[name].field_id
    return next(number for number, column in enumerate(ntuple.column_records) if column.field_id == field)


def _spans(entries: Sequence[int], rows: int) -> Iterator[tuple[int, int]]:
    """Ranges of clusters that together have at most `rows` entries, or are a single cluster; (0, 0) if none."""
    start, total = 0, 0
    for number, count in enumerate(entries):
        if number > start and total + count > rows:
            yield start, number
            start, total = number, 0
        total += count
    yield start, len(entries)


class RNTupleWriter(NtupleWriter):
    """Writes an RNTuple with the 17 float32 fields of FairShip's ntuple, in its order.

    Arguments:
        path, force, metadata, z_offset, compression, event_columns, variations: As `NtupleWriter`.
        title: Description of the RNTuple.
        rows_per_cluster: Rows in each cluster, which has one page a field.

    Raises:
        OutputError, ConfigError, SampleError: As `NtupleWriter`.

    References:
        RNTuple binary format | https://github.com/root-project/root/blob/master/tree/ntuple/doc/BinaryFormatSpecification.md
    """

    def __init__(self, path: Path | str, *, rows_per_cluster: int = ROWS_PER_BLOCK, **options: Any) -> None:
        super().__init__(path, rows_per_block=rows_per_cluster, block="cluster", **options)

    def _created(self, file: Any, dtypes: Mapping[str, np.dtype[Any]]) -> Any:
        return file.mkrntuple(NTUPLE, dict(dtypes), description=self._title)
