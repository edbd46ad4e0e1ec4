"""Random numbers with an address: counter-based Philox streams keyed by seed, purpose and place.

The same address gives the same numbers on any worker, in any order, so a request split over processes
or resumed after an interruption gives the bytes of the undivided one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from muforge.errors import ConfigError


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every result: never renumber, only add."""

    SPLIT = 1
    BATCH = 2
    TRAINING = 3
    COUNTS = 4
    LATENT = 5
    SHUFFLE = 6
    JUDGE = 7
    MONITOR = 8


def stream(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """The generator at an address.

    Arguments:
        seed: The user's seed, 0 <= seed < 2**64.
        purpose: What the numbers are for.
        place: Up to three further non-negative integers, e.g. category, chunk, repeat.

    The 128-bit Philox key is (seed, purpose) and the place fills the three high words of the 256-bit
    counter, so streams of different addresses cannot meet before 2**64 blocks.

    Raises:
        ConfigError: The seed is out of range.

    References:
        Salmon et al., Parallel random numbers: as easy as 1, 2, 3 | https://doi.org/10.1145/2063384.2063405
    """
    if not 0 <= seed < 2**64:
        raise ConfigError(f"seed {seed}: must be an integer from 0 to 2**64 - 1")
    high = [*place, 0, 0, 0][:3]
    if len(place) > 3:
        raise ValueError(f"an address has at most three places, got {place}")
    key = np.array([seed, int(purpose)], np.uint64)
    counter = np.array([0, *high], np.uint64)
    return np.random.Generator(np.random.Philox(counter=counter, key=key))
