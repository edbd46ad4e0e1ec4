"""Folders that workers have to see: marked here, looked for there."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from muforge import __version__
from muforge.errors import FarmError
from muforge.files import discard

_MARK = ".muforge-farm-"


@dataclass(frozen=True)
class Requirements:
    """What a worker must have.

    Arguments:
        version: Of muforge, so that it computes the same.
        folders: That hold a file of the name `mark`, and that can be written.
        read: Files and folders that are there.
        mark: Unlike any other run's.
    """

    version: str
    folders: tuple[Path, ...]
    read: tuple[Path, ...]
    mark: str


@contextmanager
def marked(folders: Sequence[Path], read: Sequence[Path]) -> Iterator[Requirements]:
    """Mark folders for the time of a run.

    Raises:
        FarmError: One is not there or cannot be written.
    """
    mark = f"{_MARK}{secrets.token_hex(8)}"
    whole = tuple(dict.fromkeys(folder.absolute() for folder in folders))
    with ExitStack() as stack:
        for folder in whole:
            _write(folder / mark)
            stack.callback(discard, folder / mark)
        yield Requirements(__version__, whole, tuple(dict.fromkeys(path.absolute() for path in read)), mark)


@lru_cache(maxsize=8)
def lacking(required: Requirements) -> str | None:
    """What this process lacks of what is required, in a line, or None."""
    try:
        _look(required)
    except (FarmError, OSError) as error:
        return f"worker on {socket.gethostname()}: {error}"
    return None


def _look(required: Requirements) -> None:
    if __version__ != required.version:
        raise FarmError(f"has muforge {__version__}, not {required.version}")
    for path in (*required.folders, *required.read):
        if not path.exists():
            raise FarmError(f"does not see {path}; it must be on a file system that all machines share")
    for folder in required.folders:
        if not (folder / required.mark).is_file():
            raise FarmError(
                f"has another {folder} than this machine; it must be on a file system that all share"
            )
        own = folder / f"{_MARK}{secrets.token_hex(8)}"
        _write(own)
        discard(own)


def _write(path: Path) -> None:
    try:
        path.touch(exist_ok=False)
    except OSError as error:
        raise FarmError(f"{path.parent}: cannot be written ({error.strerror})") from None
