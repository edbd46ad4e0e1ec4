"""Generating: a spill in memory, or streamed into files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from muforge.bundle import Bundle
from muforge.errors import BundleError, ConfigError, Interrupted
from muforge.files import check_output
from muforge.formats import metadata_of, writer_for
from muforge.formats.access import CHUNK_ROWS
from muforge.formats.registry import reader_for
from muforge.sample import CATEGORIES, Sample
from muforge.spill.about import metadata_of_shard, title_of
from muforge.spill.engine import Engine
from muforge.spill.plan import Plan, plan_spill
from muforge.spill.size import shards_within
from muforge.spill.stream import stream_chunks

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
    progress: Callable[[int, int], None] = lambda done, total: None,
    **writer_options: Any,
) -> Spill:
    """Generate a spill into one or more files; memory does not grow with the number of muons.

    The muons and their order depend on the bundle and the seed alone, their number and weight on the protons (or
    muons): read one after the other, the shards hold the same bytes for any number of shards and threads. Each file
    appears when it is whole. Run again after an interruption, finished shards of the same request are kept.

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
        progress: Called with the muons drawn and their total.
        writer_options: Passed to the format's writer, e.g. `z_offset`, `buffer_row`, `compression`.

    Raises:
        ConfigError: An option is out of range.
        BundleError: The bundle is damaged.
        OutputError: A file exists already, or the disk is full; finished shards are kept.
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
    engine = Engine(loaded, seed, device)

    def samples_of(chunks: Sequence[int]) -> Generator[Sample]:
        return stream_chunks(loaded, engine, plan, chunks, threads=workers)

    if max_size is not None:
        shards = shards_within(max_size, plan, Path(out), samples_of, partial(writer_class, **writer_options))
    if not 1 <= shards <= plan.chunks:
        raise ConfigError(f"--shards {shards}: must be from 1 to {plan.chunks} for {plan.muons} muons")
    files = _names(Path(out), shards)
    metadata = [
        metadata_of_shard(loaded, plan, shard, shards, format, writer_options) for shard in range(shards)
    ]
    kept = () if force else _finished(files, metadata)
    for file in files:
        if file not in kept:
            check_output(file, force=force)
    to_make = {
        file: plan.chunks_of_shard(shard, shards) for shard, file in enumerate(files) if file not in kept
    }
    every_chunk = [chunk for chunks in to_make.values() for chunk in chunks]
    done = plan.muons - sum(plan.rows(chunk) for chunk in every_chunk)
    counts: Counter[int] = Counter()
    try:
        with closing(samples_of(every_chunk)) as samples:
            for file, chunks in to_make.items():
                about = metadata[files.index(file)]
                with writer_class(
                    file, force=force, metadata=about, title=title_of(loaded, plan), **writer_options
                ) as writer:
                    for chunk, sample in zip(chunks, samples, strict=False):
                        writer.write(sample)
                        counts.update(_count(sample))
                        done += plan.rows(chunk)
                        progress(done, plan.muons)
    except KeyboardInterrupt:
        whole = "finished shards are kept, run the same command to go on" if shards > 1 else "nothing is left"
        raise Interrupted(f"interrupted; {whole}") from None
    for file in kept:
        counts.update(_counts_of(engine, plan, plan.chunks_of_shard(files.index(file), shards), file))
    by_category = {category: counts[category] for category in loaded.rates}
    return Spill(tuple(files), by_category, plan.protons_on_target, kept)


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


def _counts_of(engine: Engine, plan: Plan, chunks: range, file: Path) -> Counter[int]:
    """Muons by category in a file that was there; only where there are pairs has it to be read."""
    counts: Counter[int] = Counter()
    if plan.pairs:
        for part in reader_for(file).chunks(file, CHUNK_ROWS):
            counts.update(_count(part.sample))
        return counts
    for chunk in chunks:
        numbers = np.bincount(engine.positions(plan.first_row(chunk), plan.rows(chunk)))
        counts.update(dict(zip(engine.categories, map(int, numbers), strict=False)))
    return counts


def _count(sample: Sample) -> dict[int, int]:
    numbers = np.bincount(sample.category, minlength=max(CATEGORIES) + 1)
    return {category: int(numbers[category]) for category in CATEGORIES}


def _names(out: Path, shards: int) -> list[Path]:
    if shards == 1:
        return [out]
    digits = max(3, len(str(shards - 1)))
    return [out.with_name(f"{out.stem}_{shard:0{digits}d}{out.suffix}") for shard in range(shards)]


def _finished(files: list[Path], metadata: list[dict[str, Any]]) -> tuple[Path, ...]:
    """Shards of this very request that are there already; none if all are, so that nothing is overwritten."""
    same = tuple(
        file
        for file, expected in zip(files, metadata, strict=True)
        if file.is_file() and metadata_of(file) == expected
    )
    return same if len(same) < len(files) else ()
