"""`muforge quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def quickstart(
    out: Annotated[Path, typer.Option("--out", help="Directory for everything that is made.")] = Path(
        "muforge-quickstart"
    ),
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the generated muons and of the judge.")
    ] = 0,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads. Default: one per processor.")
    ] = None,
) -> None:
    """Go through the whole chain on data that the package carries, in about a minute.

    Reads a small sample of full simulation, judges a small trained model on events that it never saw,
    generates the muons of 1e9 protons into a ROOT file, reads it back and draws the plots.
    """
    from time import perf_counter

    from muforge.cli.comparisons import print_comparisons
    from muforge.cli.ingest import print_dataset
    from muforge.cli.screen import console
    from muforge.quickstart.tour import tour

    start = perf_counter()
    made = tour(
        out,
        seed=seed,
        threads=threads,
        stage=lambda text: console.print(f"- {text}", style="bold", markup=False),
    )
    print_dataset(made.ingestion.dataset)
    print_comparisons(made.judged)
    total = sum(made.spill.counts.values())
    console.print(
        f"{total:,} muons for {made.spill.protons_on_target:.4g} protons, all of them found when read back"
    )
    console.print(f"data set   {made.ingestion.dataset.directory}", markup=False)
    console.print(f"model      {made.bundle.directory}", markup=False)
    console.print(
        f"muons      {made.spill.files[0]}  (tree pythia8-Geant4, as FairShip reads it)", markup=False
    )
    console.print(f"plots      {made.plots[0].parent}  ({len(made.plots)} files)", markup=False)
    console.print(f"done in {perf_counter() - start:.0f} s")
