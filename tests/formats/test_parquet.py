from __future__ import annotations

import errno
import gc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from muforge.errors import InputFileError, OutputError, SampleError
from muforge.formats import read, reader_for, write
from muforge.formats.parquet import ParquetReader, ParquetWriter
from muforge.formats.protocol import Rejection
from muforge.sample import COLUMNS, REQUIRED, Sample
from tests.formats.muons import assert_same, some_muons


@pytest.mark.parametrize("pot", [None, 1.5e13])
@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("events_known", [False, True])
@pytest.mark.parametrize("rows", [0, 1000])
def test_a_sample_comes_back_whole(
    tmp_path: Path, pot: float | None, optional: bool, events_known: bool, rows: int
) -> None:
    sample, path = some_muons(rows, optional=optional, pot=pot), tmp_path / "muons.parquet"
    sample.events_known = events_known
    write(sample, path, "parquet")
    assert reader_for(path).name == "parquet"
    assert_same(read(path), sample)
    info = ParquetReader().describe(path)
    assert (info.entries, info.protons_on_target, info.events_known) == (rows, pot, events_known)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    rows = draw(st.integers(0, 20))
    columns: dict[str, NDArray[Any]] = {}
    for name, column in COLUMNS.items():
        if name in REQUIRED or draw(st.booleans()):
            elements: dict[str, Any] = {}
            if column.dtype.kind == "f":
                elements = {"allow_nan": False, "allow_infinity": False}
                elements |= {"min_value": 0} if name == "weight" else {}
            columns[name] = draw(hnp.arrays(column.dtype, rows, elements=elements))
    columns["pdg"] = draw(hnp.arrays(np.int32, rows, elements=st.sampled_from([13, -13])))
    pot = draw(st.none() | st.floats(1e-300, 1e300))
    return Sample(columns, protons_on_target=pot, events_known=draw(st.booleans()))


@given(samples())
@settings(max_examples=30, deadline=None)
def test_any_sample_comes_back_whole(sample: Sample) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "muons.parquet"
        write(sample, path, "parquet")
        assert_same(read(path), sample)


def test_types_and_row_groups_on_disk(tmp_path: Path) -> None:
    sample, path = some_muons(100), tmp_path / "muons.parquet"
    with ParquetWriter(path, rows_per_group=30) as writer:
        for start in range(0, 100, 7):
            writer.write(sample.select(slice(start, start + 7)))
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]
        types = {
            name: file.schema_arrow.field(name).type.to_pandas_dtype() for name in file.schema_arrow.names
        }
    assert groups == [30, 30, 30, 10]
    assert types == {name: COLUMNS[name].dtype.type for name in sample.names}
    assert [len(chunk.sample) for chunk in ParquetReader().chunks(path, 40)] == [40, 40, 20]
    assert_same(read(path, rows=40), sample)


def test_the_metadata_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "muons.parquet"
    write(some_muons(2, pot=7.0), path, "parquet", metadata={"category": 4})
    assert ParquetReader().describe(path).metadata == {
        "category": 4,
        "events_known": True,
        "weights_protons_on_target": 7.0,
    }


def test_other_columns_in_later_samples_are_refused(tmp_path: Path) -> None:
    def write_two() -> None:
        with ParquetWriter(tmp_path / "muons.parquet") as writer:
            writer.write(some_muons(2))
            writer.write(some_muons(2, optional=False))

    with pytest.raises(SampleError, match=r"columns pdg, .*expected those before"):
        write_two()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_at_the_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: pq.ParquetWriter) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "close", full)
    with pytest.raises(OutputError, match=r"muons\.parquet: no space left on the disk"):
        write(some_muons(3), tmp_path / "muons.parquet", "parquet")
    gc.collect()  # pyarrow would try once more when its writer goes, and complain where nobody can catch it
    assert list(tmp_path.iterdir()) == []


def plain_table(**changes: Any) -> pa.Table:
    """A table of three muons without our metadata; a column changed to None is left out."""
    columns = dict(some_muons(3, optional=False).columns) | changes
    return pa.table({name: values for name, values in columns.items() if values is not None})


def test_columns_that_a_sample_does_not_know_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "muons.parquet"
    pq.write_table(plain_table(split=["train", "test", "test"], relative_weight=[1.0, 0.5, 0.1]), path)
    assert read(path).names == tuple(REQUIRED)
    assert read(path).protons_on_target is None


def test_without_events_each_row_is_one(tmp_path: Path) -> None:
    path = tmp_path / "muons.parquet"
    pq.write_table(plain_table(event=None), path)
    assert [chunk.sample["event"].tolist() for chunk in ParquetReader().chunks(path, 2)] == [[0, 1], [2]]
    assert not ParquetReader().describe(path).events_known


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"px": [1.0, np.nan, 1.0]}, "column 'px' is not finite"),
        ({"px": [1.0, None, 1.0]}, "column 'px' is not finite"),
        ({"event": [1, None, 1]}, "column 'event' is not finite"),
        ({"weight": [1.0, -1.0, 1.0]}, "column 'weight' is negative"),
    ],
)
def test_bad_rows_are_faults(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = tmp_path / "muons.parquet"
    pq.write_table(plain_table(**changes), path)
    (chunk,) = ParquetReader().chunks(path, 10)
    assert chunk.rejections == (Rejection(reason, 1, (1,)),)
    assert len(chunk.sample) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pz": None}, "muons.parquet: column 'pz' is missing, found pdg"),
        ({"pz": ["a", "b", "c"]}, "muons.parquet: column 'pz' is of type string, expected numbers"),
    ],
)
def test_columns_that_cannot_be_read_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "muons.parquet"
    pq.write_table(plain_table(**changes), path)
    with pytest.raises(InputFileError, match=message):
        ParquetReader().describe(path)
    with pytest.raises(InputFileError, match=message):
        list(ParquetReader().chunks(path, 10))
