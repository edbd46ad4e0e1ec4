"""How many files keep each below a size."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from math import ceil
from pathlib import Path

from muforge.errors import ConfigError
from muforge.files import check_output, discard
from muforge.formats.atomic_writer import AtomicWriter
from muforge.sample import Sample
from muforge.spill.plan import Plan

_TRIED = 16
"""Chunks that are written to see how large they are: a million muons."""

_ROOM = 0.97
"""Part of the largest size that files are planned for: compression is not quite the same for all muons."""


def shards_within(
    largest: float,
    plan: Plan,
    out: Path,
    samples_of: Callable[[Sequence[int]], Generator[Sample]],
    writer_of: Callable[[Path], AtomicWriter],
) -> int:
    """Number of files none of which is larger than `largest` bytes, from the size of the first million muons.

    Arguments:
        largest: In bytes.
        plan: The spill.
        out: The file is tried beside it and removed.
        samples_of: Makes chunks.
        writer_of: Makes a writer of a file.

    Raises:
        ConfigError: Not even one chunk fits.
        OutputError: The folder cannot be written, or the disk is full.
    """
    tried = range(min(_TRIED, plan.chunks))
    trial = out.with_name(f".{out.name}.size")
    discard(trial)
    check_output(trial)
    try:
        with closing(samples_of(tried)) as samples, writer_of(trial) as writer:
            for sample in samples:
                writer.write(sample)
        size = trial.stat().st_size
    finally:
        for each in out.parent.glob(f"{trial.name}*"):
            discard(each)
    if len(tried) == plan.chunks and size <= largest:
        return 1
    chunk = size / sum(plan.rows(each) for each in tried) * plan.rows(0)
    per_file = int(largest * _ROOM // chunk)
    if per_file < 1:
        raise ConfigError(
            f"--max-size {largest:g} bytes: too small, {plan.rows(0)} muons take about {chunk:.0f}"
        )
    return ceil(plan.chunks / per_file)
