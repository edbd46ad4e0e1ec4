"""Every family in the registry does what the training loop and the samplers need."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from muforge import models
from muforge.errors import ConfigError
from muforge.models.protocol import Bounds, Model, ModelConfig, gaussian_latent

TINY: dict[str, dict[str, Any]] = {
    "gan": {
        "latent_dimensions": 7,
        "generator": {"shape": "flat", "width": 12, "layers": 2},
        "discriminator": {"shape": "flat", "width": 12, "layers": 2, "batch_norm": True, "dropout": 0.1},
    },
}
"""A small network of each family. A new family adds a line here."""

every_family = pytest.mark.parametrize("name", models.FAMILIES)
BATCH_SIZE = 20


def tiny_config(name: str) -> ModelConfig:
    return models.config_from({"family": name, **TINY[name]})


def box(dimensions: int, low: float = -1.0, high: float = 1.0) -> Bounds:
    return np.full(dimensions, low, np.float32), np.full(dimensions, high, np.float32)


def build(name: str, dimensions: int = 6, bounds: Bounds | None = None, seed: int = 0) -> Model:
    torch.manual_seed(seed)
    return models.build(tiny_config(name), dimensions, bounds or box(dimensions))


def batch(model: Model, seed: int = 0) -> Tensor:
    rows = model.rows_per_step(BATCH_SIZE)
    values = np.random.default_rng(seed).uniform(-1, 1, (rows, model.dimensions))
    return torch.from_numpy(values.astype(np.float32))


def train(model: Model, steps: int) -> list[dict[str, float]]:
    optimisers = model.optimisers()
    return [
        {name: float(loss) for name, loss in model.training_step(batch(model, step), optimisers).items()}
        for step in range(steps)
    ]


def draw(model: Model, n: int = 500) -> Tensor:
    with torch.inference_mode():
        sampled: Tensor = model.sampler.eval()(
            gaussian_latent(n, model.latent_dimensions, np.random.default_rng(0))
        )
    return sampled


@every_family
@pytest.mark.parametrize("dimensions", [4, 6])
def test_shapes(name: str, dimensions: int) -> None:
    model = build(name, dimensions)
    latent = gaussian_latent(11, model.latent_dimensions, np.random.default_rng(0))
    assert latent.shape == (11, model.latent_dimensions)
    assert latent.dtype == torch.float32
    assert draw(model, 11).shape == (11, dimensions) == (11, model.dimensions)


@every_family
def test_a_step_moves_every_parameter(name: str) -> None:
    model = build(name)
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    losses = train(model, 2)
    assert all(np.isfinite(value) for row in losses for value in row.values())
    for key, value in model.named_parameters():
        assert value.requires_grad, key
        assert value.grad is not None, key
        assert not torch.equal(value, before[key]), key


@every_family
def test_losses_are_detached_scalars(name: str) -> None:
    model = build(name)
    for loss in model.training_step(batch(model), model.optimisers()).values():
        assert loss.shape == ()
        assert not loss.requires_grad


@every_family
@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (-1.25, 0.75)])
def test_samples_lie_in_the_box_even_for_extreme_latents(name: str, low: float, high: float) -> None:
    bounds = box(6, low, high)
    model = build(name, bounds=bounds)
    train(model, 3)
    rng = np.random.default_rng(0)
    latent = gaussian_latent(2000, model.latent_dimensions, rng) * torch.logspace(0, 6, 2000)[:, None]
    with torch.inference_mode():
        sampled = model.sampler.eval()(latent).numpy()
    assert np.isfinite(sampled).all()
    assert (sampled >= bounds[0]).all()
    assert (sampled <= bounds[1]).all()
    assert sampled.min() == np.float32(low)
    assert sampled.max() == np.float32(high)


@every_family
def test_the_sampler_is_all_that_sampling_needs(name: str) -> None:
    model = build(name)
    train(model, 3)
    sampler = models.build_sampler(tiny_config(name), 6, box(6))
    sampler.load_state_dict(model.sampler.state_dict())
    latent = gaussian_latent(50, model.latent_dimensions, np.random.default_rng(3))
    with torch.inference_mode():
        assert torch.equal(sampler.eval()(latent), model.sampler.eval()(latent))


@every_family
def test_state_restores_model_and_optimisers(name: str) -> None:
    one = build(name, seed=1)
    optimisers = one.optimisers()
    one.training_step(batch(one), optimisers)
    two = build(name, seed=2)
    two.load_state_dict(one.state_dict())
    others = two.optimisers()
    for key, optimiser in others.items():
        optimiser.load_state_dict(copy.deepcopy(optimisers[key].state_dict()))
    for model, own in ((one, optimisers), (two, others)):
        torch.manual_seed(9)
        model.training_step(batch(model, 1), own)
    for key, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[key]), key


@every_family
def test_the_seed_decides_everything(name: str) -> None:
    def trained(seed: int) -> Tensor:
        model = build(name, seed=seed)
        train(model, 3)
        return draw(model)

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


@every_family
def test_fewer_latents_are_a_prefix_of_more(name: str) -> None:
    model = build(name)
    few, many = (gaussian_latent(n, model.latent_dimensions, np.random.default_rng(5)) for n in (3, 30))
    assert torch.equal(few, many[:3])
    assert not torch.equal(few, gaussian_latent(3, model.latent_dimensions, np.random.default_rng(6)))


@every_family
def test_configuration_survives_json(name: str) -> None:
    config = tiny_config(name)
    again = models.config_from(config.model_dump(mode="json"))
    assert again == config
    assert type(again) is type(config)


def test_every_family_has_a_tiny_network() -> None:
    assert set(TINY) == set(models.FAMILIES)


def test_unknown_family_is_named() -> None:
    with pytest.raises(ConfigError, match="model family 'flowgan': unknown; known are gan"):
        models.config_from({"family": "flowgan"})
    with pytest.raises(ConfigError, match="family: missing"):
        models.config_from({})


def test_configuration_of_another_family_is_refused() -> None:
    with pytest.raises(TypeError, match="family 'other'"):
        models.family("gan").build(ModelConfig(family="other", latent_dimensions=3), 4, box(4))
