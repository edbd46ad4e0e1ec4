"""One input file into a staging folder: an Arrow file per category, then the record that says it is finished."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from muforge.dataset.manifest import Content, FileIdentity, FileRecord, RejectedRows
from muforge.errors import InputFileError
from muforge.files import atomic_directory, sha256
from muforge.formats import reader_for
from muforge.formats.protocol import Rejection
from muforge.sample import CATEGORIES

ROWS_PER_CHUNK = 500_000
_RECORD_NAME = "record.json"
_FIRST_ENTRIES = 10


def staged_folder(staging: Path, identity: FileIdentity) -> Path:
    """Where the muons of an input file are staged."""
    name = hashlib.sha256(identity.model_dump_json().encode()).hexdigest()
    return staging / name[:16]


def staged_record(staging: Path, identity: FileIdentity) -> FileRecord | None:
    """The record of a file that was staged to its end before, else None."""
    path = staged_folder(staging, identity) / _RECORD_NAME
    return FileRecord.model_validate_json(path.read_bytes()) if path.is_file() else None


def staged_batches(staging: Path, identity: FileIdentity, category: int) -> Iterator[pa.RecordBatch]:
    """The staged muons of one category, a chunk of the input file at a time."""
    path = staged_folder(staging, identity) / f"{category}.arrow"
    with pa.OSFile(str(path)) as source:
        file = pa.ipc.open_file(source)
        for number in range(file.num_record_batches):
            yield file.get_batch(number)


def scan(
    path: Path, staging: Path, advance: Callable[[float, int], None], *, name: Path | None = None
) -> FileRecord:
    """Read one file and stage its muons by category.

    Arguments:
        path: The input file.
        staging: The folder of all staged files.
        advance: Called after each chunk with the fraction of the file it was and its number of muons.
        name: What the data set calls the file; None is `path`.

    Raises:
        InputFileError: The file is damaged, of no known format, or has no muons with a weight.
    """
    reader = reader_for(path)
    identity = FileIdentity.of(path, name)
    info = reader.describe(path)
    contents = {category: Content() for category in CATEGORIES}
    rejected: dict[tuple[str, bool], RejectedRows] = {}
    one_coordinate_zero = 0
    names: tuple[str, ...] = ()
    ecut: float | None = None
    with atomic_directory(staged_folder(staging, identity)) as folder, ExitStack() as stack:
        writers: dict[int, Any] = {}
        for chunk in reader.chunks(path, ROWS_PER_CHUNK):
            sample = chunk.sample
            names = names or sample.names
            if "ecut" in sample and len(sample):
                ecut = max(ecut or 0.0, float(sample["ecut"].max()))
            categories = sample.category
            one_coordinate_zero += int(((sample["start_x"] == 0) != (sample["start_y"] == 0)).sum())
            for category in CATEGORIES:
                part = sample.select(categories == category)
                contents[category] = contents[category].plus(Content.of(part.columns))
                batch = pa.record_batch(part.columns)
                if category not in writers:
                    # closed by the stack itself: a writer that fails to close leaves its file open
                    sink = stack.enter_context(pa.OSFile(str(folder / f"{category}.arrow"), "wb"))
                    writers[category] = stack.enter_context(pa.ipc.new_file(sink, batch.schema))
                writers[category].write_batch(batch)
            for rejection in chunk.rejections:
                _add(rejected, rejection)
            advance(chunk.entries / max(info.entries, 1), len(sample))
        stack.close()
        _require_weight(path, contents, rejected)
        record = FileRecord(
            identity=identity,
            sha256=sha256(path),
            format=info.format,
            entries=info.entries,
            protons_on_target=info.protons_on_target,
            events_known=info.events_known,
            ecut=ecut,
            columns=names,
            one_coordinate_zero=one_coordinate_zero,
            rejected=tuple(rejected.values()),
            categories=contents,
        )
        (folder / _RECORD_NAME).write_text(record.model_dump_json(indent=1), encoding="utf-8")
    return record


def _add(rejected: dict[tuple[str, bool], RejectedRows], new: Rejection) -> None:
    key = (new.reason, new.fault)
    old = rejected.get(key)
    entries = (*(old.first_entries if old else ()), *new.first_entries)[:_FIRST_ENTRIES]
    rows = new.rows + (old.rows if old else 0)
    rejected[key] = RejectedRows(reason=new.reason, rows=rows, first_entries=entries, fault=new.fault)


def _require_weight(
    path: Path, contents: dict[int, Content], rejected: dict[tuple[str, bool], RejectedRows]
) -> None:
    muons = sum(content.muons for content in contents.values())
    if muons == 0:
        why = "; ".join(f"{r.rows} rows left out: {r.reason}" for r in rejected.values())
        raise InputFileError(f"{path}: no muons" + (f" ({why})" if why else ""))
    if sum(content.sum_of_weights for content in contents.values()) <= 0:
        raise InputFileError(f"{path}: all {muons} weights are zero")
