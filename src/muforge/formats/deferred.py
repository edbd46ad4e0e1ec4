"""A file that keeps a write error for later, for a library that does not survive one."""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any


class DeferredErrors(FileIO):
    """A new unbuffered file whose writes never raise: the first error is kept, later writes are dropped.

    HDF5 cannot close a file that it fails to flush, and crashes the process when it tries again later. So it
    writes through this file, and `check` raises what has gone wrong once HDF5 is out of the way.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise self._error

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._attempt(lambda: self._write_all(view))
        return view.nbytes

    def truncate(self, size: int | None = None) -> int:
        self._attempt(lambda: super(DeferredErrors, self).truncate(size))
        return self.tell() if size is None else size

    def _attempt(self, action: Callable[[], object]) -> None:
        if self._error is None:
            try:
                action()
            except OSError as error:
                self._error = error

    def _write_all(self, data: memoryview) -> None:
        while data:
            data = data[super().write(data) :]
