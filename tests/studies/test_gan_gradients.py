"""What reaches the generator of a GAN, by hand and from a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from muforge.errors import TrainingError
from muforge.models.gan import GANConfig, GANModel
from muforge.representation.minmax import SYMMETRIC
from muforge.studies.gan_gradients import discriminator_alone, generator_gradients, gradients_of_run
from muforge.training.batches import Rows
from tests.training.runs import tiny_config, tiny_fit

FLAT: dict[str, Any] = {"shape": "flat", "width": 8, "layers": 1}


def shifted(by: float) -> GANModel:
    """A GAN whose discriminator adds a number to every logit."""
    torch.manual_seed(0)
    bounds = (np.full(2, SYMMETRIC[0], np.float32), np.full(2, SYMMETRIC[1], np.float32))
    config = GANConfig.model_validate(
        {"latent_dimensions": 3, "generator": FLAT, "discriminator": {**FLAT, "dropout": 0.0}}
    )
    model = GANModel(config, 2, bounds)
    last = model.discriminator[-1]
    assert isinstance(last, nn.Linear)
    last.bias.data += by
    return model


def test_a_perfect_discriminator_leaves_no_gradient_of_the_minimax_loss_alone() -> None:
    """d/dl log(1 - D) = -D and d/dl -log D = D - 1: of D = 1/2 they are alike, of D = e^-20 one is nothing."""
    latents = torch.randn(200, 3, generator=torch.Generator().manual_seed(1))
    even, perfect = (generator_gradients(shifted(by), latents) for by in (0.0, -20.0))
    assert even.minimax == pytest.approx(even.note, rel=0.5)
    assert perfect.minimax < 1e-7 * even.minimax
    assert perfect.note == pytest.approx(2 * even.note, rel=0.5)


def test_the_discriminator_can_learn_afterwards() -> None:
    model = shifted(0.0)
    generator_gradients(model, torch.randn(10, 3))
    assert all(each.requires_grad for each in model.discriminator.parameters())


def test_a_discriminator_that_learns_alone_wins() -> None:
    rng = np.random.default_rng(0)
    narrow = rng.uniform(0.5, 0.6, (500, 2)).astype(np.float32)
    batches = Rows(narrow, np.ones(500)).batches(32, seed=0, category=1, device=torch.device("cpu"))
    model = shifted(0.0)
    quiet = model.config.model_copy(
        update={
            "label_noise_on": "none",
            "data_noise": 0.0,
            "learning_rate": 0.01,
            "generator": model.config.generator.model_copy(update={"batch_norm": False}),
        }
    )
    box = np.full(2, -1, np.float32), np.full(2, 1, np.float32)
    found, again = (discriminator_alone(quiet, batches, box, seed=3) for _ in range(2))
    assert found == again
    assert min(found.right) > 0.95
    assert found.before.note == pytest.approx(found.before.minimax, rel=0.5)
    assert found.after.note > 20 * found.after.minimax


def test_of_a_run(tmp_path: Path) -> None:
    tiny_fit(tmp_path / "run")
    state = torch.get_rng_state()
    found, again = (gradients_of_run(tmp_path / "run") for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert found == again
    assert found is not None
    assert found.minimax > 0
    assert found.note > 0


def test_a_critic_has_no_labels(tmp_path: Path) -> None:
    flat = {"shape": "flat", "width": 8, "layers": 1}
    model = {"family": "wgan", "latent_dimensions": 4, "generator": flat, "discriminator": flat}
    tiny_fit(tmp_path / "run", tiny_config(model, steps=4, monitor_every=0))
    assert gradients_of_run(tmp_path / "run") is None


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        gradients_of_run(tmp_path)
