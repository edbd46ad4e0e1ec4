"""Files that appear whole or not at all, and their checksums."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from muforge.errors import NoSpaceError, OutputError

_FULL = {errno.ENOSPC: "no space left on the disk", errno.EDQUOT: "the quota is used up"}


def check_output(path: Path, *, force: bool = False) -> None:
    """Raise `OutputError` if a new file may not be written at `path`."""
    if path.is_dir():
        raise OutputError(f"{path}: is a directory, expected a file name")
    if path.exists() and not force:
        raise OutputError(f"{path}: exists already; choose another name or give --force")
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent}: no such directory")


def check_output_directory(path: Path) -> None:
    """Raise `OutputError` if a directory may not be made at `path`."""
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file, expected a directory")
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent}: no such directory")


def partial_name(path: Path) -> Path:
    """The name under which this process writes `path` until it is whole: hidden, in the same folder.

    Other processes, on other machines too, have other names: one that was given up and still writes harms nobody.
    """
    return path.with_name(f".{path.name}.part-{socket.gethostname()}-{os.getpid()}")


def discard_partial(path: Path) -> None:
    """Remove what processes that were killed left behind of `path`."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.part-*"):
        discard(leftover)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; on success flush it to disk and rename it, else remove it.

    Raises:
        OutputError: The disk is full or the folder cannot be written.
    """
    with _whole_or_nothing(path) as partial:
        yield partial
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
        discard_partial(path)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """As `atomic`, for a directory; one that exists at `path` is replaced."""
    with _whole_or_nothing(path) as partial:
        discard(partial)
        partial.mkdir(parents=True)
        yield partial
        for file in partial.rglob("*"):
            _sync(file)
        discard(path)
        partial.replace(path)
        _sync(path.parent)
        discard_partial(path)


@contextmanager
def _whole_or_nothing(path: Path) -> Iterator[Path]:
    partial = partial_name(path)
    try:
        yield partial
    except OSError as error:
        discard(partial)
        raise _named(error, path) from error
    except BaseException:
        discard(partial)
        raise


def discard(path: Path) -> None:
    """Remove a file or a directory tree if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, indented and with a final newline; NaN and infinity are refused."""
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(error: OSError, path: Path) -> OutputError:
    if error.errno in _FULL:
        return NoSpaceError(f"{path}: {_FULL[error.errno]}; nothing was written under this name")
    return OutputError(f"{path}: cannot be written ({error.strerror or error})")
