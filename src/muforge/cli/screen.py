"""What the commands share on the screen: the console, progress bars and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def progress_bar(*extra: ProgressColumn) -> Progress:
    """A progress bar on standard error that leaves no thread behind and is silent where nobody looks."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        *extra,
        TimeRemainingColumn(),
        console=errors,
        auto_refresh=False,
        disable=not errors.is_terminal,
        transient=True,
    )


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A table with its numbers to the right, narrow enough for a terminal of 80 columns."""
    out = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for number, name in enumerate(header):
        out.add_column(name, justify="left" if number == 0 else "right")
    for row in rows:
        out.add_row(*map(str, row))
    return out


def silence() -> None:
    """Print nothing more."""
    console.quiet = errors.quiet = True


def warn(message: str) -> None:
    errors.print(f"muforge: warning: {message}", style="yellow", markup=False)
