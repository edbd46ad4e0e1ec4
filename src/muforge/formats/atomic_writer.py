"""What all writers share: one file that appears under its name when the `with` block ends well."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from muforge.errors import ConfigError
from muforge.files import atomic, check_output
from muforge.formats.metadata import encode
from muforge.sample import Sample


class AtomicWriter(ABC):
    """Writes samples one after the other into one file.

    Arguments:
        path: The file, which appears when the block ends well.
        force: Replace a file that exists.
        metadata: JSON content to keep with the muons, found again by `muforge.formats.metadata_of`. Give
            `weights_protons_on_target`, and `events_known` where it is false, here.
        title: A line for people.

    Raises:
        OutputError: `path` exists (without `force`), is a directory, cannot be written, or the disk is full;
            in each case nothing new is left under its name, nor beside it.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        force: bool = False,
        metadata: Mapping[str, Any] | None = None,
        title: str = "",
    ) -> None:
        self.path = Path(path)
        check_output(self.path, force=force)
        self._metadata = encode(metadata)
        self._title = title
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            partial = stack.enter_context(atomic(self.path))
            stack.enter_context(self._opened(partial))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if error is None:
            self._completed()

    @abstractmethod
    def write(self, sample: Sample) -> None:
        """Add the muons of a sample."""

    def _completed(self) -> None:  # noqa: B027
        """What is left to do once the file has its name; most formats have nothing."""

    @abstractmethod
    def _opened(self, partial: Path) -> AbstractContextManager[None]:
        """The open file: the block runs between its making and its completion."""


def check_offset(z_offset: float) -> float:
    """The offset itself, or `ConfigError` if it is not a finite number of metres."""
    if not math.isfinite(z_offset):
        raise ConfigError(f"z offset {z_offset}: must be a finite number of metres")
    return z_offset
