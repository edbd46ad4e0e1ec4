"""Verdicts on trainings: from rows by hand, and from networks that are made to fail or left to learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from muforge.errors import TrainingError
from muforge.judge.modes import Modes
from muforge.models.adversarial import G
from muforge.models.gan import GANConfig, GANModel
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import Sample, features
from muforge.trained import TrainedModel
from muforge.training.health import COLLAPSED, LAST, PERFECT, health
from tests.muons import make_sample

HEALTHY = {"coverage": 0.95, "null_coverage": 1.0}
TOLD = {"d_accuracy_real": 0.6, "d_accuracy_generated": 0.5, "g_gradient_norm": 2.0}
FLAT: dict[str, Any] = {"shape": "flat", "width": 32, "layers": 2}
CATEGORY = 1

FAR = 1.0
"""Added to what a generator that never learns gives, before its tanh: away from all real muons."""

ROWS = LAST + 1


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({}, "healthy"),
        (TOLD, "healthy"),
        ({"coverage": COLLAPSED - 0.01}, "collapsed"),
        ({"coverage": COLLAPSED + 0.01}, "healthy"),
        ({"coverage": 0.3, "null_coverage": 0.8}, "healthy"),
        (TOLD | {"coverage": 0.1}, "collapsed"),
        (TOLD | {"d_accuracy_real": 1.0}, "healthy"),
        (TOLD | {"d_accuracy_real": PERFECT - 0.001, "d_accuracy_generated": 1.0}, "healthy"),
        (TOLD | {"d_accuracy_real": PERFECT + 0.001, "d_accuracy_generated": 1.0}, "vanishing gradient"),
        (TOLD | {"d_accuracy_real": 1, "d_accuracy_generated": 1, "coverage": 0}, "vanishing gradient"),
    ],
)
def test_verdicts(row: dict[str, float], verdict: str) -> None:
    assert health([HEALTHY | row] * LAST).verdict == verdict


def test_only_the_last_rows_count() -> None:
    lost = HEALTHY | {"coverage": 0.0}
    assert health([lost, *[HEALTHY] * LAST]).verdict == "healthy"
    assert health([HEALTHY, *[lost] * LAST]).verdict == "collapsed"
    assert health([lost]).verdict == "collapsed"


def test_the_line_says_why() -> None:
    first, last = (HEALTHY | TOLD | {"g_gradient_norm": norm} for norm in (4.0, 0.01))
    assert (
        str(health([first, last]))
        == "healthy: generated muons are where 95% of the real ones are (null: 100%)"
    )
    perfect = {"d_accuracy_real": 1.0, "d_accuracy_generated": 0.995}
    assert str(health([first | perfect, last | perfect])) == (
        "vanishing gradient: the discriminator tells 100.0% of real and 99.5% of generated muons right, the "
        "generator's gradient went from 4 to 0.01; generated muons are where 95% of the real ones are (null: 100%)"
    )


def test_histories_that_say_nothing() -> None:
    with pytest.raises(TrainingError, match="no rows"):
        health([])
    with pytest.raises(TrainingError, match="no coverage: it was written by an older version"):
        health([{"step": 1}])


def trained(options: dict[str, Any], steps: int, *, frozen: bool = False) -> list[dict[str, float]]:
    """Rows of a GAN of made-up muons; a frozen one's generator stands still, far from them."""
    real, null = (unweighted(seed) for seed in (0, 1))
    representation = Representation.fit(real, features(CATEGORY), NoteRepresentationConfig())
    vectors = torch.from_numpy(representation.encode(real))
    config = GANConfig.model_validate(
        {"latent_dimensions": 8, "learning_rate": 0.001, "generator": FLAT, "diagnostics": True, **options}
    )
    modes = Modes.fit(real, null.n_eff)
    torch.manual_seed(0)
    model = GANModel(config, representation.learned, representation.bounds)
    optimisers = model.optimisers()
    if frozen:
        optimisers[G].param_groups[0]["lr"] = 0.0
        assert isinstance(model.sampler, nn.Sequential)
        output = model.sampler[-2]
        assert isinstance(output, nn.Linear)
        output.bias.data += FAR
    rows = []
    for _ in range(ROWS):
        told = [
            model.training_step(vectors[torch.randint(len(vectors), (50,))], optimisers)
            for _ in range(steps // ROWS)
        ]
        generated = TrainedModel(CATEGORY, config, representation, model.sampler).sample(len(null))
        model.sampler.train().requires_grad_(True)
        rows.append(
            {name: float(np.mean([each[name] for each in told])) for name in told[0]}
            | {"coverage": modes.coverage(generated), "null_coverage": modes.coverage(null)}
        )
    return rows


def unweighted(seed: int) -> Sample:
    """So that there are enough cells."""
    sample = make_sample(12_000, category=CATEGORY, seed=seed)
    return Sample(sample.columns | {"weight": np.ones(len(sample))})


SHARP = {**FLAT, "dropout": 0.0}


def test_a_healthy_training_is_left_alone() -> None:
    assert health(trained({"discriminator": {**FLAT, "dropout": 0.1}}, 600)).verdict == "healthy"


def test_a_planted_collapse_is_caught() -> None:
    """All muons of one latent lie on a line."""
    rows = trained({"discriminator": SHARP, "latent_dimensions": 1}, 600)
    assert health(rows).verdict == "collapsed"


def test_a_planted_vanishing_gradient_is_caught() -> None:
    """A discriminator is trained to perfection against a generator that never learnt."""
    sharp = {"discriminator": SHARP, "label_noise": 0.0, "label_noise_on": "none"}
    assert health(trained(sharp, 400, frozen=True)).verdict == "vanishing gradient"
