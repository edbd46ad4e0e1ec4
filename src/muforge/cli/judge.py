"""`muforge judge`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muforge.sample import CATEGORY_TITLES

if TYPE_CHECKING:
    from muforge.judge import Comparison


class Classifier(StrEnum):
    histogram = "histogram"
    reference = "reference"


def judge(
    dataset: Annotated[Path, typer.Argument(help="Data set of full simulation, made by 'muforge ingest'.")],
    generated: Annotated[Path, typer.Argument(help="A bundle, or a file of generated muons.")],
    classifier: Annotated[
        Classifier, typer.Option("--classifier", help="reference is the 2018 note's, much slower.")
    ] = Classifier.histogram,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Classifiers trained; their spread is the error.")
    ] = 5,
    size: Annotated[
        int, typer.Option("--size", min=20, help="Muons of each kind to train on, and to test on.")
    ] = 50_000,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the figures to this JSON file too.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --out.")] = False,
) -> None:
    """Tell how well generated muons agree with the test events of a data set.

    A classifier learns to tell them apart; beside each figure stands its null, the same test between the
    train and the test events of the data set.
    """
    from muforge.dataset.store import Dataset
    from muforge.files import check_output, write_json
    from muforge.judge import compare
    from muforge.spill.categories import generated_categories

    if out is not None:
        check_output(out, force=force)
    data = Dataset.open(dataset)
    judged = {
        category: compare(
            data.load(category, "test"),
            sample,
            null=data.load(category, "train"),
            classifier=classifier.value,
            size=size,
            repeats=repeats,
            seed=seed,
        )
        for category, sample in generated_categories(generated, muons=2 * size, seed=seed).items()
    }
    print_comparisons(judged)
    if out is not None:
        write_json(out, {str(category): comparison.to_dict() for category, comparison in judged.items()})


def print_comparisons(judged: Mapping[int, Comparison]) -> None:
    """One table: each category's figures of merit, each beside its null."""
    from muforge.cli.screen import console, table

    rows = [
        (f"{category}  {CATEGORY_TITLES[category]}" if number == 0 else "", *row)
        for category, comparison in judged.items()
        for number, row in enumerate(comparison.table())
    ]
    header = ("category", "figure of merit", "generated", "null")
    title = "Against test events; null: train events (AUC 0.5, chi2 1, overlap 1 if nobody can tell)"
    console.print(table(title, header, rows))
