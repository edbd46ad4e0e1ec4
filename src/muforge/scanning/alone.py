"""One process at a time goes on with a scan."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from muforge.errors import OutputError

_NAME = ".lock"
_TAKEN = (errno.EWOULDBLOCK, errno.EACCES)


@contextmanager
def alone(scan: Path) -> Iterator[None]:
    """Keep others from going on with a scan, until the block or the process ends.

    Where the file system knows no locks, nobody is kept from it.

    Raises:
        OutputError: Another process is at it.
    """
    with (scan / _NAME).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                raise OutputError(f"{scan}: another process is going on with this scan") from None
        yield
