"""Densities of trained models, and the likelihood as the figure of merit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from muforge.errors import ConfigError, TrainingError
from muforge.sample import Sample
from muforge.training.batches import WeightedBatches
from muforge.training.config import RunConfig
from muforge.training.run import FitResult, fit
from tests.judge.beam import beam
from tests.training.runs import tiny_fit

CATEGORY = 1


def run(**training: Any) -> FitResult:
    config = RunConfig.from_mapping(
        {
            "model": {"family": "flow", "width": 8, "bins": 4, "knots": 8},
            "representation": {"kind": "physics"},
            "training": {
                "steps": 60,
                "batch_size": 256,
                "monitor_every": 20,
                "judge_size": 500,
                "plots": False,
                "figure_of_merit": "nll",
                "ema_decay": 0.9,
                **training,
            },
        }
    )
    muons = [beam(rows, seed, category=CATEGORY) for seed, rows in enumerate((2000, 1000, 300))]
    return fit(muons[0], muons[1], muons[2], CATEGORY, config)


def test_the_likelihood_chooses_the_best_step() -> None:
    result = run()
    found = {row["step"]: row["validation_nll"] for row in result.history}
    assert set(found) == {20, 40, 60}
    assert result.best_step == min(found, key=lambda step: found[step])
    assert found[60] < found[20]
    validation = beam(1000, 1, category=CATEGORY)
    again = -np.average(result.model.log_prob(validation), weights=validation.weight)
    assert again == pytest.approx(found[result.best_step], abs=1e-5)


def test_muons_beyond_the_bounds_have_no_density() -> None:
    model = run(steps=5, monitor_every=0).model
    sample = beam(50, 3, category=CATEGORY)
    upstream = sample["start_z"].copy()
    upstream[7] = -50
    log_prob = model.log_prob(Sample({**sample.columns, "start_z": upstream}))
    assert log_prob[7] == -math.inf
    assert np.isfinite(np.delete(log_prob, 7)).all()


def test_a_gan_has_no_density() -> None:
    with pytest.raises(ConfigError, match="model family 'gan' has no density"):
        tiny_fit(None).model.log_prob(beam(10, 0))


def test_a_likelihood_that_is_not_finite_stops_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which batch; what was kept is from before it."""
    real = WeightedBatches.at

    def spoilt(self: WeightedBatches, step: int) -> torch.Tensor:
        batch = real(self, step).clone()
        if step == 12:
            batch[3, 1] = math.nan
        return batch

    monkeypatch.setattr(WeightedBatches, "at", spoilt)
    with pytest.raises(TrainingError, match="step 13: nll is nan"):
        run()
