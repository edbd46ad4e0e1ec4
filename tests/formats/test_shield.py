"""The two formats of the shield-optimisation codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Never

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.errors import OutputError
from muforge.formats import metadata_of, npy, write
from muforge.formats.hdf5 import Hdf5Writer
from muforge.formats.npy import NpyWriter
from muforge.sample import Sample
from tests.formats.muons import some_muons

COLUMNS = ["px", "py", "pz", "x", "y", "z", "pdg", "weight"]


def expected_columns(sample: Sample, z_offset: float = 0) -> dict[str, NDArray[Any]]:
    columns = {name: sample[name] for name in ("px", "py", "pz", "pdg", "weight")}
    for axis in "xyz":
        metres = sample[f"start_{axis}"].astype(np.float64) / 100 + (z_offset if axis == "z" else 0)
        columns[axis] = metres
    return {name: values.astype(np.float32) for name, values in columns.items()}


@pytest.mark.parametrize("z_offset", [0.0, 70.845])
def test_hdf5_has_one_dataset_per_column(tmp_path: Path, z_offset: float) -> None:
    sample, path = some_muons(100, pot=3.0), tmp_path / "muons.h5"
    write(sample, path, "hdf5", z_offset=z_offset, metadata={"model": "gan"})
    with h5py.File(path) as file:
        assert set(file) == set(COLUMNS)
        for name, values in expected_columns(sample, z_offset).items():
            np.testing.assert_array_equal(file[name][:], values, err_msg=name)
            assert file[name].dtype == (np.int32 if name == "pdg" else np.float32)
            assert file[name].maxshape == (None,)
        assert [file[name].attrs["unit"] for name in COLUMNS] == ["GeV"] * 3 + ["m"] * 3 + ["", ""]
        metadata = json.loads(file.attrs["muforge"])
    assert metadata == {"model": "gan", "weights_protons_on_target": 3.0, "events_known": True}


@pytest.mark.parametrize("z_offset", [0.0, 70.845])
def test_npy_is_one_array_of_eight_columns(tmp_path: Path, z_offset: float) -> None:
    sample, path = some_muons(100), tmp_path / "muons.npy"
    write(sample, path, "npy", z_offset=z_offset)
    rows = np.load(path)
    assert (rows.dtype, rows.shape) == (np.float32, (100, 8))
    for name, values in expected_columns(sample, z_offset).items():
        np.testing.assert_array_equal(rows[:, COLUMNS.index(name)], values, err_msg=name)


def test_the_columns_of_the_array_are_named_beside_it(tmp_path: Path) -> None:
    write(some_muons(3, pot=3.0), tmp_path / "muons.npy", "npy", title="made-up muons")
    content = json.loads((tmp_path / "muons.npy.json").read_text())
    assert [column["name"] for column in content["columns"]] == COLUMNS
    assert [column["unit"] for column in content["columns"]] == ["GeV"] * 3 + ["m"] * 3 + ["", ""]
    assert content["title"] == "made-up muons"
    assert content["muforge"] == {"weights_protons_on_target": 3.0, "events_known": True}


def test_a_file_beside_the_array_is_kept(tmp_path: Path) -> None:
    (tmp_path / "muons.npy.json").write_text("precious")
    with pytest.raises(OutputError, match=r"muons\.npy\.json: exists already"):
        NpyWriter(tmp_path / "muons.npy")
    assert (tmp_path / "muons.npy.json").read_text() == "precious"


def test_a_replaced_array_does_not_keep_the_old_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "muons.npy"
    write(some_muons(3), path, "npy", metadata={"seed": 1})

    def interrupted(*_: Any) -> Never:
        raise KeyboardInterrupt

    monkeypatch.setattr(npy, "write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(some_muons(4), path, "npy", metadata={"seed": 2}, force=True)
    assert len(np.load(path)) == 4
    assert metadata_of(path) == {}


def test_the_array_can_be_mapped_into_memory(tmp_path: Path) -> None:
    write(some_muons(12345), tmp_path / "muons.npy", "npy")
    assert np.load(tmp_path / "muons.npy", mmap_mode="r").shape == (12345, 8)


@pytest.mark.parametrize("writer_type", [Hdf5Writer, NpyWriter])
def test_the_bytes_do_not_depend_on_time(tmp_path: Path, writer_type: Any) -> None:
    for name in ("one", "another"):
        with writer_type(tmp_path / name) as writer:
            writer.write(some_muons(100))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "another").read_bytes()


def test_pieces_follow_one_another(tmp_path: Path) -> None:
    sample = some_muons(100)
    with Hdf5Writer(tmp_path / "muons.h5") as hdf5, NpyWriter(tmp_path / "muons.npy") as npy:
        for piece in (slice(0, 30), slice(30, 30), slice(30, 100)):
            hdf5.write(sample.select(piece))
            npy.write(sample.select(piece))
    expected = expected_columns(sample)
    with h5py.File(tmp_path / "muons.h5") as file:
        np.testing.assert_array_equal(file["pz"][:], expected["pz"])
    np.testing.assert_array_equal(np.load(tmp_path / "muons.npy")[:, 2], expected["pz"])


def test_no_muons_give_empty_columns(tmp_path: Path) -> None:
    write(some_muons(0), tmp_path / "muons.npy", "npy")
    write(some_muons(0), tmp_path / "muons.h5", "hdf5")
    assert np.load(tmp_path / "muons.npy").shape == (0, 8)
    with h5py.File(tmp_path / "muons.h5") as file:
        assert len(file["px"]) == 0
