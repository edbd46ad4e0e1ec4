"""`muforge generate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muforge.cli.farm import FARM_HELP

if TYPE_CHECKING:
    from muforge.spill.generate import Spill

_MOST_LINES = 20


class OutputFormat(StrEnum):
    flat = "flat"
    rntuple = "rntuple"
    parquet = "parquet"
    hdf5 = "hdf5"
    npy = "npy"


COMPRESSED = (OutputFormat.flat, OutputFormat.rntuple, OutputFormat.parquet)


class Compression(StrEnum):
    lz4 = "lz4"
    zstd = "zstd"
    zlib = "zlib"
    none = "none"


def generate(
    bundle: Annotated[Path, typer.Argument(help="Bundle of trained models, made by 'muforge bundle'.")],
    out: Annotated[
        Path, typer.Option("--out", help="File to write; with --shards, the pattern of their names.")
    ],
    pot: Annotated[
        float | None,
        typer.Option("--pot", help="Protons on target: counts are Poisson numbers around the rates."),
    ] = None,
    muons: Annotated[
        float | None, typer.Option("--muons", help="Number of muons, such as 1e8, instead of --pot.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same muons.")] = 0,
    shards: Annotated[int | None, typer.Option("--shards", help="Number of files. Default: one.")] = None,
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size", help="Instead of --shards: so many files that none is larger, e.g. 2GB or 500MB."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            help="Threads that generate, beside the one that writes; the muons do not depend on it. Default: one per "
            "processor.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            help="Run through PyTorch there, e.g. cuda. Default: the compiled engine on the processor.",
        ),
    ] = None,
    format: Annotated[
        OutputFormat,
        typer.Option(
            "--format", help="flat is FairShip's pythia8-Geant4 tree, rntuple the same as ROOT's RNTuple."
        ),
    ] = OutputFormat.flat,
    pairs: Annotated[
        bool,
        typer.Option(
            "--pairs",
            help="Muons of one decay come together and share an event number. flat, rntuple and parquet; the bundle "
            "must know them (--preset whole).",
        ),
    ] = False,
    variations: Annotated[
        bool,
        typer.Option(
            "--variations",
            help="Further columns variation_1, ...: the weight of each replica of the model over its own. flat, "
            "rntuple and parquet; the bundle must have replicas (train --replicas).",
        ),
    ] = False,
    z_offset: Annotated[
        float, typer.Option("--z-offset", help="Metres added to every z, e.g. -70.845 for the 2018 geometry.")
    ] = 0.0,
    buffer_row: Annotated[
        bool,
        typer.Option(
            "--buffer-row", help="flat: end with a row of zeros, which old readers of the tree need."
        ),
    ] = False,
    compression: Annotated[
        Compression | None,
        typer.Option("--compression", help="flat, rntuple (default: lz4) and parquet (default: zstd)."),
    ] = None,
    farm: Annotated[
        str | None,
        typer.Option(
            "--farm", help=f"{FARM_HELP} Each of --shards is made by one worker. Default: threads here."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
) -> None:
    """Generate a spill of muons into one or more files.

    Muons are written before beam smearing, which FairShip applies itself when it reads them.
    """
    from time import perf_counter

    from rich.progress import TextColumn

    from muforge.bundle import Bundle
    from muforge.cli.farm import Failures, announce
    from muforge.cli.screen import console, progress_bar
    from muforge.cli.size import bytes_of, whole_number
    from muforge.errors import ConfigError
    from muforge.memory import keep_freed_memory
    from muforge.spill.generate import generate_files

    if shards is not None and max_size is not None:
        raise ConfigError("--shards, --max-size: give one of them")
    if threads is not None and farm is not None:
        raise ConfigError("--threads, --farm: give one of them; a worker of a farm has one thread")
    options: dict[str, object] = {}
    if buffer_row:
        if format is not OutputFormat.flat:
            raise ConfigError("--buffer-row: only for --format flat")
        options["buffer_row"] = True
    if compression is not None:
        if format not in COMPRESSED:
            raise ConfigError(f"--compression: not for --format {format.value}, which is not compressed")
        options["compression"] = compression.value
    if format is not OutputFormat.parquet:
        options["z_offset"] = z_offset
    elif z_offset:
        raise ConfigError("--z-offset: not for --format parquet, which keeps the frame of the training data")
    keep_freed_memory()
    start = perf_counter()
    loaded = Bundle.load(bundle)
    with progress_bar(TextColumn("{task.completed:,.0f} muons")) as bar:
        task = bar.add_task("generating", total=None)
        spill = generate_files(
            loaded,
            out,
            pot=pot,
            muons=None if muons is None else whole_number(muons, "--muons"),
            seed=seed,
            shards=1 if shards is None else shards,
            max_size=None if max_size is None else bytes_of(max_size),
            threads=threads,
            device=device,
            format=format.value,
            pairs=pairs,
            variations=variations,
            force=force,
            farm=farm,
            on_farm=announce,
            on_failure=Failures(),
            progress=lambda done, total: bar.update(task, completed=done, total=total, refresh=True),
            **options,
        )
    seconds = perf_counter() - start
    total = sum(spill.counts.values())
    by_category = ", ".join(f"{count:,} of category {category}" for category, count in spill.counts.items())
    console.print(f"{total:,} muons for {spill.protons_on_target:.4g} protons on target: {by_category}")
    console.print(_worth(loaded.n_eff))
    if spill.kept:
        console.print(f"{len(spill.kept)} of {len(spill.files)} files were finished before and are kept")
    for line in _written(spill):
        console.print(line, markup=False)
    console.print(f"{seconds:.1f} s, {total / seconds:,.0f} muons per second")


def _written(spill: Spill) -> list[str]:
    """A line for each file, or where they are many for all of them."""
    sizes = [file.stat().st_size / 1e6 for file in spill.files]
    if len(sizes) <= _MOST_LINES:
        lines = [f"wrote {file} ({size:.1f} MB)" for file, size in zip(spill.files, sizes, strict=True)]
    else:
        lines = [
            f"wrote {len(sizes)} files, {spill.files[0]} to {spill.files[-1].name} ({sum(sizes):,.1f} MB)"
        ]
    return (
        lines
        if spill.manifest is None
        else [*lines, f"wrote {spill.manifest}: 'muforge verify' checks them by it"]
    )


def _worth(n_eff: dict[int, float]) -> str:
    """What nobody should take the number of muons for."""
    sizes = ", ".join(f"{size:,.0f} (category {category})" for category, size in n_eff.items())
    return (
        f"learned from simulated muons of N_eff {sizes}: errors do not become smaller than theirs "
        "('muforge judge --ensemble' measures by how much)"
    )
