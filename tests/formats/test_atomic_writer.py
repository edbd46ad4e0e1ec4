"""What every writer does when it cannot write."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Never

import pytest
import uproot.writing.writable

from muforge.errors import OutputError
from muforge.formats import WRITERS, read, write
from muforge.formats.hdf5 import ROWS_PER_CHUNK, Hdf5Writer
from tests.formats.muons import some_muons

FORMATS = list(WRITERS)
FILES = {name: ["out", "out.json"] if name == "npy" else ["out"] for name in FORMATS}
TOO_MANY_MUONS = 100_000
ONE_BLOCK: dict[str, dict[str, Any]] = {
    "flat": {"rows_per_basket": TOO_MANY_MUONS},
    "rntuple": {"rows_per_cluster": TOO_MANY_MUONS},
    "parquet": {"rows_per_group": TOO_MANY_MUONS},
}
"""With these options a format that collects its rows writes each sample at once."""


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_exists_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    path.write_text("precious")
    with pytest.raises(OutputError, match="out: exists already"):
        write(some_muons(3), path, name)
    assert path.read_text() == "precious"
    write(some_muons(3), path, name, force=True)
    assert path.read_bytes() != b"precious"
    assert names(tmp_path) == FILES[name]


@pytest.mark.parametrize("name", FORMATS)
def test_a_directory_or_a_missing_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="is a directory"):
        write(some_muons(3), tmp_path, name, force=True)
    with pytest.raises(OutputError, match="nowhere: no such directory"):
        write(some_muons(3), tmp_path / "nowhere" / "out", name)


@pytest.mark.parametrize("name", FORMATS)
def test_the_file_is_not_there_before_the_block_ends(tmp_path: Path, name: str) -> None:
    with WRITERS[name](tmp_path / "out") as writer:
        writer.write(some_muons(3))
        assert not (tmp_path / "out").exists()
    assert names(tmp_path) == FILES[name]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_nothing(tmp_path: Path, name: str, error: type[BaseException]) -> None:
    def interrupted() -> None:
        with WRITERS[name](tmp_path / "out") as writer:
            writer.write(some_muons(3))
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_interruption_keeps_the_file_to_be_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").write_text("precious")

    def interrupted() -> None:
        with WRITERS[name](tmp_path / "out", force=True) as writer:
            writer.write(some_muons(3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]


def test_a_disk_that_fills_up_in_the_middle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extend = uproot.writing.writable.WritableTree.extend
    calls = []

    def full_at_the_third_basket(self: Any, data: Any) -> None:
        calls.append(len(data["w"]))
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        extend(self, data)

    monkeypatch.setattr(uproot.writing.writable.WritableTree, "extend", full_at_the_third_basket)
    with pytest.raises(OutputError, match=r"muons\.root: no space left on the disk"):
        write(some_muons(100), tmp_path / "muons.root", rows_per_basket=20)
    assert calls == [20, 20, 20]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_named_and_nothing_is_left(small_disk: Path, name: str) -> None:
    with pytest.raises(OutputError, match="disk/out: no space left on the disk"):
        write(some_muons(TOO_MANY_MUONS), small_disk / "out", name)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_more_is_written_to_a_full_disk(small_disk: Path, name: str) -> None:
    written = []

    def write_on() -> None:
        with WRITERS[name](small_disk / "out", **ONE_BLOCK.get(name, {})) as writer:
            for count in range(10):
                writer.write(some_muons(TOO_MANY_MUONS))
                written.append(count)

    with pytest.raises(OutputError, match="disk/out: no space left on the disk"):
        write_on()
    assert written == []


def test_a_disk_that_fills_up_when_hdf5_closes_is_named(small_disk: Path) -> None:
    written = []

    def write_what_hdf5_keeps_in_memory() -> None:
        with Hdf5Writer(small_disk / "out") as writer:
            writer.write(some_muons(2 * ROWS_PER_CHUNK))
            written.append(True)

    with pytest.raises(OutputError, match="disk/out: no space left on the disk"):
        write_what_hdf5_keeps_in_memory()
    assert written == [True]
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("name", ["flat", "rntuple", "parquet"])
def test_a_small_disk_takes_what_fits(small_disk: Path, name: str) -> None:
    write(some_muons(100), small_disk / "out", name)
    assert len(read(small_disk / "out")) == 100


def unwritable(*_: Any) -> Never:
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize("name", ["flat", "npy"])
def test_a_folder_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(Path, "open", unwritable)
    with pytest.raises(OutputError, match=r"out: cannot be written \(Permission denied\)"):
        write(some_muons(3), tmp_path / "out", name)
