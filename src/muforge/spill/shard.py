"""One file of a spill: written, counted, described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from muforge.bundle import Bundle
from muforge.files import sha256
from muforge.formats.access import CHUNK_ROWS
from muforge.formats.npy import sidecar
from muforge.formats.registry import reader_for
from muforge.sample import CATEGORIES, Sample
from muforge.spill.chunk import make_chunk
from muforge.spill.engine import Engine
from muforge.spill.manifest import ShardRecord
from muforge.spill.request import Request


def write_shard(
    bundle: Bundle,
    request: Request,
    shard: int,
    file: Path,
    samples: Iterable[Sample],
    *,
    force: bool,
    progress: Callable[[int], None] = lambda rows: None,
) -> Counter[int]:
    """Write the chunks of a shard, and count its muons by category.

    Arguments:
        bundle, request, shard: What is written.
        file: Where.
        samples: The chunks, perhaps with others after them.
        force: Replace a file that exists.
        progress: Called with the muons drawn for each chunk.
    """
    counts: Counter[int] = Counter()
    with request.writer(bundle, shard, file, force=force) as writer:
        for chunk, sample in zip(request.chunks(shard), samples, strict=False):
            writer.write(sample)
            counts.update(_count(sample))
            progress(request.plan.rows(chunk))
    return counts


def make_shard(bundle: Bundle, engine: Engine, request: Request, shard: int, file: Path) -> Counter[int]:
    """Generate and write a shard on this thread alone; one that exists is replaced."""
    chunks = (make_chunk(bundle, engine, request.plan, chunk) for chunk in request.chunks(shard))
    return write_shard(bundle, request, shard, file, chunks, force=True)


def counted(engine: Engine, request: Request, shard: int, file: Path) -> Counter[int]:
    """Muons by category in a shard that is there; only where there are pairs has it to be read."""
    counts: Counter[int] = Counter()
    plan = request.plan
    if plan.pairs:
        for part in reader_for(file).chunks(file, CHUNK_ROWS):
            counts.update(_count(part.sample))
        return counts
    for chunk in request.chunks(shard):
        numbers = np.bincount(engine.positions(plan.first_row(chunk), plan.rows(chunk)))
        counts.update(dict(zip(engine.categories, map(int, numbers), strict=False)))
    return counts


def record_of(file: Path, counts: Counter[int]) -> ShardRecord:
    """A shard's line in the manifest."""
    beside = sidecar(file)
    return ShardRecord(
        file=file.name,
        bytes=file.stat().st_size,
        sha256=sha256(file),
        sidecar_sha256=sha256(beside) if beside.is_file() else None,
        counts={category: count for category, count in sorted(counts.items()) if count},
    )


def _count(sample: Sample) -> dict[int, int]:
    numbers = np.bincount(sample.category, minlength=max(CATEGORIES) + 1)
    return {category: int(numbers[category]) for category in CATEGORIES}
