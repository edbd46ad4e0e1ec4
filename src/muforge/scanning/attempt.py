"""An attempt at a trial, which ends as soon as another one has begun.

A worker that is taken for dead may go on for a while; its trial is then run again, in the same directory.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from muforge.errors import FarmError
from muforge.files import atomic, discard

_NAME = ".attempt"
_SECONDS_BETWEEN_LOOKS = 1.0


@contextmanager
def attempt(directory: Path) -> Iterator[Callable[[], None]]:
    """Begin an attempt and yield what it asks all the time: a function that raises `FarmError` once it is to end.

    Arguments:
        directory: Of the trial.
    """
    path, own = directory / _NAME, secrets.token_hex(8)
    with atomic(path) as partial:
        partial.write_text(own, encoding="utf-8")
    last = monotonic()

    def check() -> None:
        nonlocal last
        if monotonic() - last >= _SECONDS_BETWEEN_LOOKS:
            last = monotonic()
            if _owner(path) != own:
                raise FarmError(
                    f"{directory}: given up, another attempt at it has begun or the scan was stopped"
                )

    yield check
    if _owner(path) == own:
        discard(path)


def give_up(directory: Path) -> None:
    """Let the attempt at a trial, if there is one, end."""
    discard(directory / _NAME)


def _owner(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
