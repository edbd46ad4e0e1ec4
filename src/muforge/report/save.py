"""Figures as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from muforge.errors import OutputError
from muforge.files import atomic
from muforge.report.style import house_style

DOTS_PER_INCH = 120

UNDATED: Mapping[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, PDF or SVG, by the suffix of `path`, atomically.

    The file holds no date and no version, so the same figure gives the same bytes. A file at `path` is replaced.

    Raises:
        OutputError: The suffix is none of these, or the file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in UNDATED:
        raise OutputError(f"{path}: figures are written as {', '.join(UNDATED)}, not '{path.suffix}'")
    with house_style(), atomic(path) as partial:
        figure.savefig(partial, format=kind, dpi=DOTS_PER_INCH, metadata=UNDATED[kind])
