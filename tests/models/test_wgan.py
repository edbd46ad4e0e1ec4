"""The Wasserstein GAN with gradient penalty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from muforge.models.wgan import WGANConfig, WGANModel
from tests.models.test_families import box

FLAT: dict[str, Any] = {"shape": "flat", "width": 16, "layers": 2}


def make(conditions: int = 0, **options: Any) -> WGANModel:
    torch.manual_seed(0)
    settings = {"generator": FLAT, "discriminator": FLAT, "latent_dimensions": 5, **options}
    return WGANModel(WGANConfig.model_validate(settings), 3, box(3, -np.inf, np.inf), conditions)


class Slope(nn.Module):
    """A critic of known gradient: each muon's columns times numbers, and steeply of the condition."""

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.slope = nn.Parameter(slope)

    def forward(self, rows: Tensor) -> Tensor:
        return rows[:, : len(self.slope)] @ self.slope[:, None] + 100 * rows[:, len(self.slope) :].sum(
            1, True
        )


def test_defaults_are_the_papers() -> None:
    config = WGANConfig()
    assert (config.optimiser, config.beta1, config.beta2) == ("adam", 0.0, 0.9)
    assert (config.penalty, config.critic_steps, config.learning_rate) == (10.0, 5, 1e-4)
    options = make().optimisers()["discriminator"].param_groups[0]
    assert options["betas"] == (0.0, 0.9)


def test_the_critic_has_neither_batch_norm_nor_dropout() -> None:
    assert [type(layer) for layer in make().discriminator.modules()][1:] == [
        *(nn.Linear, nn.LeakyReLU, nn.Linear, nn.LeakyReLU, nn.Linear)
    ]
    with pytest.raises(ValidationError, match=r"discriminator\.batch_norm: must be off"):
        make(discriminator={**FLAT, "batch_norm": True})


@pytest.mark.parametrize("conditions", [0, 1])
def test_loss_of_the_critic_equals_its_definition(conditions: int) -> None:
    model = make(conditions, penalty=7.0)
    model.discriminator = Slope(torch.tensor([3.0, 0.0, 4.0]))
    real = torch.randn(40, 3 + conditions)
    torch.manual_seed(3)
    loss, distance = model.loss_of_critic(real)
    torch.manual_seed(3)
    generated = model.generate(model.latents(40, like=real))
    expected = model.discriminator(real).mean() - model.discriminator(generated).mean()
    torch.testing.assert_close(distance, expected.detach())
    torch.testing.assert_close(loss, 7 * (5 - 1) ** 2 - expected)


def test_the_penalty_is_taken_between_real_and_generated_muons() -> None:
    model, seen = make(), []
    model.discriminator.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    real, generated = torch.zeros(200, 3), torch.ones(200, 3) * torch.arange(1.0, 4.0)
    model.unevenness(real, generated)
    share = seen[0] / generated
    torch.testing.assert_close(share, share[:, :1].expand_as(share))
    assert 0 <= share.min() < 0.05
    assert 0.95 < share.max() <= 1


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_each_update_of_the_critic_has_real_muons_of_its_own(
    critic_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, seen = make(critic_steps=critic_steps), []
    inner = model.loss_of_critic

    def spy(batch: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(batch)
        return inner(batch)

    monkeypatch.setattr(model, "loss_of_critic", spy)
    rows = torch.randn(model.rows_per_step(21), 3)
    assert len(rows) == 10 * critic_steps
    model.training_step(rows, model.optimisers())
    assert [len(batch) for batch in seen] == [10] * critic_steps
    assert torch.equal(torch.cat(seen), rows)


def test_the_estimate_of_the_distance_nears_the_distance() -> None:
    """Between a generator that stands still at zero and real muons at distance 0.8; the penalty lets it exceed it."""
    model = make(critic_steps=1, learning_rate=0.01)
    optimisers = model.optimisers()
    optimisers["generator"].param_groups[0]["lr"] = 0.0
    nn.init.zeros_(model.generator[-2].weight)  # type: ignore[index]
    real = 0.02 * torch.randn(64, 3) + torch.tensor([0.8, 0.0, 0.0])
    for _ in range(200):
        losses = model.training_step(real, optimisers)
    assert float(losses["wasserstein"]) == pytest.approx(0.8, abs=0.1)


def test_it_learns_a_narrow_distribution() -> None:
    model = make(learning_rate=0.005, critic_steps=2)
    optimisers = model.optimisers()
    target = torch.tensor([0.5, -1.5, 2.0])
    for _ in range(200):
        model.training_step(target + 0.1 * torch.randn(model.rows_per_step(64), 3), optimisers)
    with torch.no_grad():
        sampled = model.generator.eval()(torch.randn(500, 5))
    assert float((sampled.mean(0) - target).abs().max()) < 0.3
