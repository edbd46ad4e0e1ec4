from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from muforge.judge.combine import combine


def test_one_p_value_stays() -> None:
    for p_value in (1e-9, 0.03, 0.5, 0.98):
        assert combine([p_value]) == pytest.approx(p_value)
        assert combine([p_value] * 4) == pytest.approx(p_value)


def test_one_small_among_many_is_seen() -> None:
    assert combine([1e-6, 0.3, 0.8, 0.5]) == pytest.approx(4e-6, rel=0.01)


@pytest.mark.parametrize("p_values", [[0.0, 0.5], [1.0, 0.5], [0.0, 1.0], [1.0]])
def test_ends_are_allowed(p_values: list[float]) -> None:
    assert 0 <= combine(p_values) <= 1


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_uniform_for_correlated_tests(correlation: float) -> None:
    from scipy.special import ndtr

    generator = np.random.default_rng(0)
    common = generator.normal(size=(2000, 1))
    own = generator.normal(size=(2000, 5))
    z = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    found = [combine(list(row)) for row in ndtr(z)]
    assert kstest(found, "uniform").statistic < 0.06
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_value_of_one_does_not_hide_a_small_one() -> None:
    assert combine([1.0, 1.0, 1e-4]) < 1e-3


def test_nothing_to_combine() -> None:
    with pytest.raises(ValueError, match="no p-values"):
        combine([])
