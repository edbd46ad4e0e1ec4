"""The engine as contestants: without a file, and into each kind of file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from muforge.bench.contestant import Contestant, Group
from muforge.bundle import Bundle
from muforge.formats import writer_for
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.spill.engine import Engine
from muforge.spill.generate import generate_files
from muforge.spill.plan import ROWS_PER_CHUNK, plan_spill
from muforge.spill.stream import stream_chunks

FORMATS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("flat", {"compression": "lz4"}),
    ("flat", {"compression": "none"}),
    ("flat", {"compression": "zstd"}),
    ("flat", {"compression": "zlib"}),
    ("rntuple", {"compression": "lz4"}),
    ("rntuple", {"compression": "none"}),
    ("parquet", {"compression": "zstd"}),
    ("parquet", {"compression": "lz4"}),
    ("hdf5", {}),
    ("npy", {}),
)
FAVOURITE = "flat lz4"
"""The default, which everything is compared with."""

_IN_MEMORY = 16
"""Chunks that writing alone writes again and again: a basket."""

_SMALLER = 4
"""Other formats than the favourite write so many times fewer muons."""

_TORCH_MUONS = 200_000


def named(format: str, options: dict[str, Any]) -> str:
    """Name of a format with its compression."""
    return " ".join([format, *options.values()])


def through_torch(bundle: Bundle) -> list[Contestant]:
    """The bundle's models without the engine, one after the other, in shares of their rates."""

    def run() -> None:
        for category, rate in bundle.rates.items():
            share = rate / sum(bundle.rates.values())
            bundle.model(category).columns(round(share * _TORCH_MUONS), stream(0, Purpose.LATENT, category))

    return [Contestant("PyTorch, 1 thread", Group.models, _TORCH_MUONS, run)]


def in_memory(bundle: Bundle, muons: int, threads: int) -> list[Contestant]:
    """Chunk after chunk made and dropped, on one thread and on all."""
    engine, plan = Engine(bundle, 1), plan_spill(bundle.rates, muons=muons, seed=1)

    def run(number: int) -> None:
        for _ in stream_chunks(bundle, engine, plan, range(plan.chunks), threads=number):
            pass

    return [
        Contestant(f"{number} thread{'s' if number > 1 else ''}", Group.memory, muons, partial(run, number))
        for number in sorted({1, threads})
    ]


def into_files(bundle: Bundle, folder: Path, muons: int, threads: int) -> list[Contestant]:
    """Each format, and the default's writer with muons that are there already."""
    engine, plan = Engine(bundle, 1), plan_spill(bundle.rates, muons=_IN_MEMORY * ROWS_PER_CHUNK, seed=1)
    ready = list(stream_chunks(bundle, engine, plan, range(plan.chunks), threads=threads))
    contestants = []
    for format, options in FORMATS:
        name = named(format, options)
        number = muons if name == FAVOURITE else muons // _SMALLER
        out = folder / f"{name.replace(' ', '-')}.muons"
        contestants.append(
            Contestant(name, Group.files, number, _generating(bundle, out, number, threads, format, options))
        )
    format, options = FORMATS[0]
    again = [ready[number % len(ready)] for number in range(-(-muons // ROWS_PER_CHUNK))]
    alone = _writing(folder / "alone.muons", again, format, options)
    amount = sum(map(len, again))
    return [*contestants, Contestant(f"{FAVOURITE}, writing alone", Group.files, amount, alone)]


def _generating(
    bundle: Bundle, out: Path, muons: int, threads: int, format: str, options: dict[str, Any]
) -> Callable[[], None]:
    def run() -> None:
        for old in out.parent.glob(f"{out.name}*"):
            old.unlink()
        generate_files(bundle, out, muons=muons, seed=1, threads=threads, format=format, **options)

    return run


def _writing(out: Path, samples: list[Sample], format: str, options: dict[str, Any]) -> Callable[[], None]:
    def run() -> None:
        out.unlink(missing_ok=True)
        with writer_for(format)(out, **options) as writer:
            for sample in samples:
                writer.write(sample)

    return run
