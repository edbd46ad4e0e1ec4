from __future__ import annotations

import numpy as np

from muforge.dataset.manifest import SPLIT_FRACTIONS, SPLITS
from muforge.dataset.split import split_of_events

FILE = "ab" * 32


def test_fractions() -> None:
    split = split_of_events(np.arange(200_000), file_sha256=FILE, seed=0)
    counts = np.bincount(split, minlength=3) / len(split)
    np.testing.assert_allclose(counts, [SPLIT_FRACTIONS[name] for name in SPLITS], atol=0.005)


def test_an_event_is_in_one_split_wherever_its_rows_are() -> None:
    event = np.repeat(np.arange(1000), 3)
    shuffled = np.random.default_rng(0).permutation(event)
    split = split_of_events(shuffled, file_sha256=FILE, seed=0)
    for number in range(1000):
        assert np.unique(split[shuffled == number]).size == 1


def test_file_and_seed_matter() -> None:
    event = np.arange(1000)
    base = split_of_events(event, file_sha256=FILE, seed=0)
    assert not np.array_equal(base, split_of_events(event, file_sha256="cd" * 32, seed=0))
    assert not np.array_equal(base, split_of_events(event, file_sha256=FILE, seed=1))
