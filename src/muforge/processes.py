"""Worker processes: one thread each, deaf to SIGINT, gone when their parent is gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from muforge.errors import MuforgeError

P = ParamSpec("P")
T = TypeVar("T")

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Of an environment in which libraries that are loaded have one thread."""

_CONTEXT = multiprocessing.get_context("spawn")


def patient_threads() -> None:
    """Let OpenMP threads sleep while they wait, unless the user has set `OMP_WAIT_POLICY`.

    By default they spin, which slows boosted trees down two to three times as soon as anything else runs on the
    machine. To be called before a library with OpenMP is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Workers:
    """A pool of processes for functions that live in importable modules.

    Leaving the block by an exception stops the workers at once; leaving it normally waits for them.

    Arguments:
        jobs: Number of processes.
        start: Called once in each process before its first task.
        arguments: Of `start`; may hold shared memory made by `shared_array`.
    """

    def __init__(self, jobs: int, start: Callable[..., None], *arguments: Any) -> None:
        self._pool = ProcessPoolExecutor(
            jobs, mp_context=_CONTEXT, initializer=_start, initargs=(start, arguments)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in a worker. A pool starts processes as tasks come, hence the care here."""
        with _plain_start():
            return self._pool.submit(function, *args, **kwargs)


def result_of(future: Future[T], what: str) -> T:
    """The outcome of a task; if its worker died, `MuforgeError` saying while doing `what`."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise MuforgeError(f"a worker process died while {what} (out of memory?); try fewer --jobs") from None


def shared_array(length: int) -> Any:
    """Float64 numbers that parent and workers share, with a lock (`get_lock`)."""
    return _CONTEXT.Array("d", length)


def _start(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextmanager
def _plain_start() -> Iterator[None]:
    """Children started inside have one thread for BLAS and OpenMP, and do not run the user's script again.

    A spawned child imports the parent's main script, which starts everything twice where the script has no
    `if __name__ == "__main__":`. Our workers need nothing from it, so its name is hidden from them.
    """
    main = sys.modules["__main__"]
    hidden = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    for name in hidden:
        delattr(main, name)
    main.__spec__ = None
    try:
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
