"""Reads files as a farm does, with accidents. Workers import it."""

from __future__ import annotations

import os
import signal

from muforge.dataset import workers
from muforge.dataset.manifest import Fault, FileRecord
from muforge.dataset.workers import ScanTask
from muforge.errors import NoSpaceError

real = workers.scan_one


def dying(task: ScanTask) -> FileRecord | Fault:
    """The worker of the second file is killed when it has read it, the first time."""
    record = real(task)
    noted = task.staging.parent.with_name("killed")
    if task.name.name == "prod_1.root" and not noted.exists():
        noted.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return record


def failing(task: ScanTask) -> FileRecord | Fault:
    """The second file cannot be read, which is not the file's fault."""
    if task.name.name == "prod_1.root":
        raise MemoryError("too large")
    return real(task)


def on_a_full_disk(task: ScanTask) -> FileRecord | Fault:
    """There is room for the first file only."""
    if task.name.name == "prod_0.root":
        return real(task)
    raise NoSpaceError(f"{task.staging}: no space left on the disk; nothing was written under this name")
