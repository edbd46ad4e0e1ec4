"""Workers of this process's farm that are killed at random."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable

import numpy as np


def killer(seed: int, probability: float) -> tuple[Callable[..., None], list[int]]:
    """A function that sometimes kills one of the workers, and the list of those that it has killed."""
    random = np.random.default_rng(seed)
    killed: list[int] = []

    def kill(*_: object) -> None:
        workers = sorted(child.pid for child in multiprocessing.active_children() if child.pid is not None)
        if workers and random.random() < probability:
            killed.append(workers[random.integers(len(workers))])
            os.kill(killed[-1], signal.SIGKILL)

    return kill, killed
