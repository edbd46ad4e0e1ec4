"""Makes shards as a farm does, but workers are killed on the way. Workers import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from muforge import files
from muforge.errors import NoSpaceError
from muforge.formats.atomic_writer import AtomicWriter
from muforge.formats.flat import FlatWriter
from muforge.sample import Sample
from muforge.spill import farmed
from muforge.spill.farmed import ShardTask
from muforge.spill.manifest import ShardRecord

real = farmed.ensure


def ensure(task: ShardTask) -> ShardRecord:
    """At a point of its work that its number chooses, a shard's worker is killed, the first time."""
    with pytest.MonkeyPatch.context() as patch:
        noted = task.file.with_name(f"{task.shard}.killed")
        if task.shard < len(points) and not noted.exists():
            points[task.shard](patch, noted)
        return real(task)


def _before(patch: pytest.MonkeyPatch, noted: Path) -> None:
    die(noted)


def _while_it_writes(patch: pytest.MonkeyPatch, noted: Path) -> None:
    write = FlatWriter.write

    def dying(self: FlatWriter, sample: Sample) -> None:
        write(self, sample)
        die(noted)

    patch.setattr(FlatWriter, "write", dying)


def _before_the_file_has_its_name(patch: pytest.MonkeyPatch, noted: Path) -> None:
    patch.setattr(files, "_sync", lambda path: die(noted))


def _when_the_file_has_its_name(patch: pytest.MonkeyPatch, noted: Path) -> None:
    patch.setattr(AtomicWriter, "_completed", lambda self: die(noted))


points: Any = (
    _before,
    _while_it_writes,
    _before_the_file_has_its_name,
    _when_the_file_has_its_name,
)


def die(noted: Path) -> None:
    noted.touch()
    os.kill(os.getpid(), signal.SIGKILL)


def held(task: ShardTask) -> ShardRecord:
    """Shards from number 3 on take for ever."""
    while task.shard >= 3:
        time.sleep(0.1)
    return real(task)


def failing(task: ShardTask) -> ShardRecord:
    """Shard 1 cannot be made."""
    if task.shard == 1:
        raise RuntimeError("no luck")
    return real(task)


def all_failing(task: ShardTask) -> ShardRecord:
    raise RuntimeError("no luck")


def on_a_full_disk(task: ShardTask) -> ShardRecord:
    """Where there is no room for shard 2."""
    if task.shard == 2:
        raise NoSpaceError(f"{task.file}: the quota is used up; nothing was written under this name")
    return real(task)
