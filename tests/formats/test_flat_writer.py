from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from muforge.errors import ConfigError, SampleError
from muforge.formats import read, reader_for, write
from muforge.formats.flat import FlatReader, FlatWriter
from muforge.formats.ntuple import BRANCHES, NTUPLE
from muforge.formats.protocol import Rejection
from muforge.sample import Sample
from tests.formats import fairship_reader
from tests.formats.muons import some_muons


def metres(values: NDArray[Any], offset: float = 0) -> NDArray[np.float32]:
    return (values.astype(np.float64) / 100 + offset).astype(np.float32)


def expected_branches(sample: Sample, z_offset: float = 0) -> dict[str, NDArray[Any]]:
    """The 17 branches by name, spelt out independently of the writer."""
    return {
        "id": sample["pdg"],
        "px": sample["plane_px"],
        "py": sample["plane_py"],
        "pz": sample["plane_pz"],
        "x": metres(sample["plane_x"]),
        "y": metres(sample["plane_y"]),
        "z": metres(sample["plane_z"], z_offset),
        "opx": sample["px"],
        "opy": sample["py"],
        "opz": sample["pz"],
        "ox": metres(sample["start_x"]),
        "oy": metres(sample["start_y"]),
        "oz": metres(sample["start_z"], z_offset),
        "pythiaid": sample["pdg"],
        "parentid": sample["parent_pdg"],
        "w": sample["weight"].astype(np.float32),
        "ecut": sample["ecut"],
    }


def branches_of(path: Path) -> dict[str, NDArray[Any]]:
    with uproot.open(path) as file:
        arrays: dict[str, NDArray[Any]] = file[NTUPLE].arrays(library="np")
    return arrays


@pytest.mark.parametrize("z_offset", [0.0, -70.845])
def test_the_17_branches_are_written_in_order(tmp_path: Path, z_offset: float) -> None:
    sample, path = some_muons(100), tmp_path / "muons.root"
    write(sample, path, z_offset=z_offset)
    with uproot.open(path) as file:
        assert file.classnames()[f"{NTUPLE};1"] == "TTree"
        layout = [(branch.name, branch.typename) for branch in file[NTUPLE].branches]
    expected = fairship_reader.COLUMNS
    assert layout == [(name, "float") for name in expected]
    written = branches_of(path)
    for name, values in expected_branches(sample, z_offset).items():
        np.testing.assert_array_equal(written[name], values, err_msg=name)


