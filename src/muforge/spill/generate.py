"""Generating: a spill in memory, or streamed into files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muforge.bundle import Bundle
from muforge.errors import BundleError, ConfigError, Interrupted
from muforge.farm.outcome import Failed
from muforge.files import check_output
from muforge.formats import writer_for
from muforge.sample import Sample
from muforge.spill.engine import Engine
from muforge.spill.farmed import ShardTask, make_on_farm
from muforge.spill.manifest import Production, manifest_path
from muforge.spill.plan import Plan, plan_spill
from muforge.spill.request import Request
from muforge.spill.shard import counted, record_of, write_shard
from muforge.spill.size import shards_within
from muforge.spill.stream import stream_chunks

if TYPE_CHECKING:
    from muforge.farm import Farm

IN_ROOT = ("flat", "rntuple")
"""Formats of ROOT, whose further columns are asked for."""

WITH_FURTHER_COLUMNS = ("flat", "rntuple", "parquet")
"""Formats that keep event numbers and variations."""


@dataclass(frozen=True)
class Spill:
    """What `generate_files` wrote."""

    files: tuple[Path, ...]
    counts: dict[int, int]
    protons_on_target: float
    kept: tuple[Path, ...]
    """Shards that an earlier, interrupted run of the same request had finished."""
    manifest: Path | None = None
    """Of several files, their checksums and what makes them again."""


def generate(
    bundle: Bundle | str | Path,
    *,
    pot: float | None = None,
    muons: int | None = None,
    seed: int = 0,
    pairs: bool = False,
    variations: bool = False,
    device: str | None = None,
) -> Sample:
    """Generate a spill in memory.

    Arguments:
        bundle: A bundle or its directory.
        pot: Protons on target; the number of muons of each category is a Poisson number around its rate.
        muons: Instead of `pot`, the number of muons.
        seed: The same seed gives the same muons.
        pairs: Muons of one decay come together and share their event number. Their number is then that of `muons` on
            average only.
        variations: Muons get the columns `variation_1`, ..., one for each replica of the bundle: its weight over that
            of the model, which tells how uncertain it is.
        device: As for `Engine`.

    Raises:
        BundleError: `pairs` or `variations`, and the bundle does not know them.
    """
    loaded = _loaded(bundle)
    plan = _plan(loaded, pot, muons, seed, pairs, variations)
    engine = Engine(loaded, seed, device)
    chunks = list(stream_chunks(loaded, engine, plan, range(plan.chunks), threads=os.cpu_count() or 1))
    return Sample(
        {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0].names},
        protons_on_target=loaded.protons_on_target,
        events_known=pairs,
    )


def generate_files(
    bundle: Bundle | str | Path,
    out: str | Path,
    *,
    pot: float | None = None,
    muons: int | None = None,
    seed: int = 0,
    shards: int = 1,
    max_size: float | None = None,
    threads: int | None = None,
    device: str | None = None,
    format: str = "flat",
    pairs: bool = False,
    variations: bool = False,
    force: bool = False,
    farm: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_farm: Callable[[Farm], None] = lambda farm: None,
    on_failure: Callable[[str, Failed[ShardTask]], None] = lambda name, failed: None,
    **writer_options: Any,
) -> Spill:
    """Generate a spill into one or more files; memory does not grow with the number of muons.

    The muons and their order depend on the bundle and the seed alone, their number and weight on the protons (or
    muons): read one after the other, the shards hold the same bytes for any number of shards and threads. Each file
    appears when it is whole. Run again after an interruption, finished shards of the same request are kept. Beside
    several files stands their manifest.

    Arguments:
        bundle: A bundle or its directory.
        out: The file; with several shards, `spill.root` becomes `spill_000.root`, `spill_001.root`, ...
        pot, muons, seed: As for `generate`.
        shards: Number of files.
        max_size: Instead of `shards`, the largest size of a file in bytes.
        threads: Threads that generate, beside this one, which writes; None takes one per processor.
        device: As for `Engine`.
        format: `flat` (FairShip's ntuple), `rntuple`, `parquet`, `hdf5` or `npy`.
        pairs, variations: As for `generate`; formats `flat`, `rntuple` and `parquet` keep them.
        force: Overwrite files.
        farm: Make each shard on a worker of this farm, as `muforge.farm.open_farm` takes it; None makes all here.
        progress: Called with the muons drawn and their total.
        on_farm, on_failure: As for `muforge.spill.farmed.make_on_farm`.
        writer_options: Passed to the format's writer, e.g. `z_offset`, `buffer_row`, `compression`.

    Raises:
        ConfigError: An option is out of range.
        BundleError: The bundle is damaged.
        OutputError: A file exists already, or the disk is full; finished shards are kept.
        FarmError: As `muforge.spill.farmed.make_on_farm`.
        Interrupted: SIGINT; finished shards are kept.
    """
    loaded = _loaded(bundle)
    for name, wanted in {"pairs": pairs, "variations": variations}.items():
        if wanted and format not in WITH_FURTHER_COLUMNS:
            listed = ", ".join(WITH_FURTHER_COLUMNS)
            raise ConfigError(f"format '{format}': cannot hold {name}; {listed} can")
    plan = _plan(loaded, pot, muons, seed, pairs, variations)
    if format in IN_ROOT and pairs:
        writer_options["event_columns"] = True
    if format in IN_ROOT and variations:
        writer_options["variations"] = plan.variations
    writer_class = writer_for(format)
    workers = threads or os.cpu_count() or 1
    engine = cache(lambda: Engine(loaded, seed, device))

    def samples_of(chunks: Sequence[int]) -> Generator[Sample]:
        return stream_chunks(loaded, engine(), plan, chunks, threads=workers)

    path = Path(out)
    if max_size is not None:
        shards = shards_within(max_size, plan, path, samples_of, partial(writer_class, **writer_options))
    if not 1 <= shards <= plan.chunks:
        raise ConfigError(f"--shards {shards}: must be from 1 to {plan.chunks} for {plan.muons} muons")
    request = Request(plan, path, shards, format, device, writer_options)
    kept = () if force else _finished(loaded, request)
    to_make = [shard for shard in range(shards) if shard not in kept]
    for shard in to_make:
        check_output(request.file(shard), force=force)
    done = request.rows(kept)

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, plan.muons)

    try:
        if farm is not None:
            done = 0
            records = make_on_farm(
                loaded,
                request,
                farm,
                anew=force,
                progress=count,
                on_farm=on_farm,
                on_failure=on_failure,
            )
            counts = {shard: Counter(record.counts) for shard, record in enumerate(records)}
        else:
            counts = _make_here(loaded, request, to_make, samples_of, force=force, progress=count)
            counts |= {shard: counted(engine(), request, shard, request.file(shard)) for shard in kept}
            records = (
                [record_of(file, counts[shard]) for shard, file in enumerate(request.files)]
                if shards > 1
                else []
            )
    except KeyboardInterrupt:
        whole = "finished shards are kept, run the same command to go on" if shards > 1 else "nothing is left"
        raise Interrupted(f"interrupted; {whole}") from None
    manifest = None
    if shards > 1:
        manifest = manifest_path(path)
        Production.of(loaded, request, records).save(manifest)
    total = sum(counts.values(), Counter[int]())
    by_category = {category: total[category] for category in loaded.rates}
    files = request.files
    return Spill(
        tuple(files), by_category, plan.protons_on_target, tuple(files[shard] for shard in kept), manifest
    )


def _make_here(
    bundle: Bundle,
    request: Request,
    shards: Sequence[int],
    samples_of: Callable[[Sequence[int]], Generator[Sample]],
    *,
    force: bool,
    progress: Callable[[int], None],
) -> dict[int, Counter[int]]:
    """Write shards one after the other, and count their muons; chunks of the next one are made meanwhile."""
    every_chunk = [chunk for shard in shards for chunk in request.chunks(shard)]
    counts = {}
    with closing(samples_of(every_chunk)) as samples:
        for shard in shards:
            file = request.file(shard)
            counts[shard] = write_shard(bundle, request, shard, file, samples, force=force, progress=progress)
    return counts


def _loaded(bundle: Bundle | str | Path) -> Bundle:
    return bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)


def _plan(
    bundle: Bundle, pot: float | None, muons: int | None, seed: int, pairs: bool, variations: bool
) -> Plan:
    if pairs and not bundle.has_pairs:
        raise BundleError(
            f"{bundle.directory}: knows no pairs; train with '--preset whole' on data that number their decays"
        )
    if variations and not bundle.replicas:
        raise BundleError(f"{bundle.directory}: has no replicas; train with '--replicas 10'")
    replicas = len(bundle.replicas) if variations else 0
    return plan_spill(
        bundle.rates, protons_on_target=pot, muons=muons, seed=seed, pairs=pairs, variations=replicas
    )


def _finished(bundle: Bundle, request: Request) -> tuple[int, ...]:
    """Shards of this very request that are there already; none if all are, so that nothing is overwritten."""
    there = tuple(shard for shard, file in enumerate(request.files) if request.has(bundle, shard, file))
    complete = request.shards == 1 or manifest_path(request.out).is_file()
    return () if complete and len(there) == request.shards else there
