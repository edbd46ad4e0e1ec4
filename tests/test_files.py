from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path

import pytest

from muforge.errors import NoSpaceError, OutputError
from muforge.files import (
    atomic,
    atomic_directory,
    check_output,
    check_output_directory,
    discard_partial,
    partial_name,
    sha256,
    write_json,
)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with atomic(path) as partial:
        partial.write_bytes(b"abc")
        assert not path.exists()
    assert path.read_bytes() == b"abc"
    assert list(tmp_path.iterdir()) == [path]
    assert sha256(path).startswith("ba7816bf8f01cfea")


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert not partial_name(path).exists()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(OutputError, match=r"a\.txt: no space left"), atomic(path) as partial:
        partial.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_appears_whole_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "d"
    for content in ("one", "two"):
        with atomic_directory(path) as partial:
            (partial / "sub").mkdir()
            (partial / "sub" / "f").write_text(content)
    assert (path / "sub" / "f").read_text() == "two"
    with pytest.raises(RuntimeError), atomic_directory(path) as partial:
        raise RuntimeError
    assert (path / "sub" / "f").read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_checks_of_outputs(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    check_output(tmp_path / "new")
    check_output(file, force=True)
    check_output_directory(tmp_path / "new")
    with pytest.raises(OutputError, match="exists already"):
        check_output(file)
    with pytest.raises(OutputError, match="is a directory"):
        check_output(tmp_path, force=True)
    with pytest.raises(OutputError, match="no such directory"):
        check_output(tmp_path / "no" / "f")
    with pytest.raises(OutputError, match="is a file"):
        check_output_directory(file)


def test_json_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"x": float("nan")})
    assert not path.exists()
    write_json(path, {"x": 0.1})
    assert json.loads(path.read_text()) == {"x": 0.1}


def left_behind(path: Path, host: str = "head.example", pid: int = 1) -> Path:
    """What a process that was killed has not finished of `path`."""
    return path.with_name(f".{path.name}.part-{host}-{pid}")


def test_names_until_files_are_whole_are_of_this_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.bin"
    mine = partial_name(path)
    assert mine == left_behind(path, socket.gethostname(), os.getpid())
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert partial_name(path) != mine
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    assert partial_name(path) == left_behind(path, "elsewhere", 1)


@pytest.mark.parametrize("name", ["a.bin", "a[1]?*.bin", "a b", ".a"])
def test_leftovers_go_when_a_file_is_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    left_behind(path).write_bytes(b"half")
    left_behind(path, "elsewhere", 23).mkdir()
    (left_behind(path, "elsewhere", 23) / "file").touch()
    with atomic(path) as partial:
        partial.write_bytes(b"abc")
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_go_when_a_directory_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "d"
    left_behind(path).mkdir()
    with atomic_directory(path) as partial:
        (partial / "f").touch()
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_other_files_stay(tmp_path: Path) -> None:
    """Also of those whose names begin alike: they may be under way."""
    path = tmp_path / "spill"
    others = [left_behind(tmp_path / name) for name in ("spill.root", "spill.npy.json", "spil", "xspill")]
    for other in others:
        other.touch()
    (tmp_path / "spill.part-x").touch()
    with atomic(path) as partial:
        partial.touch()
    discard_partial(path)
    assert sorted(tmp_path.iterdir()) == sorted([*others, path, tmp_path / "spill.part-x"])


def test_one_that_was_given_up_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its half-written file goes when another process has written the file, and it ends with an error."""
    path = tmp_path / "a.txt"
    with pytest.raises(OutputError, match=r"a\.txt: cannot be written"), atomic(path) as late:
        late.write_text("half")
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 1)
            with atomic(path) as partial:
                assert partial != late
                partial.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_full_quota_are_of_one_kind(tmp_path: Path, number: int) -> None:
    with (
        pytest.raises(NoSpaceError, match=r"d: (no space left on the disk|the quota is used up); nothing"),
        atomic_directory(tmp_path / "d") as partial,
    ):
        (partial / "f").touch()
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []
