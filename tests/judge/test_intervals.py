from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from muforge.judge.intervals import Yield, yield_in, yield_ratio


def counts(a: int, b: int, exposure_a: float = 1000.0, exposure_b: float = 1000.0) -> tuple[Yield, Yield]:
    return Yield(a / exposure_a, a, exposure_a), Yield(b / exposure_b, b, exposure_b)


def test_interval_is_that_of_scipy_for_whole_counts() -> None:
    found = yield_ratio(*counts(12, 20, 2000.0, 1000.0))
    interval = binomtest(12, 32).proportion_ci(0.6827, method="exact")
    assert found.ratio == pytest.approx(12 / 20 / 2)
    assert found.low == pytest.approx(interval.low / (1 - interval.low) / 2)
    assert found.high == pytest.approx(interval.high / (1 - interval.high) / 2)


def test_nothing_on_one_side() -> None:
    none_generated = yield_ratio(*counts(0, 10))
    assert (none_generated.ratio, none_generated.low) == (0.0, 0.0)
    assert none_generated.high == pytest.approx(0.2, abs=0.02)
    none_real = yield_ratio(*counts(10, 0))
    assert (none_real.ratio, none_real.high) == (None, None)
    assert none_real.low > 3
    assert yield_ratio(*counts(0, 0)).p_value == 1.0


def test_p_value_is_twice_the_smaller_tail() -> None:
    assert yield_ratio(*counts(10, 10)).p_value == pytest.approx(1.0)
    above = binomtest(25, 35, alternative="greater").pvalue
    at = binomtest(25, 35, alternative="greater").pvalue - binomtest(26, 35, alternative="greater").pvalue
    assert yield_ratio(*counts(25, 10)).p_value == pytest.approx(2 * (above - at / 2))


def test_muons_of_one_event_count_once() -> None:
    weight = np.ones(12)
    inside = np.array([True] * 6 + [False] * 6)
    clustered = yield_in(inside, weight, np.array([0, 0, 0, 1, 1, 1, *range(2, 8)]))
    assert clustered.share == pytest.approx(0.5)
    assert clustered.entries == pytest.approx(2.0)
    assert clustered.exposure == pytest.approx(4.0)


def test_intervals_cover_and_p_values_are_uniform() -> None:
    generator = np.random.default_rng(0)
    pairs = generator.poisson(30, (400, 2))
    found = [yield_ratio(*counts(int(a), int(b))) for a, b in pairs]
    covered = np.mean([each.low <= 1 <= (each.high or np.inf) for each in found])
    assert covered == pytest.approx(0.6827 + 0.05, abs=0.06)
    assert kstest([each.p_value for each in found], "uniform").pvalue > 0.01
