"""A model refined by a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from muforge.errors import ConfigError
from muforge.judge.quantities import values
from muforge.models.refine import Refined, RefinedConfig
from muforge.sample import Sample
from muforge.training.config import RunConfig
from muforge.training.directory import load_model
from muforge.training.run import fit
from tests.judge.beam import beam

CATEGORY = 2
BASE = {"family": "mixture", "components": 1}
TRAINING = {"batch_size": 512, "monitor_every": 0, "judge_size": 300, "plots": False, "ema_decay": 0.9}
CONFIG: dict[str, Any] = {
    "model": {"family": "refined", "base": BASE, "width": 16, "knots": 16, "candidates": 8},
    "representation": {"kind": "physics"},
    "training": {**TRAINING, "steps": 300, "schedule": "cosine"},
    "teacher": {"model": BASE, "training": {**TRAINING, "steps": 1}},
}


def test_what_the_base_lacks_is_made_up_for(tmp_path: Path) -> None:
    """A Gaussian of a single step knows nothing of how p and pT go together; the classifier sees that."""
    muons = [beam(rows, seed, category=CATEGORY) for seed, rows in enumerate((6000, 1500, 500))]
    result = fit(muons[0], muons[1], muons[2], CATEGORY, RunConfig.from_mapping(CONFIG), tmp_path / "run")
    base = load_model(tmp_path / "run/teacher/checkpoints/best.safetensors")

    def dependence(sample: Sample) -> float:
        p, pt = (values(sample, name) for name in ("p", "pt"))
        return float(spearmanr(p, pt).statistic)

    real, plain, refined = (
        dependence(each)
        for each in (beam(20_000, 9, category=CATEGORY), base.sample(20_000), result.model.sample(20_000))
    )
    assert real - plain > 0.3
    assert abs(refined - real) < abs(plain - real) / 2


def test_candidates_are_chosen_by_their_weights() -> None:
    config = RefinedConfig.model_validate({"base": BASE, "candidates": 32, "width": 4, "knots": 2})
    bounds = np.full(2, -np.inf, np.float32), np.full(2, np.inf, np.float32)
    torch.manual_seed(0)
    refined = Refined(config, 2, bounds)
    with torch.no_grad():
        refined.base.means.zero_()  # type: ignore[operator]
        refined.log_weight = lambda x: 0.5 * x[:, 0]  # type: ignore[method-assign]
        made = refined(torch.randn(20_000, config.latents(2)))
    assert float(made[:, 0].mean()) == pytest.approx(0.5, abs=0.05)
    assert float(made[:, 1].mean()) == pytest.approx(0, abs=0.03)


def test_the_base_is_the_teacher() -> None:
    other = {**CONFIG, "teacher": {**CONFIG["teacher"], "model": {**BASE, "components": 2}}}
    with pytest.raises(ConfigError, match=r"model\.base: must be the teacher's model"):
        RunConfig.from_mapping(other)
    with pytest.raises(ConfigError, match="families student and refined need options under 'teacher'"):
        RunConfig.from_mapping({**CONFIG, "teacher": None})
