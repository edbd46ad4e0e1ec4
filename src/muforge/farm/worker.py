"""What runs on a worker: the look at what it has, and each task."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from distributed import Worker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin
from threadpoolctl import threadpool_info, threadpool_limits

from muforge.errors import MuforgeError, NoSpaceError
from muforge.farm.outcome import TaskError, UnfitWorker
from muforge.farm.shared import Requirements, lacking
from muforge.memory import keep_freed_memory
from muforge.processes import ONE_THREAD

T = TypeVar("T")
R = TypeVar("R")


class Quiet(WorkerPlugin):  # type: ignore[misc]
    """Leaves an interruption from the terminal to the process that gave the tasks."""

    name = "muforge-quiet"

    def setup(self, worker: Worker) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def attempt(required: Requirements, function: Callable[[T], R], task: T) -> R:
    """Run a task on a worker that has what it needs.

    Raises:
        UnfitWorker: It has not.
        TaskError: The task raised something.
    """
    problem = lacking(required)
    if problem is not None:
        raise UnfitWorker(problem, get_worker().address)
    _hold_one_thread()
    keep_freed_memory()
    try:
        return function(task)
    except Exception as error:
        full, told = isinstance(error, NoSpaceError), traceback.format_exc()
        raise TaskError(full, _in_a_line(error), told) from None


def _in_a_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, MuforgeError) else f"{type(error).__name__}: {text}"


def _hold_one_thread() -> None:
    """Dask does so too, but for variables that are in the user's environment."""
    os.environ.update(ONE_THREAD)
    threadpool_limits(1)
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].set_cpu_count(1)


def threads() -> dict[str, Any]:
    """Numbers of threads of the native libraries that a worker has loaded, by library."""
    return {each["filepath"]: each["num_threads"] for each in threadpool_info()}
