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

SPLINES = {"width": 8, "depth": 2, "bins": 5, "knots": 6, "knots_others": 3}
FLAT = {"shape": "flat", "width": 12, "layers": 2}
TINY: dict[str, dict[str, Any]] = {
    "gan": {
        "family": "gan",
        "latent_dimensions": 7,
        "generator": {"shape": "flat", "width": 12, "layers": 2},
        "discriminator": {"shape": "flat", "width": 12, "layers": 2, "batch_norm": True, "dropout": 0.1},
    },
    "regularised gan": {
        "family": "gan",
        "latent_dimensions": 7,
        "r1": 0.5,
        "diagnostics": True,
        "generator": FLAT,
        "discriminator": {**FLAT, "spectral_norm": True, "minibatch_kernels": 3, "minibatch_dimensions": 2},
    },
    "feature matching gan": {
        "family": "gan",
        "latent_dimensions": 7,
        "feature_matching": True,
        "generator": FLAT,
        "discriminator": FLAT,
    },
    "wgan": {
        "family": "wgan",
        "latent_dimensions": 7,
        "critic_steps": 2,
        "diagnostics": True,
        "generator": FLAT,
        "discriminator": FLAT,
    },
    "unrolled gan": {
        "family": "unrolled_gan",
        "latent_dimensions": 7,
        "unrolled_steps": 2,
        "diagnostics": True,
        "generator": FLAT,
        "discriminator": {**FLAT, "batch_norm": True, "spectral_norm": True},
    },
    "infogan": {
        "family": "infogan",
        "latent_dimensions": 5,
        "categorical": [3, 2],
        "continuous": 1,
        "nodes_q": 6,
        "diagnostics": True,
        "generator": FLAT,
        "discriminator": FLAT,
    },
    "vae": {"family": "vae", "latent_dimensions": 3, "nodes_encoder": 8, "nodes_decoder": 8},
    "gaussian vae": {
        "family": "vae",
        "likelihood": "gaussian",
        "latent_dimensions": 3,
        "nodes_encoder": 8,
        "nodes_decoder": 8,
        "batch_norm": True,
        "dropout": 0.1,
        "beta_warm_up": 3,
    },
    "autoregressive flow": {"family": "flow", **SPLINES},
    "coupling flow": {"family": "flow", "transform": "coupling", **SPLINES},
    "flow matching": {"family": "flow_matching", "width": 8, "midpoint_steps": 3},
    "mixture": {"family": "mixture", "components": 3},
    "refined": {"family": "refined", "width": 8, "knots": 4, "base": {"family": "mixture", "components": 3}},
    "student": {"family": "student", "width": 8, "knots": 6, "latent_dimensions": 7},
}
"""A small network of each kind. A new family adds a line here."""

GANS = ("gan", "regularised gan", "feature matching gan", "wgan", "unrolled gan", "infogan")
BOXES = {**dict.fromkeys(GANS, (-1.0, 1.0)), "vae": (0.0, 1.0), "gaussian vae": (-np.inf, np.inf)}
"""The box that is the network space of a kind that can stay in one; that of the others is unbounded."""

DENSITIES = ("autoregressive flow", "coupling flow", "mixture")
"""Kinds with a density."""

every_family = pytest.mark.parametrize("name", TINY)
BATCH_SIZE = 20


def tiny_config(name: str) -> ModelConfig:
    return models.config_from(TINY[name])


def box(dimensions: int, low: float = -1.0, high: float = 1.0) -> Bounds:
    return np.full(dimensions, low, np.float32), np.full(dimensions, high, np.float32)


def space(name: str, dimensions: int) -> Bounds:
    return box(dimensions, *BOXES.get(name, (-np.inf, np.inf)))


def build(
    name: str, dimensions: int = 6, bounds: Bounds | None = None, seed: int = 0, conditions: int = 0
) -> Model:
    torch.manual_seed(seed)
    return models.build(tiny_config(name), dimensions, bounds or space(name, dimensions), conditions)


def batch(model: Model, seed: int = 0) -> Tensor:
    rows = model.rows_per_step(BATCH_SIZE)
    columns = model.dimensions + model.conditions
    columns += model.latent_dimensions if model.config.family == "student" else 0
    low = 0 if model.config.family == "vae" else -1
    values = np.random.default_rng(seed).uniform(low, 1, (rows, columns))
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
            gaussian_latent(n, model.latent_dimensions + model.conditions, np.random.default_rng(0))
        )
    return sampled


with_and_without_conditions = pytest.mark.parametrize("conditions", [0, 2])


@every_family
@pytest.mark.parametrize("dimensions", [4, 6])
def test_shapes(name: str, dimensions: int) -> None:
    model = build(name, dimensions)
    latent = gaussian_latent(11, model.latent_dimensions, np.random.default_rng(0))
    assert latent.shape == (11, model.latent_dimensions)
    assert latent.dtype == torch.float32
    assert draw(model, 11).shape == (11, dimensions) == (11, model.dimensions)


@every_family
@with_and_without_conditions
def test_a_step_moves_every_parameter(name: str, conditions: int) -> None:
    model = build(name, conditions=conditions)
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    losses = train(model, 2)
    assert all(np.isfinite(value) for row in losses for value in row.values())
    for key, value in model.named_parameters():
        if key.startswith("sampler.base."):
            assert torch.equal(value, before[key]), key
            continue
        assert value.requires_grad, key
        assert value.grad is not None, key
        assert not torch.equal(value, before[key]), key