def test_the_branches_of_the_reference_simulation_come_last(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    write(some_muons(10, optional=False), path, event_columns=True)
    with uproot.open(path) as file:
        layout = [(branch.name, branch.typename) for branch in file[NTUPLE].branches]
    added = [("event", "int32_t"), ("origin", "int32_t"), ("decay", "int32_t"), ("time", "float")]
    assert layout == [(name, "float") for name in fairship_reader.COLUMNS] + added
    assert not branches_of(path)["time"].any()


@pytest.mark.parametrize("name", ["event", "decay"])
def test_numbers_beyond_32_bits_are_refused(tmp_path: Path, name: str) -> None:
    sample = some_muons(10)
    large = Sample({**sample.columns, name: np.full(10, 2**31)})
    with pytest.raises(SampleError, match=f"column '{name}': 2147483648"):
        write(large, tmp_path / "muons.root", event_columns=True)
    assert list(tmp_path.iterdir()) == []


def test_columns_that_the_sample_lacks_are_zero(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    write(some_muons(10, optional=False), path)
    written = branches_of(path)
    for name in ("x", "y", "z", "px", "py", "pz", "parentid", "ecut"):
        assert not written[name].any()
    assert written["opz"].all()


def test_a_sample_comes_back_to_float32_precision(tmp_path: Path) -> None:
    sample, path = some_muons(1000, pot=5e7), tmp_path / "muons.root"
    write(sample, path, event_columns=True)
    back = read(path)
    assert back.names == sample.names
    for name in back.names:
        np.testing.assert_allclose(back[name], sample[name], rtol=2e-7, atol=0, err_msg=name)
    np.testing.assert_array_equal(back.category, sample.category)
    assert back.protons_on_target == 5e7
    assert back.events_known


def test_unknown_events_stay_unknown(tmp_path: Path) -> None:
    sample = some_muons(10)
    sample.events_known = False
    write(sample, tmp_path / "muons.root", event_columns=True)
    assert not read(tmp_path / "muons.root").events_known
    assert not FlatReader().describe(tmp_path / "muons.root").events_known


def test_the_metadata_and_title_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    metadata = {"weights_protons_on_target": 123.5, "model": "gan", "smearing": "before"}
    with FlatWriter(path, metadata=metadata, title="made-up muons") as writer:
        writer.write(some_muons(3))
    info = reader_for(path).describe(path)
    assert (info.protons_on_target, info.entries, info.metadata) == (123.5, 3, metadata)
    with uproot.open(path) as file:
        assert file[NTUPLE].title == "made-up muons"
        assert json.loads(str(file["muforge"])) == metadata


def test_the_buffer_row_is_the_last_and_all_zero(tmp_path: Path) -> None:
    sample, path = some_muons(10), tmp_path / "muons.root"
    write(sample, path, buffer_row=True, z_offset=5.0)
    written = branches_of(path)
    assert all(len(values) == 11 and values[-1] == 0 for values in written.values())
    (chunk,) = FlatReader().chunks(path, 100)
    assert len(chunk.sample) == 10
    assert chunk.rejections == (Rejection("not a muon", 1, (10,), fault=False),)


def test_no_muons_give_a_tree_without_entries(tmp_path: Path) -> None:
    write(some_muons(0), tmp_path / "muons.root")
    assert len(read(tmp_path / "muons.root")) == 0


@pytest.mark.parametrize("compression", ["lz4", "zstd", "zlib", "none"])
def test_each_compression_gives_the_same_muons(tmp_path: Path, compression: Any) -> None:
    sample, path = some_muons(2000, optional=False), tmp_path / "muons.root"
    with FlatWriter(path, compression=compression) as writer:
        writer.write(sample)
    with uproot.open(path) as file:
        used = file.file.compression
        zeros = file[NTUPLE]["ecut"]
        assert (zeros.compressed_bytes < zeros.uncompressed_bytes / 10) == (compression != "none")
    assert ("none" if used is None else type(used).__name__.lower()) == compression
    np.testing.assert_array_equal(branches_of(path)["w"], sample.weight.astype(np.float32))


def test_baskets_and_bytes_do_not_depend_on_the_pieces(tmp_path: Path) -> None:
    sample = some_muons(1000)
    with FlatWriter(tmp_path / "whole.root", rows_per_basket=30) as writer:
        writer.write(sample)
    with FlatWriter(tmp_path / "pieces.root", rows_per_basket=30) as writer:
        for start in range(0, 1000, 77):
            writer.write(sample.select(slice(start, start + 77)))
    with uproot.open(tmp_path / "pieces.root") as file:
        assert file[NTUPLE]["w"].num_baskets == 34
    assert (tmp_path / "whole.root").read_bytes() == (tmp_path / "pieces.root").read_bytes()


class TickingTime(datetime):
    """Each look at the clock is a second later than the one before."""

    moment: ClassVar[datetime]

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        cls.moment += timedelta(seconds=1)
        return cls.moment


def test_files_of_different_times_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uproot.writing._cascade
    import uproot.writing._cascadetree

    TickingTime.moment = start = datetime(2030, 1, 2, 3, 4, 5)
    clock = SimpleNamespace(datetime=TickingTime)
    monkeypatch.setattr(uproot.writing._cascade, "datetime", clock)
    monkeypatch.setattr(uproot.writing._cascadetree, "datetime", clock)
    for name in ("one.root", "another.root"):
        write(some_muons(50), tmp_path / name)
    assert TickingTime.moment > start + timedelta(seconds=10)
    assert (tmp_path / "one.root").read_bytes() == (tmp_path / "another.root").read_bytes()


def test_event_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    columns = some_muons(2).columns | {"event": np.array([1, 2**31])}
    with pytest.raises(SampleError, match="column 'event': 1 to 2147483648"):
        write(Sample(columns), tmp_path / "muons.root", event_columns=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "rar"}, "compression 'rar': must be one of lz4, zstd, zlib, none"),
        ({"rows_per_basket": 0}, "rows per basket 0"),
        ({"z_offset": float("nan")}, "z offset nan"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FlatWriter(tmp_path / "muons.root", **options)


@pytest.mark.parametrize("names", [fairship_reader.BOUND_BY_FAIRSHIP, fairship_reader.COLUMNS])
@pytest.mark.parametrize("buffer_row", [False, True])
def test_fairship_reads_every_muon_as_written(tmp_path: Path, names: list[str], buffer_row: bool) -> None:
    sample, path, dump = some_muons(500), tmp_path / "muons.root", tmp_path / "read.npy"
    write(sample, path, z_offset=-50.0, buffer_row=buffer_row, rows_per_basket=40, event_columns=buffer_row)
    command = [sys.executable, "-W", "ignore", fairship_reader.__file__, str(path), str(dump), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == fairship_reader.EXIT_NO_ROOT:
        pytest.skip("PyROOT (the package 'root') is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    rows = np.load(dump)
    assert rows.shape == (500 + buffer_row, len(BRANCHES))
    for name, values in expected_branches(sample, z_offset=-50.0).items():
        column = rows[:500, fairship_reader.COLUMNS.index(name)]
        if name in names:
            np.testing.assert_array_equal(column, values.astype(np.float32), err_msg=name)
        else:
            assert np.isnan(column).all()


@pytest.mark.parametrize("compression", ["lz4", "zstd", "zlib", "none"])
def test_fairship_reads_constants_of_every_compression(tmp_path: Path, compression: Any) -> None:
    """Columns that are constant within a basket are compressed once; here they differ from basket to basket."""
    sample, path, dump = some_muons(10_000, optional=False), tmp_path / "muons.root", tmp_path / "read.npy"
    weight = np.repeat([1.0, 2.0, 2.0, 3.0], 2500)
    sample = Sample(sample.columns | {"weight": weight})
    write(sample, path, rows_per_basket=2500, compression=compression)
    names = fairship_reader.COLUMNS
    command = [sys.executable, "-W", "ignore", fairship_reader.__file__, str(path), str(dump), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == fairship_reader.EXIT_NO_ROOT:
        pytest.skip("PyROOT (the package 'root') is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(zip(names, np.load(dump).T, strict=True))
    np.testing.assert_array_equal(rows["w"], weight)
    np.testing.assert_array_equal(rows["opx"], sample["px"])
    np.testing.assert_array_equal(rows["x"], np.zeros(10_000))
