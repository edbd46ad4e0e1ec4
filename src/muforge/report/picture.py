"""A figure as part of a page: vector graphics where that is small, pixels where it is large."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from muforge.report.save import DOTS_PER_INCH, UNDATED
from muforge.report.style import house_style

LARGEST_SVG = 150_000
"""Bytes above which a figure is embedded as PNG."""


WIDEST_ON_A_PHONE = 1000
"""Pixels."""


@dataclass(frozen=True)
class Picture:
    """What an `img` element needs.

    Arguments:
        source: A data URI.
        alt: What the figure shows, for those who do not see it.
        caption: Below the figure.
        width: Pixels.
        height: Pixels.
    """

    source: str
    alt: str
    caption: str
    width: int
    height: int

    @property
    def wide(self) -> bool:
        """Too wide to be read when shrunk to the width of a phone."""
        return self.width > WIDEST_ON_A_PHONE


def picture(figure: Figure, alt: str, caption: str) -> Picture:
    """A figure drawn for a page."""
    width, height = (round(inches * DOTS_PER_INCH) for inches in figure.get_size_inches())
    vector = _drawn(figure, "svg")
    kind, content = ("svg+xml", vector) if len(vector) <= LARGEST_SVG else ("png", _drawn(figure, "png"))
    return Picture(_uri(kind, content), alt, caption, width, height)


def picture_from_png(path: Path, alt: str, caption: str) -> Picture:
    """A figure that was saved as PNG."""
    content = path.read_bytes()
    width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    return Picture(_uri("png", content), alt, caption, width, height)


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _drawn(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=UNDATED[kind])
    return buffer.getvalue()