@every_family
def test_losses_are_detached_scalars(name: str) -> None:
    model = build(name)
    for loss in model.training_step(batch(model), model.optimisers()).values():
        assert loss.shape == ()
        assert not loss.requires_grad


@pytest.mark.parametrize(
    ("name", "low", "high"), [("gan", -1.0, 1.0), ("gan", 0.0, 1.0), ("gan", -1.25, 0.75), ("vae", 0.0, 1.0)]
)
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
@with_and_without_conditions
def test_the_sampler_is_all_that_sampling_needs(name: str, conditions: int) -> None:
    model = build(name, conditions=conditions)
    train(model, 3)
    sampler = models.build_sampler(tiny_config(name), 6, space(name, 6), conditions)
    sampler.load_state_dict(model.sampler.state_dict())
    latent = gaussian_latent(50, model.latent_dimensions + conditions, np.random.default_rng(3))
    with torch.inference_mode():
        assert torch.equal(sampler.eval()(latent), model.sampler.eval()(latent))


@every_family
@with_and_without_conditions
def test_state_restores_model_and_optimisers(name: str, conditions: int) -> None:
    one = build(name, seed=1, conditions=conditions)
    optimisers = one.optimisers()
    one.training_step(batch(one), optimisers)
    two = build(name, seed=2, conditions=conditions)
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
def test_the_condition_decides_what_is_made(name: str) -> None:
    """With other weights than those it starts with, some of which are zero."""
    model = build(name, conditions=2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    assert draw(model, 11).shape == (11, 6)
    latent = gaussian_latent(300, model.latent_dimensions, np.random.default_rng(0))
    with torch.inference_mode():
        one, other = (
            model.sampler.eval()(torch.cat([latent, torch.full((300, 2), value)], dim=1))
            for value in (0.0, 1.0)
        )
    assert not torch.allclose(one, other, atol=1e-6)


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
    assert {options["family"] for options in TINY.values()} == set(models.FAMILIES)


def test_unknown_family_is_named() -> None:
    with pytest.raises(ConfigError, match="model family 'flowgan': unknown; known are gan, vae, flow"):
        models.config_from({"family": "flowgan"})
    with pytest.raises(ConfigError, match="family: missing"):
        models.config_from({})


def test_configuration_of_another_family_is_refused() -> None:
    for name, options in TINY.items():
        with pytest.raises(TypeError, match="family 'other'"):
            models.family(options["family"]).build(ModelConfig(family="other"), 4, space(name, 4))


@pytest.mark.parametrize("name", [name for name in TINY if name not in BOXES])
def test_a_box_is_refused_by_what_cannot_stay_in_it(name: str) -> None:
    with pytest.raises(ConfigError, match="needs normal scores, which representation"):
        build(name, bounds=box(6))


def perturbed(name: str, dimensions: int) -> Model:
    """A model in float64 whose parameters are not those that it starts with."""
    model = build(name, dimensions).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("name", DENSITIES)
def test_densities_are_normalised(name: str) -> None:
    """On a grid that holds all but a millionth of the probability."""
    model: Any = perturbed(name, 2)
    at = torch.linspace(-9, 9, 600, dtype=torch.float64)
    grid = torch.cartesian_prod(at, at)
    with torch.no_grad():
        total = model.sampler.log_prob(grid).exp().sum() * (at[1] - at[0]) ** 2
    assert float(total) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("name", DENSITIES)
def test_samples_have_the_density_of_the_model(name: str) -> None:
    """The mean of log p over samples is minus the entropy that a grid gives."""
    model: Any = perturbed(name, 2)
    at = torch.linspace(-9, 9, 600, dtype=torch.float64)
    with torch.no_grad():
        log_p = model.sampler.log_prob(torch.cartesian_prod(at, at))
        expected = float((log_p.exp() * log_p).sum() * (at[1] - at[0]) ** 2)
        found = model.sampler.log_prob(
            model.sampler(torch.randn(40_000, model.latent_dimensions, dtype=torch.float64))
        )
    assert float(found.mean()) == pytest.approx(expected, abs=5 * float(found.std()) / 200)


@pytest.mark.parametrize("name", ["autoregressive flow", "coupling flow"])
@pytest.mark.parametrize("dimensions", [2, 3, 5])
def test_flows_invert_and_know_their_jacobian(name: str, dimensions: int) -> None:
    model: Any = perturbed(name, dimensions)
    x = 3 * torch.randn(200, dimensions, dtype=torch.float64)
    u, log_determinant = model.sampler.inverse(x)
    torch.testing.assert_close(model.sampler(u), x, atol=1e-7, rtol=0)
    for row in range(5):
        jacobian = torch.autograd.functional.jacobian(  # type: ignore[no-untyped-call]
            lambda at: model.sampler.inverse(at[None])[0][0], x[row]
        )
        expected = torch.linalg.slogdet(jacobian)[1]
        torch.testing.assert_close(log_determinant[row], expected, atol=1e-8, rtol=0)


@pytest.mark.parametrize("name", ["autoregressive flow", "coupling flow"])
def test_a_fresh_flow_is_the_identity(name: str) -> None:
    model: Any = build(name, 4)
    u = torch.randn(50, 4)
    torch.testing.assert_close(model.sampler(u), u)
