"""The strong classifier, its trees and its weights."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from muforge.judge import boosted
from muforge.judge.auc import Scores
from muforge.judge.boosted import Backend, Rows, default_backend, train
from muforge.judge.classifier_weights import LOG10_EDGES, calibrate, weight_details
from muforge.judge.strong_classifier import (
    STOPPING_SHARE,
    StrongClassifier,
    split_for_stopping,
    training_rows,
)
from tests.judge.beam import beam, generated
from tests.judge.toy import altered, toy

BACKENDS: tuple[Backend, ...] = ("xgboost", "scikit-learn")


def rows(n: int, seed: int, shift: float) -> Rows:
    generator = np.random.default_rng(seed)
    is_real = np.repeat(np.array([1, 0], np.int8), n)
    matrix = generator.normal(size=(2 * n, 3)).astype(np.float32)
    matrix[:n, 1] += np.float32(shift)
    return Rows(matrix, is_real, np.ones(2 * n))


@pytest.mark.parametrize("backend", BACKENDS)
def test_trees_learn_a_difference_and_stop_where_there_is_none(backend: Backend) -> None:
    if backend == "xgboost":
        pytest.importorskip("xgboost", reason="xgboost is not installed (pip install 'muforge[judge]')")
    options: dict[str, Any] = {"random_state": 0, "threads": 1, "backend": backend}
    different = train(rows(2000, 0, 1.0), rows(500, 1, 1.0), **options)
    equal = train(rows(2000, 0, 0.0), rows(500, 1, 0.0), **options)
    test = rows(1000, 2, 1.0)
    output = different.probability(test.matrix)
    assert output[:1000].mean() > 0.55
    assert output[1000:].mean() < 0.45
    assert equal.number < different.number < boosted.MOST_TREES


def test_without_xgboost_scikit_learn_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosted, "find_spec", lambda name: None)
    assert default_backend() == "scikit-learn"
    findings = StrongClassifier(repeats=1, threads=1)(beam(300, 0), generated(300, 1), beam(300, 2))
    assert findings.details["backend"] == "scikit-learn"


def test_xgboost_is_preferred() -> None:
    expected = "xgboost" if importlib.util.find_spec("xgboost") else "scikit-learn"
    assert default_backend() == expected


def test_excess_is_the_difference_of_the_two_aucs() -> None:
    real, null = (beam(2000, seed) for seed in range(2))
    auc, excess = StrongClassifier(repeats=2, threads=1)(real, generated(2000, 2, scale=13.0), null).results
    assert auc.null is not None
    assert excess.value == pytest.approx(auc.value - auc.null)
    assert excess.value > 0.03
    assert excess.p_value is None


def test_stopping_rows_share_no_event_with_the_others() -> None:
    half = toy(1000, 0, per_event=4)
    learn, stop = split_for_stopping(half, np.random.default_rng(0))
    assert set(learn["event"]).isdisjoint(stop["event"])
    assert len(stop) == pytest.approx(STOPPING_SHARE * len(half))


def test_both_classes_weigh_the_same() -> None:
    made = training_rows(toy(100, 0), toy(300, 1), ("px", "p"))
    assert made.weight[made.is_real == 1].sum() == pytest.approx(made.weight[made.is_real == 0].sum())
    assert made.weight.mean() == pytest.approx(1.0)


def test_calibration_recovers_the_ratio_of_densities() -> None:
    """Gaussians shifted by one: log w = x - 1/2; the classifier's logits are half as steep."""
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.normal(1, 1, 20_000), generator.normal(0, 1, 20_000)])
    is_real = np.repeat(np.array([1, 0], np.int8), 20_000)
    output = 1 / (1 + np.exp(-0.5 * (x - 0.5)))
    weights = calibrate(output, is_real, np.ones(40_000)).weights(output)
    np.testing.assert_allclose(np.log(weights), x - 0.5, atol=0.15)
    assert weights[is_real == 0].mean() == pytest.approx(1.0, abs=0.05)


def test_outputs_that_do_not_vary_are_left_alone() -> None:
    output = np.full(10, 0.5)
    np.testing.assert_allclose(
        calibrate(output, np.array([1, 0] * 5, np.int8), np.ones(10)).weights(output), 1.0
    )


def test_tails_count_the_weight_beyond() -> None:
    values = np.array([0.05, 0.3, 1.0, 20.0])
    scores = Scores(values, np.array([1.0, 2.0, 3.0, 4.0]), np.arange(4))
    details = weight_details({"real": scores, "generated": scores, "null": scores})
    shares = {tail["text"]: tail["generated"] for tail in details["tails"]}
    assert shares == pytest.approx({"w < 0.1": 0.1, "w < 0.5": 0.3, "w > 2": 0.4, "w > 10": 0.4})
    assert np.sum(details["weights"]["real"]) * np.diff(LOG10_EDGES)[0] == pytest.approx(1.0)


def test_weights_of_equal_samples_are_near_one() -> None:
    real, null = (beam(3000, seed) for seed in range(2))
    details = StrongClassifier(repeats=1, threads=1)(real, generated(3000, 2), null).details
    tails = {tail["text"]: tail for tail in details["tails"]}
    assert tails["w < 0.5"]["generated"] < 0.02
    assert tails["w > 2"]["real"] < 0.02
    gone = altered(real, pz=real["pz"] * np.float32(1.3))
    far = StrongClassifier(repeats=1, threads=1)(real, gone, null).details
    assert {tail["text"]: tail for tail in far["tails"]}["w < 0.5"]["generated"] > 0.05
