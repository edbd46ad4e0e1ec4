"""`muforge ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muforge.cli.farm import FARM_HELP
from muforge.sample import CATEGORY_TITLES

if TYPE_CHECKING:
    from muforge.dataset.ingest import Ingestion
    from muforge.dataset.store import Dataset

INCOMPLETE_EXIT_CODE = 3


def ingest(
    files: Annotated[
        list[Path],
        typer.Argument(help="Full-simulation files: cbmsim or pythia8-Geant4 in ROOT files, or Parquet."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Directory of the data set.")],
    muons: Annotated[
        int | None,
        typer.Option(
            "--muons", min=1, help="Stop when each category has this many, and keep at most this many."
        ),
    ] = None,
    blacklist: Annotated[
        list[str] | None,
        typer.Option("--blacklist", help="Leave out files that match this pattern; repeatable."),
    ] = None,
    pot: Annotated[
        float | None,
        typer.Option(
            "--pot",
            help="Protons on target that the weights of all files together stand for. "
            "Default: what the files state, else one SHiP spill of 5e13.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the split by event.")] = 0,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes. Default: one per processor.")
    ] = None,
    farm: Annotated[
        str | None,
        typer.Option(
            "--farm", help=f"{FARM_HELP} Each file is read by one worker. Default: --jobs processes."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first damaged file or row.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Make the data set anew, whatever --out holds.")
    ] = False,
) -> None:
    """Read full-simulation files into a data set: four categories, split by event 60/20/20.

    Run it again to resume, or with more files to add to the data set: finished files are not read twice.
    Exit code 3 means that the data set is made, but damaged files or rows were left out; they are named on
    the screen and in dataset.json.
    """
    from time import perf_counter

    from rich.progress import TextColumn

    from muforge.cli.farm import Failures, announce
    from muforge.cli.screen import console, progress_bar, warn
    from muforge.dataset.ingest import ingest as make
    from muforge.dataset.workers import Progress
    from muforge.errors import ConfigError

    if pot is not None and not 0 < pot < float("inf"):
        raise ConfigError(f"--pot {pot:g}: must be a positive number")
    if jobs is not None and farm is not None:
        raise ConfigError("--jobs, --farm: give one of them")
    start = perf_counter()
    with progress_bar(TextColumn("{task.fields[muons]:,} muons, {task.fields[rate]:.2f} M/s")) as bar:
        task = bar.add_task("reading", total=len(files), muons=0, rate=0.0)

        def show(state: Progress) -> None:
            rate = state.muons / (perf_counter() - start) / 1e6
            bar.update(
                task,
                completed=state.files_done,
                total=state.files,
                muons=state.muons,
                rate=rate,
                refresh=True,
            )

        result = make(
            files,
            out,
            target=muons,
            blacklist=blacklist or [],
            protons_on_target=pot,
            seed=seed,
            jobs=jobs,
            strict=strict,
            force=force,
            farm=farm,
            progress=show,
            on_farm=announce,
            on_failure=Failures(),
        )
    seconds = perf_counter() - start
    print_dataset(result.dataset)
    for message in result.warnings:
        warn(message)
    total = len(result.dataset.manifest.files)
    if result.files_read:
        rate = result.muons_read / seconds / 1e6
        console.print(
            f"read {result.files_read} of {total} files, {result.muons_read:,} muons in {seconds:.2f} s "
            f"({rate:.2f} million per second)"
        )
    else:
        console.print(f"nothing to do: all {total} files were read before")
    console.print(f"data set: {out}")
    _print_left_out(result)
    if not result.complete:
        raise typer.Exit(INCOMPLETE_EXIT_CODE)


def print_dataset(dataset: Dataset) -> None:
    """One table: counts, N_eff, rates and the split of each category."""
    from muforge.cli.screen import console, table
    from muforge.dataset.manifest import SPLITS

    manifest = dataset.manifest
    rows = [
        (
            f"{number}  {CATEGORY_TITLES[number]}",
            f"{record.kept.muons:,}",
            f"{record.kept.n_eff:,.0f}",
            f"{dataset.rate(number):.3e}",
            *(f"{count:,}" for count in record.split.values()),
        )
        for number, record in manifest.categories.items()
    ]
    header = ("category", "muons", "N_eff", "per proton", *SPLITS)
    pot = manifest.protons_on_target
    title = f"{pot.value:.4g} protons on target ({pot.source}), largest weight {manifest.largest_weight:.6g}"
    console.print(table(title, header, rows))
    odd = sum(record.one_coordinate_zero for record in manifest.files)
    if odd:
        console.print(
            f"{odd:,} muons have only one of StartX and StartY zero; they are in categories 3 and 4"
        )


def _print_left_out(result: Ingestion) -> None:
    from muforge.cli.screen import console, errors

    manifest = result.dataset.manifest
    for path in manifest.blacklisted:
        console.print(f"left out (blacklist): {path}", markup=False)
    if manifest.not_needed:
        console.print(f"not needed to reach the target: {len(manifest.not_needed)} files")
    for fault in manifest.faults:
        errors.print(f"left out: {fault.path}: {fault.reason}", style="red", markup=False)
    for record in manifest.files:
        for rejected in record.rejected:
            entries = ", ".join(map(str, rejected.first_entries))
            where = (
                f"first entries {entries}"
                if rejected.rows > len(rejected.first_entries)
                else f"entries {entries}"
            )
            errors.print(
                f"left out of {record.identity.path}: {rejected.rows} rows, {rejected.reason} ({where})",
                style="red" if rejected.fault else None,
                markup=False,
            )
