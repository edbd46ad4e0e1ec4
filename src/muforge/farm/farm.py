"""Tasks on the workers of a cluster: lazily given, tried again when they fail, handed back as they end."""

from __future__ import annotations

import logging
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from types import FrameType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from muforge.errors import ConfigError, FarmError, NoSpaceError
from muforge.farm.config import farm_config
from muforge.farm.outcome import Done, Failed, TaskError, UnfitWorker
from muforge.farm.shared import Requirements, lacking, marked

if TYPE_CHECKING:
    from muforge.farm.clusters import Cluster

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 3
_POLL_SECONDS = 0.5
_MOMENT_SECONDS = 0.1
_TOLD_SECONDS = 10
_MOST_DISMISSED = 10
_END = object()
_GONE = "the Dask scheduler is gone; the same command goes on"
_LOST = "its worker was lost: killed, out of memory, or at the end of its time"

_log = logging.getLogger(__name__)


@contextmanager
def open_farm(where: str, *, tasks: int, shared: Sequence[Path], read: Sequence[Path] = ()) -> Iterator[Farm]:
    """A farm, whose workers were looked at before the block begins and are gone after it.

    Arguments:
        where: `local`, `local:N`, `tcp://HOST:PORT`, or the name of a cluster's YAML file.
        tasks: How many there will be at most; no more workers are asked for.
        shared: Folders to write to, which must be the same on all machines; at least one.
        read: Files and folders to read, which all workers must see.

    Raises:
        ConfigError: `where` names no farm, or Dask is not installed.
        FarmError: No scheduler answers, the batch system refuses the jobs, or a worker lacks a folder or has another
            muforge.
    """
    config = farm_config(where)
    try:
        from muforge.farm.clusters import cluster_of
    except ImportError as error:
        raise ConfigError(f"--farm {where}: needs Dask ({error.name}); pip install 'muforge[farm]'") from None
    with (
        _ended_by_sigterm(),
        marked(shared, read) as required,
        cluster_of(config, tasks, required.folders[0]) as cluster,
    ):
        farm = Farm(cluster, required)
        farm.check()
        yield farm


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM, which batch systems send before they kill, close what is open."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class _Flight(Generic[T]):
    """A task under way."""

    task: T
    attempt: int
    worker: str
    future: Any


