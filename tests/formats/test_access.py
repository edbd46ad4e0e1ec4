from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from muforge.errors import ConfigError, InputFileError
from muforge.formats import read, write
from muforge.sample import Sample
from tests.formats.muons import assert_same, some_muons


def test_one_file_keeps_its_event_numbers(tmp_path: Path) -> None:
    sample = some_muons(10)
    sample = Sample(sample.columns | {"event": np.arange(10) - 5 + 2**41 * (np.arange(10) % 2)})
    write(sample, tmp_path / "muons", "parquet")
    assert_same(read(tmp_path / "muons"), sample)
    assert_same(read([tmp_path / "muons"]), sample)


def test_events_are_unique_over_files(tmp_path: Path) -> None:
    for index in range(3):
        write(some_muons(50, seed=index, pot=10.0), tmp_path / f"{index}", "parquet")
    sample = read([tmp_path / f"{index}" for index in range(3)], rows=20)
    assert len(sample) == 150
    assert sample.protons_on_target == 30
    for index in range(3):
        part, own = sample["event"][50 * index : 50 * index + 50], some_muons(50, seed=index)["event"]
        np.testing.assert_array_equal(part, own + index * 2**40)


def test_large_event_numbers_stay_apart_over_files(tmp_path: Path) -> None:
    events = np.array([2**40 + 3, 3, 2**40 + 3, -1])
    for name in "ab":
        write(Sample(some_muons(4).columns | {"event": events}), tmp_path / name, "parquet")
    joined = read([tmp_path / "a", tmp_path / "b"])["event"]
    pattern = events[:, None] == events
    np.testing.assert_array_equal(joined[:4, None] == joined[:4], pattern)
    np.testing.assert_array_equal(joined[4:, None] == joined[4:], pattern)
    assert not set(joined[:4]) & set(joined[4:])


def test_files_of_several_formats_keep_the_columns_they_share(tmp_path: Path) -> None:
    write(some_muons(5, optional=False, pot=2.0), tmp_path / "a", "parquet")
    write(some_muons(5, optional=True), tmp_path / "b", "flat")
    sample = read([tmp_path / "a", tmp_path / "b"])
    assert sample.names == some_muons(1, optional=False).names
    assert sample.protons_on_target is None
    assert not sample.events_known


def test_damaged_rows_are_an_error_that_points_to_ingest(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = some_muons(20, optional=False).columns
    columns["px"] = np.where(np.arange(20) < 7, np.nan, columns["px"])
    pq.write_table(pa.table(columns), tmp_path / "muons")
    message = (
        r"muons: 7 damaged rows \(entries 0, 1, 2, 3, 4, ...\): column 'px' is not finite; "
        "`muforge ingest` leaves such rows out"
    )
    with pytest.raises(InputFileError, match=message):
        read(tmp_path / "muons")


def test_damaged_records_of_a_production_are_an_error(root_files: Path) -> None:
    with pytest.raises(
        InputFileError, match=r"clones.root: 3 damaged rows \(entries 2, 2, 2\): track id out"
    ):
        read(root_files / "clones.root")


def test_nothing_to_read_is_an_error() -> None:
    with pytest.raises(InputFileError, match="no input files given"):
        read([])


def test_an_unknown_format_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="format 'csv'"):
        write(some_muons(1), tmp_path / "muons.csv", "csv")


def test_the_beginning_of_a_file(tmp_path: Path) -> None:
    write(some_muons(500, pot=10.0), tmp_path / "muons", "parquet")
    whole = read(tmp_path / "muons")
    part = read(tmp_path / "muons", rows=40, at_most=100)
    assert part.protons_on_target == pytest.approx(2.0)
    np.testing.assert_array_equal(part["px"], whole["px"][:100])
    assert_same(read(tmp_path / "muons", at_most=1000), whole)
