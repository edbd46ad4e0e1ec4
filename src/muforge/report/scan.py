"""The page of a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from muforge.report import templates
from muforge.report.content import Row, Section, Table
from muforge.report.picture import picture
from muforge.report.scan_figures import VALUES, grid_map, history, importances, parallel
from muforge.report.study import StudyFigure
from muforge.scanning.parameter import Parameter
from muforge.scanning.result import ScanResult, Trial
from muforge.scanning.table import cells, header, parameters_text, sentences

BEST_ROWS = 10
_LEAST_TO_FOLD = 30


def scan_figures(found: ScanResult, parameters: Mapping[str, Parameter]) -> list[StudyFigure]:
    """What can be drawn of a scan; without a trial that came to its end, nothing.

    Arguments:
        found: Its trials.
        parameters: Of its space.
    """
    if found.best is None:
        return []
    value = VALUES[found.figure_of_merit]
    figures = [
        StudyFigure(
            "parallel",
            parallel(found, parameters),
            f"Every trial, a line through its values; at the right {value}, of which less is better. Red: the best "
            "trial; grey and dashed: trials that were stopped early, at their value then.",
        ),
        StudyFigure(
            "history",
            history(found),
            f"{value[0].upper()}{value[1:]} in the order of the trials; the line is the best so far.",
        ),
    ]
    if (drawn := grid_map(found, parameters)) is not None:
        figures.insert(
            0, StudyFigure("map", drawn, f"{value[0].upper()}{value[1:]} at every point of the grid.")
        )
    if found.importances:
        caption = (
            "Share of each parameter in the variance of the value, by functional analysis of variance on "
            f"{len(found.ranked)} complete trials."
        )
        figures.append(StudyFigure("importances", importances(found), caption))
    return figures


def write_scan_page(
    name: str, found: ScanResult, figures: Sequence[StudyFigure], space: str, path: Path
) -> None:
    """Write a page that opens from disk and needs no network.

    Arguments:
        name: Of the scan.
        found: Its trials.
        figures: Of `scan_figures`.
        space: Its space as YAML text.
        path: HTML file; one that is there is replaced.

    Raises:
        OutputError: The page cannot be written.
    """
    names = list(found.trials[0].parameters) if found.trials else []
    templates.write(
        "live.html",
        path,
        title=name,
        kind="Scan of options",
        heading="What was found",
        refresh=None,
        sections=[
            Section("answer", "Answer", items=sentences(found)),
            Section(
                "figures",
                "Figures",
                figures=[picture(each.figure, each.caption, each.caption) for each in figures],
            ),
            Section(
                "trials",
                "Trials",
                items=[
                    f"Trial {each.number} {each.state}: {each.end.reason} ({parameters_text(each)})"
                    for each in found.failed
                ],
                tables=_tables(found, names),
            ),
        ],
        configurations=[("Search space, with every option of its configuration", space)],
    )


def _tables(found: ScanResult, names: Sequence[str]) -> list[Table]:
    best = _table("The best trials", found.ranked[:BEST_ROWS], names)
    every = _table("All trials, in their order; of those stopped early the value then", found.trials, names)
    if len(found.trials) <= BEST_ROWS:
        return [every]
    summary = f"All {len(found.trials)} trials" if len(found.trials) > _LEAST_TO_FOLD else ""
    return [best, Table(every.caption, every.header, every.rows, summary)]


def _table(caption: str, trials: Sequence[Trial], names: Sequence[str]) -> Table:
    number, *columns = header(names)
    rows = []
    for each in trials:
        first, *others = cells(each, names)
        rows.append(Row([first, each.state, *others]))
    return Table(caption, [number, "ended", *columns], rows)
