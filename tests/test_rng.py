from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.rng import Purpose, stream, uniform_at


def test_an_address_gives_the_same_numbers() -> None:
    first = stream(7, Purpose.LATENT, 4, 12).standard_normal(100)
    np.testing.assert_array_equal(first, stream(7, Purpose.LATENT, 4, 12).standard_normal(100))


def test_streams_do_not_change_between_releases() -> None:
    """Philox 4x64 is fixed by its paper: what was generated once must come out again."""
    raw = stream(1, Purpose.BATCH, 2, 3).bit_generator.random_raw(2)
    reference = np.random.Philox(counter=np.array([0, 2, 3, 0], np.uint64), key=np.array([1, 2], np.uint64))
    np.testing.assert_array_equal(raw, reference.random_raw(2))


@pytest.mark.parametrize(
    ("seed", "purpose", "place"),
    [
        (8, Purpose.LATENT, (4, 12)),
        (7, Purpose.SHUFFLE, (4, 12)),
        (7, Purpose.LATENT, (3, 12)),
        (7, Purpose.LATENT, (4, 13)),
        (7, Purpose.LATENT, (12, 4)),
        (7, Purpose.LATENT, (4, 12, 1)),
    ],
)
def test_other_addresses_give_other_numbers(seed: int, purpose: Purpose, place: tuple[int, ...]) -> None:
    base = stream(7, Purpose.LATENT, 4, 12).random(1000)
    other = stream(seed, purpose, *place).random(1000)
    assert abs(np.corrcoef(base, other)[0, 1]) < 0.15
    assert not np.intersect1d(base, other).size


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range(seed: int) -> None:
    with pytest.raises(ConfigError, match="seed"):
        stream(seed, Purpose.COUNTS)


def test_uniform_at_depends_on_key_and_counter_only() -> None:
    counter = np.arange(100_000)
    u = uniform_at(5, counter)
    np.testing.assert_array_equal(u[::-1], uniform_at(5, counter[::-1]))
    assert not np.array_equal(u, uniform_at(6, counter))
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.histogram(u, bins=50, range=(0, 1))[0]
    chi2 = ((counts - 2000) ** 2 / 2000).sum()
    assert 20 < chi2 < 95  # 49 degrees of freedom
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.01


def test_uniform_at_takes_negative_counters() -> None:
    assert np.unique(uniform_at(1, np.arange(-50, 50))).size == 100
