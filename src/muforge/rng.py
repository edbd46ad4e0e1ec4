"""Random numbers with an address: counter-based Philox streams keyed by seed, purpose and place.

The same address gives the same numbers on any worker, in any order, so a request split over processes
or resumed after an interruption gives the bytes of the undivided one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every result: never renumber, only add."""

    BATCH = 2
    TRAINING = 3
    COUNTS = 4
    LATENT = 5
    SHUFFLE = 6
    JUDGE = 7
    MONITOR = 8
    CASCADE = 9
    PYTHIA = 10
    TRANSPORT = 11
    BOOTSTRAP = 12
    PROJECTION = 13
    SUBSAMPLE = 14
    DISTILLATION = 15
    PAIR = 16
    REPLICA = 17
    MUON = 18
    COMPLETION = 19
    RARITY = 20
    PADDING = 21
    SCAN = 22


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


_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _splitmix64(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = state + _GOLDEN_GAMMA
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def uniform_at(key: int, counter: NDArray[Any]) -> NDArray[np.float64]:
    """One uniform number in [0, 1) for each counter: a hash, so equal counters get equal numbers.

    Arguments:
        key: 64-bit key of the stream.
        counter: Integers of shape (n,).

    References:
        Steele, Lea, Flood, Fast splittable pseudorandom number generators | https://doi.org/10.1145/2660193.2660195
    """
    start = _splitmix64(np.array([key], np.uint64))
    bits = _splitmix64(_splitmix64(start ^ counter.astype(np.int64).view(np.uint64)))
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
