"""Files scanned side by side in processes or on a farm, their records handed back in the order of the files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muforge.dataset.manifest import Fault, FileRecord
from muforge.dataset.scan import scan
from muforge.errors import InputFileError
from muforge.farm import Done, Failed, Farm
from muforge.processes import Workers, result_of, shared_array

_POLL_SECONDS = 0.1
_AHEAD_PER_JOB = 2
_SMALL_INPUT_BYTES = 100_000_000

Outcome = tuple[Path, FileRecord | Fault]


@dataclass(frozen=True)
class Progress:
    """How far an ingestion is: files read (in fractions), of how many, and muons found."""

    files_done: float
    files: int
    muons: int


@dataclass(frozen=True)
class ScanTask:
    """A file to be read by a worker of a farm.

    Arguments:
        name: What the data set calls it.
        path: Where it is.
        staging: The folder of all staged files.
    """

    name: Path
    path: Path
    staging: Path


def scan_all(
    paths: Sequence[Path],
    staging: Path,
    *,
    jobs: int,
    progress: Callable[[Progress], None],
) -> Generator[Outcome]:
    """Scan files in `jobs` processes and yield (path, record or fault) in the order given.

    Close the generator early to stop: files not begun are then not read. Little input is read in this process.

    Raises:
        MuforgeError: A worker process died, e.g. killed for lack of memory.
    """
    jobs = min(jobs, len(paths))
    small = sum(path.stat().st_size for path in paths if path.is_file()) < _SMALL_INPUT_BYTES
    return (
        _scan_here(paths, staging, progress)
        if jobs <= 1 or small
        else _scan_there(paths, staging, jobs, progress)
    )


def scan_on_farm(
    paths: Sequence[Path],
    staging: Path,
    farm: Farm,
    *,
    progress: Callable[[Progress], None],
    on_failure: Callable[[str, Failed[Any]], None],
) -> Generator[Outcome]:
    """As `scan_all`, on the workers of a farm; a file that fails three times is a fault.

    Raises:
        NoSpaceError: The disk is full.
        FarmError: The scheduler is gone.
    """
    tasks = [ScanTask(path, path.absolute(), staging.absolute()) for path in paths]
    ended: dict[Path, FileRecord | Fault] = {}
    muons = 0
    with closing(farm.run(scan_one, tasks)) as outcomes:
        for path in paths:
            while path not in ended:
                outcome = next(outcomes)
                result = outcome.value if isinstance(outcome, Done) else _fault(outcome, on_failure)
                ended[outcome.task.name] = result
                if isinstance(result, FileRecord):
                    muons += sum(content.muons for content in result.categories.values())
                progress(Progress(len(ended), len(paths), muons))
            yield path, ended[path]


def scan_one(task: ScanTask) -> FileRecord | Fault:
    """Read one file to its end."""
    return _attempt(task.path, task.staging, lambda fraction, muons: None, name=task.name)


def _fault(failed: Failed[ScanTask], on_failure: Callable[[str, Failed[Any]], None]) -> Fault:
    on_failure(str(failed.task.name), failed)
    return Fault(path=str(failed.task.name), reason=f"failed three times: {failed.reason}")


def _scan_here(
    paths: Sequence[Path], staging: Path, progress: Callable[[Progress], None]
) -> Generator[Outcome]:
    files_done, muons_found = 0.0, 0

    def advance(fraction: float, muons: int) -> None:
        nonlocal files_done, muons_found
        files_done += fraction
        muons_found += muons
        progress(Progress(files_done, len(paths), muons_found))

    for path in paths:
        yield path, _attempt(path, staging, advance)


def _scan_there(
    paths: Sequence[Path], staging: Path, jobs: int, progress: Callable[[Progress], None]
) -> Generator[Outcome]:
    counters = shared_array(2)
    with Workers(jobs, _start, counters) as workers:
        waiting: deque[Future[FileRecord | Fault]] = deque()
        for number, path in enumerate(paths):
            while len(waiting) < _AHEAD_PER_JOB * jobs and number + len(waiting) < len(paths):
                waiting.append(workers.submit(_scan_one, paths[number + len(waiting)], staging))
            future = waiting.popleft()
            while not future.done():
                wait([future], timeout=_POLL_SECONDS)
                progress(Progress(counters[0], len(paths), int(counters[1])))
            yield path, result_of(future, f"{path} was read")


def _attempt(
    path: Path, staging: Path, advance: Callable[[float, int], None], *, name: Path | None = None
) -> FileRecord | Fault:
    try:
        return scan(path, staging, advance, name=name)
    except InputFileError as error:
        return Fault(path=str(name or path), reason=str(error).removeprefix(f"{path}: "))


_counters: Any = None


def _start(counters: Any) -> None:
    global _counters  # noqa: PLW0603 - a shared array reaches a pool's workers only so
    _counters = counters


def _scan_one(path: Path, staging: Path) -> FileRecord | Fault:
    def advance(fraction: float, muons: int) -> None:
        with _counters.get_lock():
            _counters[0] += fraction
            _counters[1] += muons

    return _attempt(path, staging, advance)
