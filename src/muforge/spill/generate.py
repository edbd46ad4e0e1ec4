"""Generating: a spill in memory, or streamed into files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from muforge.bundle import Bundle
from muforge.errors import BundleError, ConfigError, Interrupted
from muforge.files import check_output
from muforge.formats import metadata_of, writer_for
from muforge.formats.access import CHUNK_ROWS
from muforge.formats.registry import reader_for
from muforge.sample import CATEGORIES, FURTHER, Sample
from muforge.spill.plan import Plan, plan_spill
from muforge.spill.stream import stream_chunks

_FEW_MUONS = 1_500_000

WITH_FURTHER_COLUMNS = ("flat", "parquet")
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

    Raises:
        BundleError: `pairs` or `variations`, and the bundle does not know them.
    """
    loaded = _loaded(bundle)
    plan = _plan(loaded, pot, muons, seed, pairs, variations)
    chunks = list(stream_chunks(loaded, plan, range(plan.chunks), jobs=1))
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
    jobs: int | None = None,
    format: str = "flat",
    pairs: bool = False,
    variations: bool = False,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    **writer_options: Any,
) -> Spill:
    """Generate a spill into one or more files; memory does not grow with the number of muons.

    The muons and their order depend on the bundle, the seed and the number of protons (or muons) alone: read
    one after the other, the shards hold the same bytes for any number of shards and jobs. Each file appears
    when it is whole. Run again after an interruption, finished shards of the same request are kept.

    Arguments:
        bundle: A bundle or its directory.
        out: The file; with several shards, `spill.root` becomes `spill_000.root`, `spill_001.root`, ...
        pot, muons, seed: As for `generate`.
        shards: Number of files.
        jobs: Processes; None takes one per processor, or one for few muons.
        format: `flat` (FairShip's ntuple), `parquet`, `hdf5` or `npy`.
        pairs, variations: As for `generate`; formats `flat` and `parquet` keep them.
        force: Overwrite files.
        progress: Called with the muons done and their total.
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
            raise ConfigError(
                f"format '{format}': cannot hold {name}, {' and '.join(WITH_FURTHER_COLUMNS)} can"
            )
    plan = _plan(loaded, pot, muons, seed, pairs, variations)
    if format == "flat" and pairs:
        writer_options["event_columns"] = True
    if format == "flat" and variations:
        writer_options["variations"] = plan.variations
    if not 1 <= shards <= plan.chunks:
        raise ConfigError(f"--shards {shards}: must be from 1 to {plan.chunks} for {plan.muons} muons")
    files = _names(Path(out), shards)
    metadata = [_metadata(loaded, plan, shard, shards, writer_options) for shard in range(shards)]
    kept = () if force else _finished(files, metadata)
    for file in files:
        if file not in kept:
            check_output(file, force=force)
    to_make = {
        file: plan.chunks_of_shard(shard, shards) for shard, file in enumerate(files) if file not in kept
    }
    every_chunk = [chunk for chunks in to_make.values() for chunk in chunks]
    done = plan.muons - sum(sum(plan.rows(chunk).values()) for chunk in every_chunk)
    written: Counter[int] = Counter()
    workers = jobs or (1 if plan.muons < _FEW_MUONS else os.cpu_count() or 1)
    writer_class = writer_for(format)
    try:
        with closing(stream_chunks(loaded, plan, every_chunk, jobs=workers)) as samples:
            for file, chunks in to_make.items():
                about = metadata[files.index(file)]
                with writer_class(
                    file, force=force, metadata=about, title=_title(loaded, plan), **writer_options
                ) as writer:
                    for sample in islice(samples, len(chunks)):
                        writer.write(sample)
                        if pairs:
                            written.update(_count(sample))
                        done = min(done + len(sample), plan.muons)
                        progress(done, plan.muons)
    except KeyboardInterrupt:
        whole = "finished shards are kept, run the same command to go on" if shards > 1 else "nothing is left"
        raise Interrupted(f"interrupted; {whole}") from None
    counts = _counts_with_pairs(plan, written, kept) if pairs else dict(plan.counts)
    return Spill(tuple(files), counts, plan.protons_on_target, kept)


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


def _counts_with_pairs(plan: Plan, written: Counter[int], kept: Sequence[Path]) -> dict[int, int]:
    """Muons by category, written now and in shards that were there."""
    for file in kept:
        for chunk in reader_for(file).chunks(file, CHUNK_ROWS):
            written.update(_count(chunk.sample))
    return {category: written[category] for category in plan.counts}


def _count(sample: Sample) -> dict[int, int]:
    numbers = np.bincount(sample.category, minlength=max(CATEGORIES) + 1)
    return {category: int(numbers[category]) for category in CATEGORIES}


def _names(out: Path, shards: int) -> list[Path]:
    if shards == 1:
        return [out]
    return [out.with_name(f"{out.stem}_{shard:03d}{out.suffix}") for shard in range(shards)]


def _finished(files: list[Path], metadata: list[dict[str, Any]]) -> tuple[Path, ...]:
    """Shards of this very request that are there already; none if all are, so that nothing is overwritten."""
    same = tuple(
        file
        for file, expected in zip(files, metadata, strict=True)
        if file.is_file() and metadata_of(file) == expected
    )
    return same if len(same) < len(files) else ()


def _metadata(
    bundle: Bundle, plan: Plan, shard: int, shards: int, writer_options: dict[str, Any]
) -> dict[str, Any]:
    from muforge import __version__

    return {
        "muforge_version": __version__,
        "model": {"name": bundle.name, "identity": bundle.identity},
        "seed": plan.seed,
        "protons_on_target": plan.protons_on_target,
        "weights_protons_on_target": bundle.protons_on_target,
        "muons_drawn" if plan.pairs else "muons": {
            str(number): count for number, count in plan.counts.items()
        },
        "pairs": plan.pairs,
        "variations": plan.variations,
        "training_n_eff": {str(category): n_eff for category, n_eff in bundle.n_eff.items()},
        "shard": shard,
        "shards": shards,
        "ecut": bundle.ecut,
        "smearing": "none: muons before beam smearing and random azimuth",
        "units": {"position": "m", "momentum": "GeV"},
        "not_modelled": [name for name in FURTHER if name not in bundle.modelled],
        "modelled": list(bundle.modelled),
        "written_with": {name: value for name, value in writer_options.items() if value is not None},
    }


def _title(bundle: Bundle, plan: Plan) -> str:
    from muforge import __version__

    return (
        f"muforge {__version__}, model {bundle.name}, seed {plan.seed}: "
        f"{plan.protons_on_target:.6g} protons on target, "
        f"weights per {bundle.protons_on_target:.6g}, before smearing"
    )
