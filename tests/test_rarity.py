"""Ranks of the mean distance to near neighbours."""

from __future__ import annotations

import numpy as np
from scipy.stats import halfnorm, kstest

from muforge.rarity import Rarity


def test_rarity_is_distributed_as_an_absolute_normal_number() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((4000, 3)).astype(np.float32)
    weight = rng.choice([1.0, 5.0], 4000)
    rarity = Rarity(matrix, weight, seed=1).of(matrix)
    drawn = rng.choice(rarity, 2000, p=weight / weight.sum())
    assert kstest(drawn, halfnorm.cdf).pvalue > 1e-3
    assert (rarity >= 0).all()


def test_far_points_are_rarer_whatever_the_units() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.standard_normal((3000, 2)) * [1.0, 1000.0]).astype(np.float32)
    rarity = Rarity(matrix, np.ones(3000), seed=1)
    near, far_in_x, far_in_y = rarity.of(np.array([[0, 0], [4.5, 0], [0, 4500]], np.float32))
    assert near < 1
    assert far_in_x > 3
    assert far_in_y > 3


def test_the_seed_decides() -> None:
    matrix = np.random.default_rng(0).standard_normal((6000, 2)).astype(np.float32)
    one, same, other = (Rarity(matrix, np.ones(6000), seed).of(matrix) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_beyond_the_bounds_is_rarest_and_one_point_is_enough() -> None:
    matrix = np.random.default_rng(0).standard_normal((3000, 2)).astype(np.float32)
    rarity = Rarity(matrix, np.ones(3000), seed=1)
    beyond, common = rarity.of(np.array([[np.inf, 0], [0, 0]], np.float32))
    assert beyond == rarity.of(matrix).max() > common
    alone = Rarity(matrix[:1], np.ones(1), seed=1)
    assert np.isfinite(alone.of(matrix[:5])).all()
