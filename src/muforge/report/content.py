"""What a page is made of, ready for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from muforge.report.picture import Picture


@dataclass(frozen=True)
class Row:
    """A row of a table; `found` marks a difference, and a `heading` is one cell for the rows below it."""

    cells: Sequence[str]
    found: bool = False
    heading: bool = False


@dataclass(frozen=True)
class Table:
    """A table; a long one is folded behind its `summary`."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Row]
    summary: str = ""

    @property
    def folded(self) -> bool:
        return bool(self.summary)


@dataclass(frozen=True)
class Section:
    """A part of a page that can be linked to; figures of a `gallery` stand abreast where there is room."""

    anchor: str
    title: str
    text: Sequence[str] = ()
    items: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Picture] = ()
    gallery: Sequence[Picture] = ()
