"""Staged files into one Parquet file per category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from muforge.dataset.manifest import RANGED, SPLITS, CategoryRecord, Content, FileRecord, Manifest, Split
from muforge.dataset.scan import staged_batches
from muforge.dataset.split import split_of_events
from muforge.errors import OutputError
from muforge.files import atomic, sha256
from muforge.sample import COLUMNS, global_event

_REPEATING = ["pdg", "parent_pdg", "origin", "weight", "relative_weight", "ecut", "split", "plane_z"]
_ROWS_PER_GROUP = 500_000


@dataclass(frozen=True)
class Source:
    """Where the muons of one input file are: staged, or in the data set that is being added to."""

    record: FileRecord
    previous: tuple[Path, Manifest, int] | None
    """Directory and manifest of the present data set, and the file's number in it; None if staged."""


def common_columns(records: Sequence[FileRecord]) -> tuple[str, ...]:
    """The columns that every file has, in the order of `COLUMNS`."""
    return tuple(name for name in COLUMNS if all(name in record.columns for record in records))


@dataclass(frozen=True)
class MergeTask:
    """A category to be written.

    Arguments:
        category: 1 to 4.
        sources: One per input file.
        staging: The folder of staged files, into which the category is written too.
        target: Keep at most this many muons; None keeps all.
        largest_weight: By which weights are divided for `relative_weight`.
        seed: Of the split.
    """

    category: int
    sources: tuple[Source, ...]
    staging: Path
    target: int | None
    largest_weight: float
    seed: int

    @property
    def out(self) -> Path:
        """Where it is written."""
        return self.staging / f"category-{self.category}.parquet"


def merge_category(task: MergeTask) -> CategoryRecord:
    """Write the muons of one category, in the order of the files, and describe them.

    Raises:
        OutputError: The file cannot be written.
    """
    with atomic(task.out) as partial:
        return _merged(task, partial)


def _merged(task: MergeTask, out: Path) -> CategoryRecord:
    category, sources, staging, target = task.category, task.sources, task.staging, task.target
    columns = common_columns([source.record for source in sources])
    read = Content()
    kept = Content()
    row_groups: list[int] = []
    split = dict.fromkeys(SPLITS, 0)
    with ExitStack() as stack:
        writer = None
        for number, source in enumerate(sources):
            read = read.plus(source.record.categories[category])
            for table in _tables(category, source, staging):
                room = table.num_rows if target is None else min(table.num_rows, target - kept.muons)
                if room <= 0:
                    continue
                content, counts, rows = _prepare(
                    table.slice(0, room).select(columns), source, number, task.largest_weight, task.seed
                )
                if writer is None:
                    writer = stack.enter_context(_writer(out, rows.schema))
                writer.write_table(rows, row_group_size=_ROWS_PER_GROUP)
                row_groups.append(number)
                kept = kept.plus(content)
                for part, count in counts.items():
                    split[part] += count
        if writer is None:
            stack.enter_context(_writer(out, _schema(columns)))
    return CategoryRecord(
        file=task.out.name,
        sha256=sha256(out),
        kept=kept,
        read=read,
        split=split,
        row_groups=tuple(row_groups),
    )


def _tables(category: int, source: Source, staging: Path) -> Iterator[pa.Table]:
    if source.record.categories[category].muons == 0:
        return
    if source.previous is None:
        yield from _gathered(staged_batches(staging, source.record.identity, category))
        return
    directory, manifest, number = source.previous
    record = manifest.categories[category]
    file = pq.ParquetFile(directory / record.file)
    for group, of_file in enumerate(record.row_groups):
        if of_file == number:
            yield file.read_row_group(group)


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches joined until they have the rows of a row group, or a little less."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if waiting and rows + batch.num_rows > _ROWS_PER_GROUP:
            yield pa.Table.from_batches(waiting)
            waiting, rows = [], 0
        waiting.append(batch)
        rows += batch.num_rows
    if rows:
        yield pa.Table.from_batches(waiting)


def _prepare(
    table: pa.Table, source: Source, number: int, largest_weight: float, seed: int
) -> tuple[Content, dict[Split, int], pa.Table]:
    event = table["event"].to_numpy()
    if source.previous is not None:
        event = global_event(-source.previous[2], event)
    part = split_of_events(event, file_sha256=source.record.sha256, seed=seed)
    weight = table["weight"].to_numpy()
    content = Content.of({name: table[name].to_numpy() for name in RANGED})
    rows = table.set_column(
        table.schema.get_field_index("event"), "event", pa.array(global_event(number, event))
    )
    rows = rows.append_column("relative_weight", pa.array((weight / largest_weight).astype(np.float32)))
    rows = rows.append_column("split", pa.array(part))
    counts = np.bincount(part, minlength=len(SPLITS))
    return content, {name: int(count) for name, count in zip(SPLITS, counts, strict=True)}, rows


def _schema(columns: Sequence[str]) -> pa.Schema:
    fields = [pa.field(name, pa.from_numpy_dtype(COLUMNS[name].dtype)) for name in columns]
    return pa.schema([*fields, pa.field("relative_weight", pa.float32()), pa.field("split", pa.int8())])


def _writer(out: Path, schema: pa.Schema) -> pq.ParquetWriter:
    try:
        return pq.ParquetWriter(
            out, schema, compression="lz4", use_dictionary=_REPEATING, write_statistics=False
        )
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error})") from error
