"""Files of a manifest: checked, and made again where they are missing or damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from muforge.bundle import Bundle
from muforge.errors import BundleError, FarmError, Interrupted
from muforge.farm import Done, Failed, Farm, open_farm
from muforge.files import discard, discard_partial, partial_name, sha256
from muforge.formats.npy import sidecar
from muforge.spill.farmed import engine_of
from muforge.spill.manifest import Production, ShardRecord
from muforge.spill.request import Request
from muforge.spill.shard import make_shard


class State(StrEnum):
    """What a file was found to be."""

    good = "good"
    missing = "missing"
    damaged = "damaged"


@dataclass(frozen=True)
class Verification:
    """What `verify` found and did.

    Arguments:
        states: Of each file, in order, as it was found.
        made_again: Files that are good now and were not.
    """

    states: dict[Path, State]
    made_again: tuple[Path, ...]

    @property
    def bad(self) -> tuple[Path, ...]:
        """Files that are missing or damaged still."""
        made = {*self.made_again}
        return tuple(path for path, state in self.states.items() if state != State.good and path not in made)


@dataclass(frozen=True)
class CheckTask:
    """A file to be checked.

    Arguments:
        record: What it should be.
        request: What it is part of.
        shard: Its number.
        bundle: Directory of the models to make it again from; None only checks.
        identity: Checksum of that bundle.
    """

    record: ShardRecord
    request: Request
    shard: int
    bundle: Path | None
    identity: str

    @property
    def file(self) -> Path:
        """Where it is."""
        return self.request.out.parent / self.record.file


def check(task: CheckTask) -> tuple[State, bool]:
    """The state of a file, and whether it was made again.

    Raises:
        BundleError: The bundle is another one, or the file comes out different from what the manifest says.
        OutputError: It cannot be written.
    """
    state = state_of(task.file, task.record)
    if state == State.good or task.bundle is None:
        return state, False
    _make_again(task, task.bundle)
    return state, True


def state_of(file: Path, record: ShardRecord) -> State:
    """What a file is, by its size and checksum."""
    if not file.is_file():
        return State.missing
    same = file.stat().st_size == record.bytes and sha256(file) == record.sha256
    return State.good if same and _sidecar_is_good(file, record) else State.damaged


def _sidecar_is_good(file: Path, record: ShardRecord) -> bool:
    if record.sidecar_sha256 is None:
        return True
    beside = sidecar(file)
    return beside.is_file() and sha256(beside) == record.sidecar_sha256


def verify(
    manifest: str | Path,
    *,
    bundle: str | Path | None = None,
    repair: bool = True,
    farm: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_farm: Callable[[Farm], None] = lambda farm: None,
    on_failure: Callable[[str, Failed[CheckTask]], None] = lambda name, failed: None,
) -> Verification:
    """Check the files of a manifest, and make those again that are missing or damaged.

    A file takes its place only if it has the bytes that the manifest states.

    Arguments:
        manifest: Written by `muforge.spill.generate.generate_files` beside several files.
        bundle: Directory of the models; None takes the one that the manifest names.
        repair: Make files again; otherwise they are only checked.
        farm: Check each file on a worker of this farm, as `muforge.farm.open_farm` takes it.
        progress: Called with the files done and their number.
        on_farm: Called with the farm when its workers are there.
        on_failure: Called with the name of a file that could not be made three times, and how.

    Raises:
        InputFileError: It is no manifest.
        BundleError: There is no bundle, it is another one, or a file comes out different: another version of muforge,
            or for models that run through PyTorch another processor.
        FarmError: As `open_farm`, or files could not be made three times.
        Interrupted: SIGINT; files that were made again are kept.
    """
    path = Path(manifest).absolute()
    production = Production.load(path)
    request = production.request(path.parent)
    models = None
    if repair:
        named = path.parent.resolve() / production.bundle.path
        models = (Path(bundle) if bundle is not None else named).absolute()
        _require(models, production.bundle.identity)
    tasks = [
        CheckTask(record, request, shard, models, production.bundle.identity)
        for shard, record in enumerate(production.files)
    ]
    found: dict[int, tuple[State, bool]] = {}
    failed: list[Failed[CheckTask]] = []
    try:
        with _outcomes(tasks, farm, path.parent, models, on_farm) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Done):
                    found[outcome.task.shard] = outcome.value
                else:
                    failed.append(outcome)
                    on_failure(outcome.task.file.name, outcome)
                progress(len(found) + len(failed), len(tasks))
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted; files that were made again are kept, the same command goes on"
        ) from None
    if failed:
        first = failed[0]
        raise FarmError(
            f"{len(failed)} of {len(tasks)} files failed three times, the first is {first.task.file.name} "
            f"({first.reason})"
        )
    ordered = {task.file: found[task.shard] for task in tasks}
    return Verification(
        {file: state for file, (state, _) in ordered.items()},
        tuple(file for file, (_, made) in ordered.items() if made),
    )


@contextmanager
def _outcomes(
    tasks: list[CheckTask],
    farm: str | None,
    folder: Path,
    models: Path | None,
    on_farm: Callable[[Farm], None],
) -> Iterator[Iterator[Any]]:
    if farm is None:
        yield (Done(task, check(task)) for task in tasks)
        return
    read = [] if models is None else [models]
    with open_farm(farm, tasks=len(tasks), shared=[folder], read=read) as workers:
        on_farm(workers)
        yield workers.run(check, tasks)


def _require(directory: Path, identity: str) -> None:
    if not directory.is_dir():
        raise BundleError(f"{directory}: no such bundle; give --bundle, or --check-only")
    found = Bundle.load(directory).identity
    if found != identity:
        raise BundleError(f"{directory}: is bundle {found[:12]}, the files were made from {identity[:12]}")


def _make_again(task: CheckTask, directory: Path) -> None:
    bundle, engine = engine_of(directory, task.identity, task.request.plan.seed, task.request.device)
    folder = partial_name(task.file)
    discard(folder)
    folder.mkdir()
    try:
        new = folder / task.file.name
        make_shard(bundle, engine, task.request, task.shard, new)
        if state_of(new, task.record) != State.good:
            raise BundleError(
                f"{task.file}: comes out different from what the manifest says: made by another version of muforge, or "
                "on another processor"
            )
        for made in folder.iterdir():
            made.replace(task.file.with_name(made.name))
    finally:
        discard_partial(task.file)
