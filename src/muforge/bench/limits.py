"""What the machine can do at best: the disk, and matrix products."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from muforge.bench.contestant import Contestant, Group

COLUMNS = 17
_SIZE = 1024
_REPEATS = 8


def limits(folder: Path, muons: int) -> list[Contestant]:
    """17 float32 columns of muons as bytes to the disk, and float32 matrix products on one thread."""
    columns = np.random.default_rng(0).standard_normal((COLUMNS, muons), np.float32)
    a, b = (np.random.default_rng(seed).standard_normal((_SIZE, _SIZE), np.float32) for seed in (1, 2))

    def disk() -> None:
        path = folder / "raw"
        path.unlink(missing_ok=True)
        with path.open("wb") as file:
            columns.tofile(file)
            file.flush()
            os.fsync(file.fileno())

    def products() -> None:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            for _ in range(_REPEATS):
                a @ b

    operations = 2.0 * _SIZE**3 * _REPEATS
    return [
        Contestant("disk, 17 float32 columns as bytes", Group.limits, muons, disk),
        Contestant("matrix products, 1 thread", Group.limits, operations, products, "operations"),
    ]
