"""What runs on a worker: the look at what it has, and each task."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from distributed import Worker
from distributed.diagnostics.plugin import WorkerPlugin

from muforge.errors import FarmError
from muforge.farm.shared import Requirements, lacking

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
        FarmError: It has not.
        Exception: Whatever the task raises.
    """
    problem = lacking(required)
    if problem is not None:
        raise FarmError(problem)
    return function(task)


def threads() -> dict[str, Any]:
    """Numbers of threads of the native libraries that a worker has loaded, by library."""
    from threadpoolctl import threadpool_info

    return {each["filepath"]: each["num_threads"] for each in threadpool_info()}
