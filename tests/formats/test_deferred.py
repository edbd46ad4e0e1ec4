from __future__ import annotations

import os
from pathlib import Path

import pytest

from muforge.formats.deferred import DeferredErrors


def test_without_errors_it_is_a_file(tmp_path: Path) -> None:
    with DeferredErrors(tmp_path / "out") as file:
        assert file.write(b"abcdef") == 6
        file.seek(2)
        assert file.read(2) == b"cd"
        file.truncate(5)
        file.check()
    assert (tmp_path / "out").read_bytes() == b"abcde"


def test_the_first_error_is_kept_and_later_writes_are_dropped(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with DeferredErrors(tmp_path / "out") as file:
        with Path("/dev/full").open("r+b", buffering=0) as full:
            os.dup2(full.fileno(), file.fileno())
        file.check()
        assert file.write(b"abc") == 3
        with pytest.raises(OSError, match="No space left on device"):
            file.check()
        with (tmp_path / "out").open("r+b") as out:
            os.dup2(out.fileno(), file.fileno())
        assert file.write(b"def") == 3
        assert file.truncate(2) == 2
    assert (tmp_path / "out").read_bytes() == b""
