"""Philox4x32-10 in lanes: four random words for each counter."""

from __future__ import annotations

from typing import Any

import numpy as np

from muforge.compiled import inlined
from muforge.engine.lanes import full_int, high_product

ROUNDS = 10
_MULTIPLIER_0 = np.uint32(0xD2511F53)
_MULTIPLIER_1 = np.uint32(0xCD9E8D57)
_WEYL_0 = np.uint32(0x9E3779B9)
_WEYL_1 = np.uint32(0xBB67AE85)


@inlined
def word(value: Any) -> Any:
    """An unsigned 32-bit number in all lanes."""
    return full_int(np.int32(np.uint32(value)))


@inlined
def philox(c0: Any, c1: Any, c2: Any, c3: Any, key_0: Any, key_1: Any) -> Any:
    """Four vectors of random words.

    Arguments:
        c0, c1, c2, c3: Words of the counters, one counter in each lane.
        key_0, key_1: Words of the key, unsigned integers.

    References:
        Salmon et al., Parallel random numbers: as easy as 1, 2, 3 | https://doi.org/10.1145/2063384.2063405
    """
    k0, k1 = np.uint32(key_0), np.uint32(key_1)
    m0, m1 = word(_MULTIPLIER_0), word(_MULTIPLIER_1)
    for _ in range(ROUNDS):
        high_0, low_0 = high_product(c0, m0), c0 * m0
        high_1, low_1 = high_product(c2, m1), c2 * m1
        c0, c1, c2, c3 = high_1 ^ c1 ^ word(k0), low_1, high_0 ^ c3 ^ word(k1), low_0
        k0, k1 = np.uint32(k0 + _WEYL_0), np.uint32(k1 + _WEYL_1)
    return c0, c1, c2, c3
