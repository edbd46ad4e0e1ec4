"""The random numbers of the engine's muons, for other programs to make the same muons of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.engine.kernel import SPARE, random_numbers
from muforge.engine.lanes import LANES, load_int, store
from muforge.rng import Purpose


def draw(
    seed: int, purpose: Purpose, first: int, numbers: NDArray[np.int32], dimensions: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Standard normal numbers, shape (n, dimensions), and uniform ones in [0, 1), shape (n,), of muons first + numbers.

    Arguments:
        seed: The user's, 0 <= seed < 2**64.
        purpose: What they are for; muons of a spill have `Purpose.MUON`.
        first: A multiple of 2^16.
        numbers: Below 2^16, shape (n,).
        dimensions: Normal numbers of a muon.
    """
    padded = np.pad(numbers, (0, -len(numbers) % LANES), mode="edge")
    out = np.empty((1 + dimensions + SPARE, len(padded)), np.float32)
    _draw(np.uint64(first), padded, int(purpose), np.uint64(seed), dimensions, out.ravel())
    normal = out[1 : 1 + dimensions, : len(numbers)].T
    return np.ascontiguousarray(normal), out[0, : len(numbers)].copy()


@compiled
def _draw(first: Any, numbers: Any, purpose: Any, seed: Any, dimensions: Any, out: Any) -> None:
    """Rows of `out`: uniform numbers, then normal ones."""
    rows = len(numbers)
    for k in range(0, rows, LANES):
        store(
            out,
            k,
            random_numbers(first, load_int(numbers, k), dimensions, purpose, seed, out, rows + k, rows),
        )