class Farm:
    """Workers of a Dask cluster.

    Arguments:
        cluster: Theirs.
        required: What they must have.
    """

    def __init__(self, cluster: Cluster, required: Requirements) -> None:
        self._client: Any = cluster.client
        self._keeper = cluster.keeper
        self.dashboard = cluster.dashboard
        """The address of Dask's dashboard."""
        self._required = required
        self._run = self._dismissed = 0

    @property
    def workers(self) -> int:
        """Processes that it has, or is to have once all its jobs run."""
        return len(self._present()) if self._keeper is None else self._keeper.workers

    def check(self) -> None:
        """Wait for the first worker and look at what all that are there have.

        Raises:
            FarmError: One lacks something.
        """
        begin, told = monotonic(), False
        while not self._present():
            if not told and monotonic() - begin > _TOLD_SECONDS:
                _log.warning(
                    "no worker yet: jobs wait in the queue, or fail at once (log_directory would tell)"
                )
                told = True
            self._tend()
            sleep(_MOMENT_SECONDS)
        try:
            problems = self._client.run(lacking, self._required)
        except Exception as error:
            raise FarmError(
                f"a worker cannot be looked at, has it muforge {self._required.version}? ({_in_a_line(error)})"
            ) from error
        for problem in problems.values():
            if problem is not None:
                raise FarmError(problem)

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Generator[Done[T, R] | Failed[T]]:
        """Run a function of each task on the workers, and yield tasks as they end, in any order.

        A task that fails, or whose worker is lost, is tried again, three times in all. Close the generator early to
        give up what is under way.

        Arguments:
            function: Of an importable module; called with a task it must do the same however often it is called.
            tasks: Taken one by one, when a worker is free, by the thread that asks for outcomes.

        Raises:
            NoSpaceError: A task found the disk full: the others would, too.
            FarmError: The scheduler is gone, or too many workers that came later lack something.
        """
        self._run += 1
        ended: SimpleQueue[int] = SimpleQueue()
        under_way: dict[int, _Flight[T]] = {}
        again: deque[tuple[T, int]] = deque()
        source = iter(tasks)
        number, more, tended = 0, True, monotonic()
        try:
            while True:
                for worker in self._present() - {flight.worker for flight in under_way.values()}:
                    if again:
                        task, attempt = again.popleft()
                    else:
                        taken = next(source, _END) if more else _END
                        if taken is _END:
                            more = False
                            break
                        task, attempt = taken, 1  # type: ignore[assignment]
                    number += 1
                    future = self._submit(function, task, number, worker)
                    under_way[number] = _Flight(task, attempt, worker, future)
                    future.add_done_callback(lambda _, number=number: ended.put(number))
                if not (under_way or again or more):
                    return
                if monotonic() - tended > _POLL_SECONDS:
                    self._tend()
                    tended = monotonic()
                try:
                    flight = under_way.pop(ended.get(timeout=_POLL_SECONDS))
                except Empty:
                    continue
                outcome = self._outcome(flight)
                if isinstance(outcome, UnfitWorker):
                    self._dismiss(outcome)
                    again.append((flight.task, flight.attempt))
                elif isinstance(outcome, Failed) and flight.attempt < ATTEMPTS:
                    again.append((flight.task, flight.attempt + 1))
                else:
                    yield outcome
        finally:
            self._client.cancel([flight.future for flight in under_way.values()], force=True)

    def _submit(self, function: Callable[[T], R], task: T, number: int, worker: str) -> Any:
        """Give a task to a worker that is free: one that waits behind another would be lost with it."""
        from muforge.farm.worker import attempt

        key = f"{getattr(function, '__name__', 'task')}-{self._required.mark[-8:]}-{self._run}-{number}"
        return self._client.submit(
            attempt,
            self._required,
            function,
            task,
            key=key,
            pure=False,
            workers=[worker],
            allow_other_workers=True,
        )

    def _outcome(self, flight: _Flight[T]) -> Done[T, Any] | Failed[T] | UnfitWorker:
        """How a task ended. A worker that is lost may take its result along, which is then made again."""
        while flight.future.status in ("finished", "pending"):
            try:
                return Done(flight.task, flight.future.result(timeout=_POLL_SECONDS))
            except TimeoutError:
                self._tend()
            except Exception:
                break
        return _failure(flight)

    def _dismiss(self, unfit: UnfitWorker) -> None:
        """Let go of a worker, to which one task after the other would come to fail."""
        self._dismissed += 1
        if self._dismissed > _MOST_DISMISSED:
            raise FarmError(f"{unfit.reason}; so did {_MOST_DISMISSED} workers before")
        _log.warning("%s; let go", unfit.reason)
        self._client.retire_workers([unfit.address], remove=True, close_workers=True)

    def _present(self) -> set[str]:
        """Addresses of the workers; raises `FarmError` if the scheduler is gone."""
        try:
            return set(self._client.scheduler_info(n_workers=-1)["workers"])
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise FarmError(_GONE) from error

    def _tend(self) -> None:
        if self._client.status != "running":
            raise FarmError(_GONE)
        if self._keeper is not None:
            self._keeper.tend()


def _failure(flight: _Flight[T]) -> Failed[T] | UnfitWorker:
    from distributed import KilledWorker

    future = flight.future
    if future.status != "error":
        raise FarmError(_GONE)
    error = future.exception()
    if isinstance(error, UnfitWorker):
        return error
    if isinstance(error, KilledWorker):
        return Failed(flight.task, _LOST, f"{error}\n")
    if not isinstance(error, TaskError):
        return Failed(flight.task, _in_a_line(error), f"{error!r}\n")
    if error.full:
        raise NoSpaceError(error.reason)
    return Failed(flight.task, error.reason, error.traceback)


def _in_a_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
