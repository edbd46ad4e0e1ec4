from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.coverage import MOST, NEIGHBOURS, PARTS, Coverage, _by_weight, _covered
from muforge.judge.quantities import values
from muforge.judge.result import Result
from muforge.sample import Sample
from tests.judge.beam import MODE, beam, generated
from tests.judge.toy import altered, toy


def coverage(real: Sample, other: Sample, null: Sample, seed: int = 0) -> Result:
    (result,) = Coverage(seed=seed)(real, other, null).results
    return result


def without_mode(sample: Sample) -> Sample:
    p, z = values(sample, "p"), sample["start_z"]
    lost = (p > 60) & (p < 62) & (z > 40) & (z < 41)
    assert 0.5 * MODE < lost.mean() < 2 * MODE
    return sample.select(~lost)


def test_balls_by_hand() -> None:
    """On a line: a ball of radius 1 at 0 and at 10, of radius 3 at 5; points touch the second from inside only."""
    centres, radius = np.array([[0.0], [10.0], [5.0]]), np.array([1.0, 1.0, 3.0])
    assert _covered(centres, radius, np.array([[10.5]])) == pytest.approx(1 / 3)
    assert _covered(centres, radius, np.array([[11.0], [7.0]])) == pytest.approx(1 / 3)
    assert _covered(centres, radius, np.array([[0.1], [4.0], [9.5]])) == 1.0


def test_a_perfect_generator_covers_what_theory_says() -> None:
    """Naeem et al. 2020, section 3.2: 1 - 2^-k for equal numbers of many real and generated muons."""
    real, other, null = (toy(40_000, seed, weight=np.ones(40_000)) for seed in range(3))
    found = coverage(real, other, null)
    assert found.perfect == 1 - 2.0**-NEIGHBOURS
    assert found.value == pytest.approx(found.perfect, abs=0.008)
    assert found.null == pytest.approx(found.perfect, abs=0.008)
    assert found.n_eff == 40_000 / PARTS < MOST


def test_a_missing_mode_is_found() -> None:
    real, null = (beam(60_000, seed) for seed in range(2))
    other = generated(60_000, 2)
    assert (coverage(real, without_mode(other), null).p_value or 0.0) < 0.01
    assert (coverage(real, other, null).p_value or 0.0) > 0.01


def test_a_generator_of_half_the_space_covers_less() -> None:
    real, other, null = (toy(6000, seed) for seed in range(3))
    found = coverage(real, altered(other, start_x=np.abs(other["start_x"])), null)
    assert found.value < (found.null or 0.0) - 0.1
    assert (found.p_value or 0.0) < 1e-6


def test_muons_are_drawn_by_their_weight() -> None:
    sample = toy(20_000, 1)
    drawn = _by_weight(sample, np.random.default_rng(0))
    assert len(np.unique(drawn["event"])) == len(drawn)
    heavy = (sample["weight"] == 3).sum()
    light = len(sample) - heavy
    assert (drawn["weight"] == 3).sum() == heavy
    assert (drawn["weight"] == 1).sum() == pytest.approx(light / 3, abs=4 * np.sqrt(light * 2 / 9))


def test_too_few_muons_say_nothing() -> None:
    sides = [beam(150, seed) for seed in range(3)]
    assert not Coverage()(*sides).results


def test_one_seed_gives_one_answer() -> None:
    real, other, null = (beam(1500, seed) for seed in range(3))
    assert coverage(real, other, null, seed=5) == coverage(real, other, null, seed=5)
