from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from muforge.errors import OutputError
from muforge.files import (
    atomic,
    atomic_directory,
    check_output,
    check_output_directory,
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
