from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from muforge import __version__
from muforge.errors import FarmError
from muforge.farm.shared import lacking, marked

HERE = f"worker on {socket.gethostname()}: "


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_there_is_seen_and_no_mark_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with marked([tmp_path, tmp_path], [file, tmp_path]) as required:
        assert required.version == __version__
        assert required.folders == (tmp_path,)
        assert required.read == (file, tmp_path)
        assert names(tmp_path) == [required.mark, "file"]
        assert lacking(required) is None
        assert names(tmp_path) == [required.mark, "file"]
    assert names(tmp_path) == ["file"]


def test_folders_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with marked([Path()], [Path("file")]) as required:
        assert required.folders == (tmp_path,)
        assert required.read == (tmp_path / "file",)


def test_every_run_has_its_own_mark(tmp_path: Path) -> None:
    with marked([tmp_path], []) as one, marked([tmp_path], []) as other:
        assert one.mark != other.mark
        assert lacking(one) is lacking(other) is None


def test_marks_go_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), marked([tmp_path], []):
        raise RuntimeError
    assert names(tmp_path) == []


def test_what_a_worker_lacks(tmp_path: Path) -> None:
    other = tmp_path / "other"
    with marked([tmp_path], []) as required:
        elsewhere = replace(required, folders=(other,))
        assert lacking(elsewhere) == (
            f"{HERE}does not see {other}; it must be on a file system that all machines share"
        )
        unread = replace(required, read=(tmp_path / "bundle",))
        assert lacking(unread) == (
            f"{HERE}does not see {tmp_path / 'bundle'}; it must be on a file system that all machines share"
        )
        other.mkdir()
        also = replace(required, folders=(tmp_path, other))
        assert lacking(also) == (
            f"{HERE}has another {other} than this machine; it must be on a file system that all share"
        )
        assert lacking(replace(required, version="0.0")) == f"{HERE}has muforge {__version__}, not 0.0"


def test_what_cannot_even_be_looked_at_is_lacking_too(tmp_path: Path) -> None:
    with marked([tmp_path], []) as required:
        nameless = replace(required, read=(tmp_path / ("x" * 300),))
        assert lacking(nameless) == f"{HERE}[Errno 36] File name too long: '{nameless.read[0]}'"


def test_a_folder_that_a_worker_cannot_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, **more: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with marked([tmp_path], []) as required, monkeypatch.context() as patch:
        patch.setattr(Path, "touch", refused)
        assert lacking(required) == f"{HERE}{tmp_path}: cannot be written (Permission denied)"


@pytest.mark.parametrize(
    ("name", "why"), [("absent", "No such file or directory"), ("file", "Not a directory")]
)
def test_folders_that_cannot_be_written_here(tmp_path: Path, name: str, why: str) -> None:
    good = tmp_path / "good"
    good.mkdir()
    (tmp_path / "file").touch()
    with (
        pytest.raises(FarmError, match=rf"{name}: cannot be written \({why}\)"),
        marked([good, tmp_path / name], []),
    ):
        pass
    assert names(good) == []
