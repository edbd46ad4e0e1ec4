"""Whole files to one `Sample`, and one `Sample` to a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import InputFileError
from muforge.formats.metadata import EVENTS_FIELD, POT_FIELD
from muforge.formats.protocol import Chunk, Reader
from muforge.formats.registry import reader_for, writer_for
from muforge.sample import EVENTS_PER_FILE, Sample, global_event

CHUNK_ROWS = 1_000_000


def read(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    rows: int | None = None,
    at_most: int | None = None,
) -> Sample:
    """All muons of one or more files, of any format that muforge reads, as one sample held in memory.

    With several files the event numbers are made unique over them, and the columns are those that every file
    has. Protons on target add up, and are unknown if one file does not state them. Rows that are no muons are
    left out.

    Arguments:
        paths: A file, or several.
        rows: Muons read at a time (default one million).
        at_most: Entries of each file that are read, from its beginning. Protons on target are then in proportion.

    Raises:
        InputFileError: A file cannot be read, or holds damaged rows; `muforge ingest` leaves those out.
    """
    files = [Path(paths)] if isinstance(paths, str | PathLike) else [Path(path) for path in paths]
    if not files:
        raise InputFileError("no input files given")
    samples = [_read_file(path, rows or CHUNK_ROWS, at_most) for path in files]
    if len(samples) == 1:
        return samples[0]
    return Sample.concatenate(_with_events(sample, index) for index, sample in enumerate(samples))


def write(sample: Sample, path: str | PathLike[str], format: str = "flat", **options: Any) -> None:
    """Write a sample as one file; `options` are those of the format's writer.

    Protons on target, and whether the event numbers are known, go into the metadata (unless `metadata` says
    otherwise), so that `read` finds them again.

    Raises:
        OutputError: The file exists (without `force=True`), is a directory, or cannot be written.
        ConfigError: There is no such format, or an option is out of range.
    """
    known = {POT_FIELD: sample.protons_on_target, EVENTS_FIELD: sample.events_known}
    options["metadata"] = known | dict(options.get("metadata") or {})
    with writer_for(format)(Path(path), **options) as writer:
        writer.write(sample)


def _read_file(path: Path, rows: int, at_most: int | None) -> Sample:
    reader = reader_for(path)
    about = reader.describe(path)
    read = about.entries if at_most is None else min(at_most, about.entries)
    sample = Sample.concatenate(_clean(path, reader, min(rows, read or rows), read))
    if about.protons_on_target is not None:
        sample.protons_on_target = about.protons_on_target * (read / about.entries if about.entries else 1)
    return sample


def _clean(path: Path, reader: Reader, rows: int, at_most: int) -> Iterator[Sample]:
    left = at_most
    for chunk in reader.chunks(path, rows):
        _refuse_faults(path, chunk)
        yield chunk.sample if chunk.entries <= left else chunk.sample.select(slice(left))
        left -= chunk.entries
        if left <= 0:
            return


def _refuse_faults(path: Path, chunk: Chunk) -> None:
    for rejection in chunk.rejections:
        if rejection.fault:
            entries = ", ".join(str(entry) for entry in rejection.first_entries)
            more = ", ..." if rejection.rows > len(rejection.first_entries) else ""
            raise InputFileError(
                f"{path}: {rejection.rows} damaged rows (entries {entries}{more}): {rejection.reason}; "
                "`muforge ingest` leaves such rows out"
            )


def _with_events(sample: Sample, index: int) -> Sample:
    unique = global_event(index, _within_file(sample["event"]))
    return Sample(
        sample.columns | {"event": unique},
        protons_on_target=sample.protons_on_target,
        events_known=sample.events_known,
    )


def _within_file(event: NDArray[np.int64]) -> NDArray[np.int64]:
    """The event numbers, renumbered in their order if they do not fit into the range of one file."""
    if len(event) and (event.min() < 0 or event.max() >= EVENTS_PER_FILE):
        return np.unique(event, return_inverse=True)[1]
    return event
