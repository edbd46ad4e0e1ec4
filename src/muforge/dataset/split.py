"""The train, validation and test split, by event: muons of one proton are correlated and stay together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.dataset.manifest import SPLIT_FRACTIONS, SPLITS
from muforge.rng import uniform_at

_BOUNDARIES = np.cumsum([SPLIT_FRACTIONS[name] for name in SPLITS])[:-1]
_KEY_BITS = 2**64


def split_of_events(event: NDArray[Any], *, file_sha256: str, seed: int) -> NDArray[np.int8]:
    """Index into `SPLITS` for each event number of one file, shape (n,).

    It depends on the file's content, the event number and the seed alone: not on the order of the files, on
    the number of workers, or on what else is in the data set.
    """
    key = (int(file_sha256[:16], 16) + seed) % _KEY_BITS
    return np.searchsorted(_BOUNDARIES, uniform_at(key, event), side="right").astype(np.int8)
