"""What every on-disk format that can be read offers: a reader of `Sample` chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from muforge.sample import Sample


@dataclass(frozen=True)
class Rejection:
    """Rows of one file that were left out for one reason."""

    reason: str
    rows: int
    first_entries: tuple[int, ...]
    fault: bool = True
    """True for damage; False for rows that are no muons by design, such as a trailing buffer row."""


@dataclass(frozen=True)
class Chunk:
    """A stretch of a file: its muons, and what was left out of them.

    `sample["event"]` is the event number within the file. `entries` counts the tree entries (rows) read. The
    sample does not state protons on target, which are those of the file: see `FileInfo`. An empty file gives
    one chunk without muons, so that its columns are known.
    """

    sample: Sample
    entries: int
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True)
class FileInfo:
    """What a file says of itself without reading its muons."""

    format: str
    entries: int
    protons_on_target: float | None = None
    events_known: bool = True
    metadata: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str | None] = field(default_factory=dict)
    """What the file calls a column, to its unit: "" for a pure number, None if it is not known."""
    title: str = ""


class Reader(Protocol):
    """Reads one on-disk format.

    `describe` and `chunks` raise `InputFileError`, naming the file and the branch, for a damaged or
    truncated file and for a missing column. `chunks` holds no more than about `rows` muons at a time.
    """

    name: str

    def recognises(self, path: Path) -> bool: ...

    def describe(self, path: Path) -> FileInfo: ...

    def chunks(self, path: Path, rows: int) -> Iterator[Chunk]: ...
