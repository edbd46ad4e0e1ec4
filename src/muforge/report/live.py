"""The page of a training that goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from muforge.judge import Comparison
from muforge.judge.result import Result
from muforge.report import templates
from muforge.report.content import Row, Section, Table
from muforge.report.figures_table import all_figures
from muforge.report.picture import Picture, picture, picture_from_png
from muforge.report.progress import History, progress
from muforge.sample import CATEGORY_TITLES

_PLOTS = {
    "one_dimensional": "Densities of every column, real and generated, with their ratio.",
    "pairs": "Two-dimensional histograms of every pair of columns, real and generated.",
    "bdt_output": "Output of the boosted trees for real and generated muons, and for the null.",
}


@dataclass(frozen=True)
class Live:
    """One category of a run as it is now.

    Arguments:
        category: 1 to 4.
        history: Rows of the monitor, as `progress` takes them; empty before its first call.
        comparison: The last BDT test.
        columns: The last one-dimensional figures of merit.
        plots: PNG files of the last monitor call.
        finished: Whether the training has ended.
        config: The configuration as YAML text.
    """

    category: int
    history: History
    comparison: Comparison | None
    columns: Sequence[Result]
    plots: Sequence[Path]
    finished: bool
    config: str


def write_live_page(name: str, parts: Sequence[Live], path: Path, *, refresh: float | None) -> None:
    """Write a page that loads itself again every `refresh` seconds, or never.

    Raises:
        OutputError: The page cannot be written.
    """
    templates.write(
        "live.html",
        path,
        title=name,
        kind="Training, finished" if refresh is None else "Training, live",
        refresh=None if refresh is None else max(1, math.ceil(refresh)),
        heading="Progress",
        sections=[_section(part) for part in parts],
        configurations=[(_title(part), part.config) for part in parts],
    )


def _title(part: Live) -> str:
    return f"Category {part.category}: {CATEGORY_TITLES[part.category]}"


def _section(part: Live) -> Section:
    return Section(
        anchor=f"category-{part.category}",
        title=_title(part),
        text=[_state(part)],
        tables=_tables(part),
        figures=_figures(part),
    )


def _state(part: Live) -> str:
    if not part.history:
        return "Nothing has been judged yet."
    ended = "Finished" if part.finished else "Going on"
    return f"{ended}; last judged at step {part.history[-1]['step']:,}, on the validation events."


def _tables(part: Live) -> list[Table]:
    if part.comparison is None:
        return []
    rows = [Row(cells) for cells in part.comparison.table()]
    header = ("figure of merit", "generated", "null")
    return [Table("The note's BDT test at the last judged step", header, rows), *all_figures(part.columns)]


def _figures(part: Live) -> list[Picture]:
    if not part.history:
        return []
    step = part.history[-1]["step"]
    alt = f"Figures of merit and losses up to step {step}."
    pictures = [picture(progress(part.history), alt, "Dashed: the null, real against real.")]
    for plot in part.plots:
        text = _PLOTS.get(plot.stem, plot.stem)
        pictures.append(picture_from_png(plot, text, text))
    return pictures
