"""The short page of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from muforge.report import templates
from muforge.report.content import Row, Section, Table
from muforge.report.picture import picture
from muforge.studies.protocol import Study


@dataclass(frozen=True)
class StudyFigure:
    """A figure of a study.

    Arguments:
        name: Of its file, without suffix.
        figure: What is drawn.
        caption: What it shows.
    """

    name: str
    figure: Figure
    caption: str


def study_figures(name: str, details: Mapping[str, Any]) -> list[StudyFigure]:
    """The figures of a study, drawn by `figures(details)` of the module of its name in `muforge.report.studies`."""
    module = import_module(f"muforge.report.studies.{name.replace('-', '_')}")
    figures: list[StudyFigure] = module.figures(details)
    return figures


def write_study_page(
    name: str, asks: str, found: Study, figures: Sequence[StudyFigure], config: str, path: Path
) -> None:
    """Write a page that opens from disk and needs no network.

    Arguments:
        name: Of the study.
        asks: Its question.
        found: Its result.
        figures: Its figures.
        config: Its configuration as YAML text.
        path: HTML file; one that is there is replaced.

    Raises:
        OutputError: The page cannot be written.
    """
    templates.write(
        "live.html",
        path,
        title=asks,
        kind=f"Study: {name}",
        heading="What was found",
        refresh=None,
        sections=[
            Section("answer", "Answer", items=found.answers),
            Section(
                "numbers",
                "Numbers",
                tables=[
                    Table(each.caption, each.header, [Row(row) for row in each.rows]) for each in found.tables
                ],
            ),
            Section(
                "figures",
                "Figures",
                figures=[picture(each.figure, each.caption, each.caption) for each in figures],
            ),
        ],
        configurations=[(f"muforge study {name}", config)],
    )
