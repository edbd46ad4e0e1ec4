"""Parquet with the column names and types of `Sample`, without loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from muforge.errors import ConfigError, InputFileError, SampleError
from muforge.formats.atomic_writer import AtomicWriter
from muforge.formats.blocks import Blocks, Columns
from muforge.formats.compression import Compression, check_compression
from muforge.formats.metadata import EVENTS_FIELD, METADATA_KEY, TITLE_KEY, decode, protons_on_target
from muforge.formats.protocol import Chunk, FileInfo
from muforge.formats.reading import reading, starts_with
from muforge.formats.sift import Sieve, sift
from muforge.sample import COLUMNS, REQUIRED, Sample

MAGIC = b"PAR1"
ROWS_PER_GROUP = 1_000_000


class ParquetReader:
    """Reads our Parquet files; columns that a `Sample` does not know are ignored.

    Without an `event` column every row is an event of its own.
    """

    name = "parquet"

    def recognises(self, path: Path) -> bool:
        return starts_with(path, MAGIC)

    def describe(self, path: Path) -> FileInfo:
        with _open(path) as file:
            metadata = _metadata(path, file)
            schema = file.schema_arrow
            return FileInfo(
                self.name,
                file.metadata.num_rows,
                protons_on_target(path, metadata),
                _events_known(_names(path, file), metadata),
                metadata,
                {name: COLUMNS[name].unit if name in COLUMNS else None for name in schema.names},
                (schema.metadata or {}).get(TITLE_KEY.encode(), b"").decode(errors="replace"),
            )

    def chunks(self, path: Path, rows: int) -> Iterator[Chunk]:
        with _open(path) as file:
            names = _names(path, file)
            known = _events_known(names, _metadata(path, file))
            first = 0
            for batch in _batches(file, names, rows):
                chunk = _chunk(batch, first, known)
                yield chunk
                first += chunk.entries


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        reading(path),
        pa.OSFile(str(path), "rb") as handle,
        pq.ParquetFile(handle, pre_buffer=False) as file,
    ):
        yield file


def stored_metadata(path: Path) -> dict[str, Any]:
    """The metadata in a Parquet file, {} if there are none."""
    with _open(path) as file:
        return _metadata(path, file)


def _metadata(path: Path, file: Any) -> dict[str, Any]:
    text = (file.schema_arrow.metadata or {}).get(METADATA_KEY.encode())
    return decode(path, text) if text is not None else {}


def _events_known(names: list[str], metadata: Mapping[str, Any]) -> bool:
    return "event" in names and bool(metadata.get(EVENTS_FIELD, True))


def _names(path: Path, file: Any) -> list[str]:
    import pyarrow.types as kinds

    schema = file.schema_arrow
    for name in REQUIRED:
        if name not in schema.names and name != "event":
            raise InputFileError(f"{path}: column '{name}' is missing, found {', '.join(schema.names)}")
    names = [name for name in COLUMNS if name in schema.names]
    for name in names:
        kind = schema.field(name).type
        if not (kinds.is_integer(kind) or kinds.is_floating(kind)):
            raise InputFileError(f"{path}: column '{name}' is of type {kind}, expected numbers")
    return names


def _batches(file: Any, names: list[str], rows: int) -> Iterator[Any]:
    if file.metadata.num_rows == 0:
        yield file.read(columns=names)
    else:
        yield from file.iter_batches(batch_size=rows, columns=names)


def _chunk(batch: Any, first: int, known: bool) -> Chunk:
    raw = {
        name: column.to_numpy(zero_copy_only=False)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    entries = np.arange(first, first + batch.num_rows)
    sieve = Sieve(entries)
    labels = {name: name for name in COLUMNS}
    sample = sift({"event": entries} | raw, sieve, labels=labels, what="column", events_known=known)
    return Chunk(sample, len(entries), sieve.rejections)


_CODECS: Mapping[Compression, str] = {"lz4": "lz4", "zstd": "zstd", "zlib": "gzip", "none": "none"}
"""What Parquet calls the compressions."""


class ParquetWriter(AtomicWriter):
    """Writes every column of the samples, which must all have those of the first one.

    Arguments:
        path, force: As `AtomicWriter`.
        metadata: JSON content of the schema's key `muforge`.
        title: Content of the schema's key `title`.
        compression: One of "lz4", "zstd", "zlib" and "none".
        rows_per_group: Rows in each row group.

    Raises:
        OutputError: As `AtomicWriter`.
        ConfigError: An option is out of range.
        SampleError: A sample has other columns than the first one.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        force: bool = False,
        metadata: Mapping[str, Any] | None = None,
        title: str = "",
        compression: Compression = "zstd",
        rows_per_group: int = ROWS_PER_GROUP,
    ) -> None:
        super().__init__(path, force=force, metadata=metadata, title=title)
        self._compression = _CODECS[check_compression(compression)]
        if rows_per_group < 1:
            raise ConfigError(f"rows per group {rows_per_group}: must be at least 1")
        self._rows_per_group = rows_per_group
        self._rows: Blocks | None = None
        self._names: tuple[str, ...] = tuple(REQUIRED)
        self._sink: Any = None
        self._file: Any = None

    def write(self, sample: Sample) -> None:
        rows = self._rows or self._begin(sample.names)
        if sample.names != self._names:
            raise SampleError(
                f"columns {', '.join(sample.names)}: expected those before, {', '.join(self._names)}"
            )
        rows.append(sample.columns)

    @contextmanager
    def _opened(self, partial: Path) -> Iterator[None]:
        import pyarrow as pa

        with pa.OSFile(str(partial), "wb") as self._sink:
            try:
                yield
                (self._rows or self._begin(tuple(REQUIRED))).flush()
                self._file.close()
            except BaseException:
                self._abandon()
                raise

    def _begin(self, names: tuple[str, ...]) -> Blocks:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [pa.field(name, pa.from_numpy_dtype(COLUMNS[name].dtype), nullable=False) for name in names]
        schema = pa.schema(fields, metadata={METADATA_KEY: self._metadata, TITLE_KEY: self._title})
        self._file = pq.ParquetWriter(self._sink, schema, compression=self._compression, use_dictionary=False)
        self._names = names
        self._rows = Blocks({name: COLUMNS[name].dtype for name in names}, self._rows_per_group, self._extend)
        return self._rows

    def _extend(self, block: Columns) -> None:
        import pyarrow as pa

        table = pa.table(dict(block), schema=self._file.schema)
        self._file.write_table(table, row_group_size=self._rows_per_group)

    def _abandon(self) -> None:
        """Close without minding the outcome; else pyarrow would do it, and complain, at some later time."""
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.close()
            self._file.is_open = False
