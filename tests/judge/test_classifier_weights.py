from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.auc import Scores
from muforge.judge.classifier_weights import LOG10_EDGES, Calibration, calibrate, logit, weight_details


def score(value: list[float], event: list[int] | None = None) -> Scores:
    numbers = np.arange(len(value)) if event is None else np.array(event)
    return Scores(np.array(value), np.ones(len(value)), numbers)


def test_outputs_that_are_calibrated_stay() -> None:
    generator = np.random.default_rng(0)
    output = generator.beta(4, 4, 40_000)
    is_real = (generator.random(40_000) < output).astype(np.int8)
    fit = calibrate(output, is_real, np.ones(40_000))
    assert fit.slope == pytest.approx(1.0, abs=0.05)
    assert fit.offset == pytest.approx(0.0, abs=0.05)


def test_calibration_takes_weights() -> None:
    """Twice the weight of the real rows is twice w."""
    generator = np.random.default_rng(0)
    output = generator.beta(4, 4, 40_000)
    is_real = (generator.random(40_000) < output).astype(np.int8)
    fit = calibrate(output, is_real, np.where(is_real == 1, 2.0, 1.0))
    assert fit.offset == pytest.approx(np.log(2.0), abs=0.05)


def test_weights_are_odds() -> None:
    weights = Calibration(1.0, 0.0).weights(np.array([0.2, 0.5, 0.75]))
    np.testing.assert_allclose(weights, [0.25, 1.0, 3.0])


def test_certain_outputs_have_finite_weights() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_weights_beyond_the_edges_are_in_the_outermost_bins() -> None:
    side = score([1e-5, 1.0, 1e5, 1e6])
    densities = weight_details({"real": side, "generated": side, "null": side})["weights"]
    counts = np.array(densities["generated"]) * np.diff(LOG10_EDGES) * 4
    assert densities["edges"] == LOG10_EDGES.tolist()
    assert counts[[0, -1]] == pytest.approx([1.0, 2.0])
    assert counts.sum() == pytest.approx(4.0)


def test_errors_of_tails_are_over_events() -> None:
    alone, together = (
        score([5.0] * 4 + [1.0] * 12),
        score([5.0] * 4 + [1.0] * 12, [0] * 4 + list(range(1, 13))),
    )
    for side, expected in ((alone, 0.25 / 2), (together, 0.25)):
        tails = weight_details({"real": alone, "generated": side, "null": alone})["tails"]
        found = {tail["text"]: tail for tail in tails}
        assert found["w > 2"]["generated"] == pytest.approx(0.25)
        assert found["w > 2"]["generated_error"] == pytest.approx(expected)
        assert found["w < 0.1"]["generated_error"] == 0.0
