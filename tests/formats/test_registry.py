from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import uproot

from muforge.errors import ConfigError, InputFileError
from muforge.formats import READERS, WRITERS, metadata_of, read, reader_for, write, writer_for
from tests.formats.muons import some_muons


@pytest.mark.parametrize("format_name", ["flat", "rntuple", "parquet"])
@pytest.mark.parametrize("name", ["muons.root", "muons.dat", "a:b.root", "odd name [1]*.root"])
def test_the_format_is_found_from_the_content(tmp_path: Path, format_name: str, name: str) -> None:
    write(some_muons(3), tmp_path / name, format_name)
    assert reader_for(tmp_path / name).name == format_name
    assert len(read(str(tmp_path / name))) == 3


def test_formats_are_listed_by_name() -> None:
    assert list(READERS) == ["cbmsim", "flat", "rntuple", "parquet"]
    assert list(WRITERS) == ["flat", "rntuple", "parquet", "hdf5", "npy"]
    assert all(writer_for(name) is kind for name, kind in WRITERS.items())
    with pytest.raises(ConfigError, match="format 'csv': must be one of flat, rntuple, parquet, hdf5, npy"):
        writer_for("csv")


def refused(path: Path) -> str:
    """The message with which a file is refused."""
    with pytest.raises(InputFileError) as caught:
        reader_for(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "muons.root") == "no such file"


def test_a_directory(tmp_path: Path) -> None:
    assert refused(tmp_path) == "is a directory, expected a ROOT or Parquet file"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "muons.root").touch()
    assert refused(tmp_path / "muons.root") == "the file is empty"


@pytest.mark.parametrize("content", [b"id,px,py\n", b"ro", bytes(range(256)) * 10])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "muons.root").write_bytes(content)
    assert refused(tmp_path / "muons.root") == "not a ROOT or Parquet file"


@pytest.mark.parametrize("content", [b"root", b"root" + b"\xff" * 500, b"root of all evil\n" * 20])
def test_garbage_that_starts_like_a_root_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "muons.root").write_bytes(content)
    assert refused(tmp_path / "muons.root").startswith(("cannot be read, perhaps damaged", "truncated"))


def test_garbage_that_starts_like_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "muons.parquet"
    path.write_bytes(b"PAR1" + b"\xff" * 500)
    with pytest.raises(InputFileError, match=r"muons\.parquet: cannot be read, perhaps damaged"):
        read(path)


def test_a_root_file_without_the_trees(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {"x": np.float32})
        file["note"] = "text"
    message = refused(path)
    assert message.startswith("has neither a tree 'cbmsim' nor 'pythia8-Geant4'; it has '")
    assert "'note' (TObjString)" in message
    assert "'events' (TTree)" in message


def test_a_root_file_with_nothing_in_it(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    with uproot.recreate(path):
        pass
    assert refused(path).endswith("it has nothing")


def test_an_object_of_another_class_is_named(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    with uproot.recreate(path) as file:
        file["pythia8-Geant4"] = "text"
    assert refused(path) == "'pythia8-Geant4' is of class TObjString, expected a TTree or a ROOT::RNTuple"
    with uproot.recreate(path) as file:
        file.mkrntuple("cbmsim", {"id": np.float32})
    assert refused(path) == "'cbmsim' is of class ROOT::RNTuple, expected a TTree"


@pytest.mark.parametrize("format_name", ["flat", "rntuple", "parquet"])
@pytest.mark.parametrize("cut", ["half", "tail", "head"])
def test_a_truncated_file(tmp_path: Path, format_name: str, cut: str) -> None:
    path = tmp_path / "muons"
    write(some_muons(1000), path, format_name)
    content = path.read_bytes()
    path.write_bytes(content[: {"half": len(content) // 2, "tail": len(content) - 10, "head": 10}[cut]])
    with pytest.raises(InputFileError, match=r"muons: (truncated, has|cannot be read, perhaps damaged)"):
        read(path)


def test_a_truncated_file_of_many_baskets_says_how_much_is_there(tmp_path: Path) -> None:
    path = tmp_path / "muons.root"
    write(some_muons(1000), path, rows_per_basket=100)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert refused(path) == f"truncated, has {len(content) - 1} of {len(content)} bytes"


@pytest.mark.parametrize("format_name", ["flat", "rntuple", "parquet"])
def test_damaged_bytes_in_the_middle(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / "muons"
    write(some_muons(5000), path, format_name)
    content = bytearray(path.read_bytes())
    middle = slice(len(content) // 4, len(content) // 4 * 3)
    content[middle] = b"\xa5" * len(content[middle])
    path.write_bytes(content)
    with pytest.raises(InputFileError, match="muons: cannot be read, perhaps damaged"):
        read(path)


@pytest.mark.parametrize("name", list(WRITERS))
def test_every_format_keeps_title_and_metadata(tmp_path: Path, name: str) -> None:
    metadata = {"model": {"name": "gan", "identity": "ab"}, "seed": 3, "weights_protons_on_target": 2.5}
    with WRITERS[name](tmp_path / "out", metadata=metadata, title="made-up muons") as writer:
        writer.write(some_muons(3))
    assert metadata_of(tmp_path / "out") == metadata
    assert any(b"made-up muons" in file.read_bytes() for file in tmp_path.iterdir())


def test_files_that_are_not_ours_have_no_metadata(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "text").write_text("text")
    (tmp_path / "damaged").write_bytes(b"root" * 20)
    (tmp_path / "empty").touch()
    for name in ("array.npy", "text", "damaged", "empty", "missing", "."):
        assert metadata_of(tmp_path / name) == {}
