"""`muforge bundle`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bundle(
    run: Annotated[
        Path, typer.Argument(help="Directory that 'muforge train' wrote, with category-1 to category-4.")
    ],
    dataset: Annotated[
        Path, typer.Option("--data", help="The data set it was trained on; the rates are its.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Directory of the bundle.")],
    name: Annotated[
        str | None, typer.Option("--name", help="What to call it. Default: the name of --out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a bundle.")] = False,
) -> None:
    """Put trained categories together into one bundle, from which muons are generated."""
    from muforge.bundle import save_bundle
    from muforge.cli.screen import console, warn
    from muforge.dataset.store import Dataset
    from muforge.sample import CATEGORIES
    from muforge.training.directory import finished_categories, replicas_of

    results = finished_categories(run)
    made = save_bundle(
        out,
        {category: result.model for category, result in results.items()},
        Dataset.open(dataset),
        name=name or out.name,
        judged={category: result.judged for category, result in results.items() if result.judged},
        replicas=[
            {category: result.model for category, result in finished_categories(each).items()}
            for each in replicas_of(run)
        ],
        force=force,
    )
    for category in CATEGORIES:
        if category not in results:
            warn(f"category {category}: not in {run}; spills from this bundle will lack it")
    console.print(f"{made!r} in {out}")
