"""`muforge scan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muforge.cli.farm import FARM_HELP
from muforge.cli.settings import assignment

if TYPE_CHECKING:
    from muforge.search import ScanProgress, ScanResult

INCOMPLETE_EXIT_CODE = 3
BEST_ROWS = 10


def scan(
    space: Annotated[
        str | None,
        typer.Argument(
            help="Search space: a name, or a YAML file. Without it all names are listed.", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data set made by 'muforge ingest'.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Directory for the trials, result.json, best.yaml, figures and page.html. Default: scan-SPACE, here.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", min=1, help="In all, those in --out among them. Default: all points of a grid."
        ),
    ] = None,
    farm: Annotated[str, typer.Option("--farm", help=FARM_HELP)] = "local",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A key of config.yaml for all trials, e.g. training.steps=2000; repeatable."
        ),
    ] = None,
    category: Annotated[
        list[int] | None,
        typer.Option("--category", min=1, max=4, help="Repeatable. Default: the space's."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the file of the space, to write another one, and stop.")
    ] = False,
) -> None:
    """Search for good options: train with many, compare them on the validation events, and keep the best.

    Interrupted, the same command goes on; with more --trials, too. Exit code 3 means that some trials failed or were
    lost; they are named on the screen and on the page. Those that were lost the same command runs again.
    """
    if space is None:
        _list()
        return
    from rich.progress import TextColumn

    from muforge.cli.screen import console, errors, progress_bar
    from muforge.errors import ConfigError, TrainingError
    from muforge.scanning.directory import PAGE_NAME
    from muforge.scanning.table import number_text
    from muforge.scans import space_file
    from muforge.search import scan as search

    if show:
        console.print(space_file(space).read_text(encoding="utf-8"), markup=False, end="")
        return
    if data is None:
        raise ConfigError(f"scan '{space}': say on which data set (--data)")
    out = out or Path(f"scan-{Path(space).stem}")
    with progress_bar(TextColumn("{task.completed} of {task.total} trials, best {task.fields[best]}")) as bar:
        task = bar.add_task("scan", total=trials, best="none yet")

        def tell(now: ScanProgress) -> None:
            best = "none yet" if now.best is None else f"{now.best:.4g}"
            if now.ended is None:
                errors.print(f"dashboard: {now.dashboard}", markup=False)
            elif now.ended.end.reason is not None:
                message = f"trial {now.ended.number} {now.ended.state}: {now.ended.end.reason}"
                errors.print(message, style="red", markup=False)
            elif bar.disable:
                message = f"trial {now.ended.number} {now.ended.state}, value {number_text(now.ended.value)}"
                errors.print(f"{message}; {now.done} of {now.trials} trials, best {best}", markup=False)
            bar.update(task, completed=now.done, total=now.trials, best=best, refresh=True)

        found = search(
            space,
            data,
            out,
            trials=trials,
            farm=farm,
            settings=dict(assignment(text, "training.steps=2000") for text in settings or []),
            categories=category,
            progress=tell,
        )
    if found.best is None:
        reason = f"; the first: {found.failed[0].end.reason}" if found.failed else ""
        raise TrainingError(f"{out}: none of {len(found.trials)} trials came to its end{reason}")
    _print_found(found, data, out)
    console.print(f"page: {out / PAGE_NAME}", markup=False)
    if found.failed:
        again = ", the same command runs those again that were lost" * any(
            each.state == "lost" for each in found.failed
        )
        console.print(f"{len(found.failed)} of {len(found.trials)} trials failed{again}", markup=False)
        raise typer.Exit(INCOMPLETE_EXIT_CODE)


def _list() -> None:
    from muforge import scans
    from muforge.cli.screen import console

    width = max(map(len, scans.names()))
    for name in scans.names():
        console.print(f"{name:<{width}}  {scans.about(name)}", markup=False)
    console.print(
        "muforge scan NAME --show prints its file, from which you can write your own; docs/scan.md tells more"
    )


def _print_found(found: ScanResult, data: Path, out: Path) -> None:
    from muforge.cli.screen import console, table
    from muforge.sample import CATEGORIES
    from muforge.scanning.directory import BEST_NAME
    from muforge.scanning.table import cells, header, sentences

    names = list(found.trials[0].parameters)
    rows = [cells(each, names) for each in found.ranked[:BEST_ROWS]]
    title = f"The best trials: distance of {found.figure_of_merit} on validation events, and that of real muons (null)"
    console.print(table(title, header(names), rows))
    for sentence in sentences(found):
        console.print(f"- {sentence}", markup=False)
    of_some = [f"--category {each} " for each in found.categories if found.categories != CATEGORIES]
    command = f"muforge train {data} --config {out / BEST_NAME} {''.join(of_some)}--out RUN"
    console.print(f"to train the best: {command}", markup=False)
