"""Shards of a spill as tasks of a farm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from muforge.bundle import Bundle
from muforge.errors import BundleError, FarmError
from muforge.farm import Done, Failed, open_farm
from muforge.spill.engine import Engine
from muforge.spill.manifest import ShardRecord
from muforge.spill.request import Request
from muforge.spill.shard import counted, make_shard, record_of

if TYPE_CHECKING:
    from muforge.farm import Farm


@dataclass(frozen=True)
class ShardTask:
    """A shard to be made.

    Arguments:
        bundle: Directory of the models.
        identity: Checksum of the bundle.
        request: What the shard is part of.
        shard: Its number.
        anew: Make it even if it is there.
    """

    bundle: Path
    identity: str
    request: Request
    shard: int
    anew: bool

    @property
    def file(self) -> Path:
        """Where it goes."""
        return self.request.file(self.shard)


def ensure(task: ShardTask) -> ShardRecord:
    """Make a shard unless it is there, and describe it.

    Raises:
        BundleError: The bundle is another one here.
        OutputError: The file cannot be written.
    """
    bundle, engine = engine_of(task.bundle, task.identity, task.request.plan.seed, task.request.device)
    file = task.file
    if not task.anew and task.request.has(bundle, task.shard, file):
        return record_of(file, counted(engine, task.request, task.shard, file))
    return record_of(file, make_shard(bundle, engine, task.request, task.shard, file))


@lru_cache(maxsize=1)
def engine_of(directory: Path, identity: str, seed: int, device: str | None) -> tuple[Bundle, Engine]:
    """The models of a bundle, kept for the next shard.

    Raises:
        BundleError: It is damaged, or another one than is asked for.
    """
    bundle = Bundle.load(directory)
    if bundle.identity != identity:
        raise BundleError(
            f"{directory}: is bundle {bundle.identity[:12]}, the files are of {identity[:12]}; "
            "name the bundle that they were made from"
        )
    return bundle, Engine(bundle, seed, device)


def make_on_farm(
    bundle: Bundle,
    request: Request,
    farm: str,
    *,
    anew: bool,
    progress: Callable[[int], None],
    on_farm: Callable[[Farm], None],
    on_failure: Callable[[str, Failed[ShardTask]], None],
) -> Sequence[ShardRecord]:
    """Make the shards of a request on a farm, and describe them in order.

    Arguments:
        bundle, request: What is made.
        farm: As for `muforge.farm.open_farm`.
        anew: Replace files that exist.
        progress: Called with the muons drawn for each shard that is done.
        on_farm: Called with the farm when its workers are there.
        on_failure: Called with the name of a shard that failed three times, and how.

    Raises:
        FarmError: As `open_farm`, or shards failed; the others are kept.
        NoSpaceError: The disk is full; finished shards are kept.
    """
    directory = bundle.directory.absolute()
    request = replace(request, out=request.out.absolute())
    tasks = [ShardTask(directory, bundle.identity, request, shard, anew) for shard in range(request.shards)]
    records: dict[int, ShardRecord] = {}
    failed: list[Failed[ShardTask]] = []
    with open_farm(farm, tasks=len(tasks), shared=[request.out.parent], read=[directory]) as workers:
        on_farm(workers)
        for outcome in workers.run(ensure, tasks):
            if isinstance(outcome, Done):
                records[outcome.task.shard] = outcome.value
                progress(request.rows([outcome.task.shard]))
            else:
                failed.append(outcome)
                on_failure(outcome.task.file.name, outcome)
    if failed:
        first = failed[0]
        raise FarmError(
            f"{len(failed)} of {len(tasks)} files failed three times, the first is {first.task.file.name} "
            f"({first.reason}); the others are kept, the same command goes on"
        )
    return [records[shard] for shard in range(request.shards)]
