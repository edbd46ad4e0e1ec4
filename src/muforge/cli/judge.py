"""`muforge judge`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muforge.judge import CategoryJudgement, Judgement


class Classifier(StrEnum):
    histogram = "histogram"
    reference = "reference"


_COLOURS = {
    "indistinguishable": "bold green",
    "correlations": "bold yellow",
    "distinguishable": "bold red",
    "unphysical": "bold magenta",
}


def judge(
    real: Annotated[
        Path, typer.Argument(help="Simulated muons: a data set, whose test events are taken, or a file.")
    ],
    generated: Annotated[
        Path, typer.Argument(help="A bundle, a run of 'muforge train', or a file of muons.")
    ],
    train: Annotated[
        Path | None,
        typer.Option(
            "--train",
            help="Data set that the generator was trained on: its train events are the null and are looked for in the "
            "generated muons. Default: REAL, if that is a data set; else half of REAL is the null.",
        ),
    ] = None,
    ensemble: Annotated[
        list[Path] | None,
        typer.Option(
            "--ensemble",
            help="The same generator trained again: bundle, run or file; repeatable. Tells how many simulated muons "
            "the generated ones are worth.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory for judge.json and report.html.")
    ] = None,
    category: Annotated[
        list[int] | None,
        typer.Option("--category", min=1, max=4, help="Repeatable. Default: all that both have."),
    ] = None,
    classifier: Annotated[
        Classifier,
        typer.Option("--classifier", help="Of the note's test; reference is the note's, much slower."),
    ] = Classifier.histogram,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Classifiers trained by each test that trains some.")
    ] = 3,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Of the classifiers. Default: one per processor.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a judgement in --out.")] = False,
) -> None:
    """Tell how well generated muons agree with simulated ones.

    Every figure of merit stands beside its null, the same figure between simulated muons of other events, with its
    error over events and the probability of a difference as large by chance.
    """
    from muforge.assess import PAGE_NAME, judge_files
    from muforge.cli.screen import console, progress_bar

    with progress_bar() as bar:
        task = bar.add_task("reading", total=None)

        def stage(number: int, test: str, done: float) -> None:
            bar.update(task, description=f"category {number}: {test}", total=1.0, completed=done)
            bar.refresh()

        judgement = judge_files(
            real,
            generated,
            train=train,
            ensemble=ensemble or (),
            out=out,
            categories=category or (),
            classifier=classifier.value,
            repeats=repeats,
            threads=threads,
            seed=seed,
            force=force,
            stage=stage,
        )
    print_judgement(judgement)
    if out is not None:
        console.print(f"page: {out / PAGE_NAME}", markup=False)


def print_judgement(judgement: Judgement) -> None:
    """For each category the verdict, a table of figures of merit, and the most anomalous cells."""
    from muforge.cli.screen import console

    for category in judgement.categories.values():
        _print_category(category)
    console.print(
        "null: simulated muons of other events in the place of the generated ones; p: probability of a difference as "
        "large by chance",
        style="dim",
    )


def _print_category(judged: CategoryJudgement) -> None:
    from rich.text import Text

    from muforge.cli.screen import console, table
    from muforge.judge.summary import anomalies, summary

    verdict = judged.verdict
    sizes = ", ".join(
        f"{name} {size.rows:,} (N_eff {size.n_eff:,.0f})" for name, size in judged.muons.items()
    )
    header = ("figure of merit", "generated", "null", "p")
    console.print(table(f"{judged.category}  {judged.title}: {sizes}", header, summary(judged.results)))
    console.print(Text(f"{verdict.headline}.", _COLOURS[verdict.grade]), Text(verdict.text))
    for text in anomalies(judged):
        console.print(f"  {text}", markup=False)
    console.print()
