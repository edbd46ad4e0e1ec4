"""What every GAN's networks see: latents, noise, conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from muforge import models
from muforge.models.adversarial import Adversarial, standing_still
from tests.models.test_families import GANS, TINY, box

CONDITIONS = 2


def conditional(name: str, dimensions: int = 4) -> Adversarial:
    torch.manual_seed(0)
    model = models.build(models.config_from(TINY[name]), dimensions, box(dimensions), CONDITIONS)
    assert isinstance(model, Adversarial)
    return model


def rows(n: int, dimensions: int = 4) -> Tensor:
    """Muons whose conditions are the number of their row and minus that."""
    number = torch.arange(n, dtype=torch.float32)[:, None]
    return torch.cat([torch.rand(n, dimensions), number, -number], dim=1)


def first_layer(network: nn.Module) -> nn.Linear:
    return next(layer for layer in network.modules() if isinstance(layer, nn.Linear))


@pytest.mark.parametrize("name", GANS)
def test_both_networks_see_conditions(name: str) -> None:
    model = conditional(name)
    made_of = TINY[name]["latent_dimensions"] + (6 if name == "infogan" else 0)
    assert first_layer(model.generator).in_features == made_of + CONDITIONS
    assert first_layer(model.discriminator).in_features == 4 + CONDITIONS


def test_latents_take_the_conditions_of_the_batch_over_again() -> None:
    model, batch = conditional("gan"), rows(3)
    latents = model.latents(6, like=batch)
    assert latents.shape == (6, 7 + CONDITIONS)
    assert torch.equal(latents[:, 7:], batch[:, 4:].repeat(2, 1))
    assert torch.equal(model.latents(3, like=batch)[:, 7:], batch[:, 4:])
    assert not torch.equal(latents[:3, :7], latents[3:, :7])


def test_noise_moves_muons_and_not_their_conditions() -> None:
    model, batch = conditional("gan"), rows(50)
    moved = model.smeared(batch) - batch
    assert moved[:, :4].abs().min() > 0
    assert not moved[:, 4:].any()


def test_generated_muons_have_the_conditions_that_they_were_made_of() -> None:
    model, batch = conditional("gan"), rows(5)
    latents = model.latents(5, like=batch)
    generated = model.generate(latents)
    with torch.no_grad():
        assert torch.equal(generated[:, :4], model.generator.eval()(latents))
    assert torch.equal(generated[:, 4:], batch[:, 4:])


@pytest.mark.parametrize("name", GANS)
def test_in_a_step_every_muon_has_a_condition_of_the_batch(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D is never shown a generated muon beside another's condition or none, nor G other conditions."""
    model = conditional(name)
    batch = rows(model.rows_per_step(20))
    shown: list[Tensor] = []
    for network in (model.generator, model.discriminator):
        first_layer(network).register_forward_pre_hook(lambda _, given: shown.append(given[0].detach()))
    model.training_step(batch, model.optimisers())
    known = {tuple(row) for row in batch[:, 4:].tolist()}
    for given in shown:
        assert {tuple(row) for row in given[:, -CONDITIONS:].tolist()} <= known
        assert len(given) % 10 == 0
    assert any(len(given) == 20 for given in shown)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gan", {"learning_rate": 0.003}),
        ("gan", {"learning_rate": 0.003, "feature_matching": True}),
        ("wgan", {"learning_rate": 0.005, "critic_steps": 2}),
    ],
)
def test_it_learns_what_a_condition_means(name: str, options: dict[str, Any]) -> None:
    """Columns are at +0.5 or -0.5 as the condition says."""
    flat = {"shape": "flat", "width": 24, "layers": 2}
    settings = {
        "latent_dimensions": 3,
        "generator": flat,
        "discriminator": {**flat, "dropout": 0.0},
        **options,
    }
    torch.manual_seed(0)
    model = models.build(models.config_from({"family": name, **settings}), 2, box(2), 1)
    optimisers = model.optimisers()

    def batch() -> Tensor:
        condition = torch.randint(2, (model.rows_per_step(100), 1)) * 2.0 - 1
        return torch.cat([condition / 2 + 0.1 * torch.randn(len(condition), 2), condition], dim=1)

    for _ in range(200):
        model.training_step(batch(), optimisers)
    for condition in (-1.0, 1.0):
        latents = torch.cat([torch.randn(500, 3), torch.full((500, 1), condition)], dim=1)
        with torch.no_grad():
            mean = model.sampler.eval()(latents).mean(dim=0).numpy()
        np.testing.assert_allclose(mean, condition / 2, atol=0.2)


def test_what_stands_still_learns_again_afterwards() -> None:
    network = nn.Linear(2, 2)
    with standing_still(network):
        assert not any(each.requires_grad for each in network.parameters())
    assert all(each.requires_grad for each in network.parameters())
    with pytest.raises(RuntimeError, match="stop"), standing_still(network):
        raise RuntimeError("stop")
    assert all(each.requires_grad for each in network.parameters())
