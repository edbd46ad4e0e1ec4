"""What the tests of a farm let its workers do. Workers import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from muforge.errors import NoSpaceError
from muforge.farm import worker


def squared(number: int) -> int:
    return number**2


def failing(task: tuple[Path, int]) -> int:
    """Fails for number 1, however often it is tried."""
    folder, number = task
    note_attempt(folder, number)
    if number == 1:
        raise ValueError("one is\nnot enough")
    return number


def dying(task: tuple[Path, int, int]) -> int:
    """Its worker is killed the first so many times."""
    folder, number, times = task
    if note_attempt(folder, number) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def on_a_full_disk(number: int) -> int:
    if number == 0:
        raise NoSpaceError("file: no space left on the disk")
    return number


def held(task: tuple[Path, int]) -> int:
    """Lasts until there is a file 'open' in the folder."""
    folder, number = task
    note_attempt(folder, number)
    while not (folder / "open").exists():
        time.sleep(0.01)
    return number


def libraries(_: int) -> dict[str, Any]:
    """How many threads libraries have after they have worked."""
    import numpy as np
    import pyarrow as pa
    import scipy.linalg
    import torch
    from sklearn.ensemble import HistGradientBoostingClassifier

    square = np.eye(64)
    scipy.linalg.solve(square, square @ square)
    torch.ones(64, 64) @ torch.ones(64, 64)
    HistGradientBoostingClassifier(max_iter=2).fit(square, np.arange(64) % 2)
    pa.array(square[0]).sum()
    return {
        "native": worker.threads(),
        "torch": torch.get_num_threads(),
        "pyarrow": pa.cpu_count(),
    }


def note_attempt(folder: Path, number: int) -> int:
    """How often a task was begun, with this time."""
    (folder / f"attempt-{number}-{uuid4().hex}").touch()
    return attempts(folder, number)


def attempts(folder: Path, number: int) -> int:
    return len(list(folder.glob(f"attempt-{number}-*")))
