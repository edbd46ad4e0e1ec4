"""Means over seeds, their differences, and when those are significant."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy.stats import norm, ttest_ind

from muforge.studies.spread import (
    SIGNIFICANT,
    Spread,
    counted,
    difference,
    difference_text,
    pooled,
    significance,
    verdict,
)

A, B = [0.10, 0.12, 0.11, 0.13], [0.20, 0.23, 0.26]


def test_mean_deviation_and_error() -> None:
    spread = Spread.of(A)
    assert spread.mean == pytest.approx(0.115)
    assert spread.deviation == pytest.approx(float(np.std(A, ddof=1)))
    assert spread.error == pytest.approx(spread.deviation / 2)
    assert spread.text(3) == "0.115 ± 0.013"
    assert spread.times(-100).text(1, sign=True) == "-11.5 ± 1.3"


def test_of_one_seed_nobody_knows_the_error() -> None:
    one = Spread.of([0.3])
    assert (one.error, one.significance, one.text(2)) == (inf, 0.0, "0.30")
    assert verdict(one, Spread.of(A)) == "no different"
    assert difference_text(one, Spread.of(A), 3) == "-0.185"


def test_a_difference_has_the_p_value_of_welchs_test() -> None:
    delta, error, sigmas = difference(Spread.of(A), Spread.of(B))
    expected = ttest_ind(B, A, equal_var=False)
    assert delta == pytest.approx(np.mean(B) - np.mean(A))
    assert delta / error == pytest.approx(expected.statistic)
    assert 2 * norm.sf(sigmas) == pytest.approx(expected.pvalue)


def test_a_difference_as_text_has_its_error_and_significance() -> None:
    _, error, sigmas = difference(Spread.of(A), Spread.of(B))
    assert difference_text(Spread.of(A), Spread.of(B), 3) == f"+0.115 ± {error:.3f}, {sigmas:+.1f} σ"


def test_one_seed_is_no_seeds() -> None:
    assert (counted(1, "seed"), counted(2, "seed")) == ("1 seed", "2 seeds")


def test_three_errors_of_two_seeds_are_not_three_sigma() -> None:
    assert significance(3, 1, 2) == pytest.approx(1.667, abs=1e-3)
    assert significance(-3, 1, 1e6) == pytest.approx(-3, abs=1e-3)
    assert significance(1e6, 1, 50) < 40


@pytest.mark.parametrize(("error", "degrees"), [(0.0, 3), (inf, 3), (1.0, 0)])
def test_nothing_is_significant_without_an_error(error: float, degrees: int) -> None:
    assert significance(1.0, error, degrees) == 0


def test_verdicts() -> None:
    low, high = Spread.of(A), Spread.of(B)
    assert difference(low, high)[2] > SIGNIFICANT
    assert (verdict(low, high), verdict(high, low)) == ("worse", "better")
    assert verdict(low, high, lower_is_better=False) == "better"
    assert verdict(low, low) == "no different"


def test_a_pooled_deviation_counts_degrees_of_freedom() -> None:
    deviation, degrees = pooled([Spread.of(A), Spread.of(B), Spread.of([0.5])])
    assert degrees == 5
    assert deviation**2 == pytest.approx((3 * np.var(A, ddof=1) + 2 * np.var(B, ddof=1)) / 5)
    assert pooled([Spread.of([0.5])]) == (inf, 0)


def test_one_seed_can_borrow_a_deviation() -> None:
    base = Spread.of(A)
    one = Spread.of([0.3]).with_deviation(base.deviation, base.degrees)
    _, error, sigmas = difference(base, one)
    assert error == pytest.approx(base.deviation * np.sqrt(1 / 4 + 1))
    assert sigmas == pytest.approx(significance(0.3 - base.mean, error, 3))
    assert one.text(3) == "0.300"
