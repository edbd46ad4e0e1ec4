from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, mannwhitneyu
from sklearn.metrics import roc_auc_score

from muforge.judge.auc import Area, Scores, area


def make_scores(value: np.ndarray, weight: np.ndarray | None = None, per_event: int = 1) -> Scores:
    ones = np.ones(len(value)) if weight is None else weight
    return Scores(np.asarray(value, np.float64), ones, np.arange(len(value)) // per_event)


def test_value_is_that_of_scikit_learn_with_weights_and_ties() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.integers(0, 12, 300), generator.integers(1, 11, 200)
    weight_a, weight_b = generator.exponential(1, 300), generator.exponential(1, 200)
    expected = roc_auc_score(
        np.repeat([1, 0], [300, 200]),
        np.concatenate([a, b]),
        sample_weight=np.concatenate([weight_a, weight_b]),
    )
    assert area(make_scores(a, weight_a), make_scores(b, weight_b)).value == pytest.approx(expected)


def test_error_of_single_muons_is_that_of_mann_whitney() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(0, 1, 2000), generator.normal(0, 1, 3000)
    found = area(make_scores(a), make_scores(b))
    assert found.error == pytest.approx(np.sqrt(5001 / (12 * 2000 * 3000)), rel=0.02)
    expected = mannwhitneyu(a, b, alternative="greater").pvalue
    assert found.p_value == pytest.approx(expected, abs=0.01)


def test_copies_of_muons_in_their_events_change_nothing() -> None:
    generator = np.random.default_rng(2)
    a, b = generator.normal(0, 1, 400), generator.normal(0.1, 1, 300)
    once = area(make_scores(a), make_scores(b))
    thrice = area(make_scores(np.repeat(a, 3), per_event=3), make_scores(b))
    assert thrice.value == pytest.approx(once.value)
    assert thrice.error == pytest.approx(once.error)


def test_p_values_of_equal_distributions_are_uniform() -> None:
    generator = np.random.default_rng(3)
    found = []
    for _ in range(200):
        by_event = np.repeat(generator.normal(0, 1, 150), 3)
        found.append(
            area(make_scores(by_event, per_event=3), make_scores(generator.normal(0, 1, 500))).p_value
        )
    assert kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize(("value", "p_value"), [(1.0, 0.0), (0.5, 1.0)])
def test_p_value_without_an_error(value: float, p_value: float) -> None:
    """Of samples told apart without fail, and of samples of one value."""
    assert Area(value, 0.0).p_value == p_value
