"""The note's GAN: architecture, losses, label and data noise, and who learns when."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from muforge.models.dense import Dropout
from muforge.models.gan import (
    DiscriminatorConfig,
    GANConfig,
    GANModel,
    GeneratorConfig,
    discriminator_loss,
    generator_loss,
)
from muforge.models.optimisers import descend
from muforge.models.precision import fast_precision
from tests.models.test_families import box

SMALL: dict[str, Any] = {"shape": "flat", "width": 16, "layers": 2}


def make(**options: Any) -> GANModel:
    torch.manual_seed(0)
    settings = {"generator": SMALL, "discriminator": SMALL, "latent_dimensions": 5, **options}
    return GANModel(GANConfig.model_validate(settings), 6, box(6))


def linear_widths(network: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def real(n: int = 50) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (n, 6)).astype(np.float32))


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_defaults_are_the_notes() -> None:
    config = GANConfig()
    assert config.latent_dimensions == 100
    assert config.learning_rate == 0.0002
    assert config.optimiser == "amsgrad"
    assert config.beta1 == 0.5
    assert (config.label_noise, config.label_noise_on, config.data_noise) == (0.3, "both", 0.001)
    assert config.generator.widths == config.discriminator.widths == (256, 512, 1024)
    assert config.generator.batch_norm
    assert config.generator.batch_norm_momentum == 0.8
    assert config.discriminator.dropout == 0.25


@pytest.mark.parametrize(
    ("options", "widths"),
    [
        ({"layers": 1}, [256]),
        ({"layers": 4}, [256, 512, 1024, 2048]),
        ({"layers": 2, "node_factor": 6}, [1536, 3072]),
        ({"layers": 2, "node_factor": 0.125}, [32, 64]),
        ({"layers": 5, "shape": "flat", "width": 33}, [33] * 5),
    ],
)
def test_widths_follow_layers_and_node_factor(options: dict[str, Any], widths: list[int]) -> None:
    model = make(generator=options, discriminator=options)
    ends = list(itertools.pairwise(widths))
    assert linear_widths(model.generator) == [(5, widths[0]), *ends, (widths[-1], 6)]
    assert linear_widths(model.discriminator) == [(6, widths[0]), *ends, (widths[-1], 1)]


def test_options_of_one_network_keep_the_others_and_its_own_defaults() -> None:
    config = GANConfig.model_validate({"generator": {"layers": 2}})
    assert config.generator.batch_norm
    assert config.discriminator == DiscriminatorConfig()


@pytest.mark.parametrize(
    "options",
    [
        {"generator": {"layers": 5}},
        {"generator": {"node_factor": 0.001}},
        {"discriminator": {"dropout": 1.0}},
        {"optimiser": "sgd"},
        {"learning_rate": 0},
        {"label_noise_on": "negative"},
        {"latent_size": 3},
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"layers|node_factor|dropout|optimiser|learning|label|latent"):
        GANConfig.model_validate(options)


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_order_of_a_hidden_layer(network: str) -> None:
    everything = {**SMALL, "layers": 1, "batch_norm": True, "dropout": 0.4, "batch_norm_momentum": 0.8}
    model = make(**{network: everything})
    layers = list(getattr(model, network))
    assert [type(layer) for layer in layers[:4]] == [nn.Linear, nn.LeakyReLU, nn.BatchNorm1d, Dropout]
    assert layers[1].negative_slope == 0.2
    assert layers[2].momentum == pytest.approx(0.2)
    assert layers[2].eps == 1e-3
    assert layers[3].share == 0.4
    bare = make(**{network: {**SMALL, "layers": 1, "batch_norm": False, "dropout": 0}})
    assert [type(layer) for layer in list(getattr(bare, network))[:3]][1:] != [nn.LeakyReLU, nn.BatchNorm1d]
    assert not any(isinstance(m, nn.BatchNorm1d | Dropout) for m in getattr(bare, network).modules())


def test_initial_weights_are_glorot_uniform_with_zero_biases() -> None:
    model = make(generator={"shape": "flat", "width": 300, "layers": 2})
    second = [m for m in model.generator.modules() if isinstance(m, nn.Linear)][1]
    limit = (6 / (300 + 300)) ** 0.5
    values = second.weight.detach().numpy()
    assert np.abs(values).max() <= limit
    assert values.std() == pytest.approx(limit / 3**0.5, rel=0.01)
    assert not second.bias.detach().any()


def test_losses_equal_their_definitions() -> None:
    logit = torch.tensor([[-3.0], [0.0], [2.5]], dtype=torch.float64)
    target = torch.tensor([[1.4], [0.9], [-0.2]], dtype=torch.float64)
    p = torch.sigmoid(logit)
    direct = -(target * torch.log(p) + (1 - target) * torch.log(1 - p)).mean()
    torch.testing.assert_close(discriminator_loss(logit, target), direct)
    torch.testing.assert_close(generator_loss(logit), (-torch.log(p)).mean())


def test_losses_are_stable_where_the_sigmoid_saturates() -> None:
    logit = torch.tensor([[-200.0], [200.0]])
    assert float(generator_loss(logit)) == pytest.approx(100)
    assert float(discriminator_loss(logit, torch.tensor([[1.0], [0.0]]))) == pytest.approx(200)


@pytest.mark.parametrize(("on", "noisy"), [("both", (1, 1)), ("positive", (1, 0)), ("none", (0, 0))])
def test_label_noise(on: str, noisy: tuple[int, int]) -> None:
    model = make(label_noise=0.3, label_noise_on=on)
    for label, has_noise in zip((1.0, 0.0), noisy, strict=True):
        targets = model.targets(20_000, label, like=real()).numpy()
        assert targets.shape == (20_000, 1)
        assert targets.mean() == pytest.approx(label, abs=0.01)
        assert targets.std() == pytest.approx(0.3 * has_noise, rel=0.03)


def test_data_noise() -> None:
    muons = real(20_000)
    moved = (make(data_noise=0.001).smeared(muons) - muons).numpy()
    assert moved.std() == pytest.approx(0.001, rel=0.02)
    assert moved.mean() == pytest.approx(0, abs=2e-5)
    assert torch.equal(make(data_noise=0).smeared(muons), muons)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_only_one_network_learns_at_a_time(batch_norm: bool) -> None:
    model = make(discriminator={**SMALL, "batch_norm": batch_norm})
    optimisers = model.optimisers()
    g, d = weights(model.generator), weights(model.discriminator)
    descend(model.on_real(real()).loss, optimisers["discriminator"])
    assert equal(weights(model.generator), g)
    assert not equal(weights(model.discriminator), d)
    d = weights(model.discriminator)
    model.discriminator.zero_grad(set_to_none=True)
    model.update_generator(real(), optimisers)
    assert equal(weights(model.discriminator), d)
    assert not equal(weights(model.generator), g)
    assert all(p.grad is None for p in model.discriminator.parameters())
    assert all(p.requires_grad for p in model.discriminator.parameters())


def test_generated_muons_for_the_discriminator_come_from_evaluation() -> None:
    model = make(generator={**SMALL, "dropout": 0.5})
    before = weights(model.generator)
    latents = model.latents(8, like=real())
    generated = model.generate(latents)
    with torch.no_grad():
        assert torch.equal(generated, model.generator.eval()(latents))
    assert not generated.requires_grad
    assert equal(weights(model.generator), before)


def test_a_step_is_two_half_batches_for_d_and_a_whole_one_for_g(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make()
    seen: list[tuple[str, int]] = []

    def spy_on(name: str) -> None:
        method = getattr(model, name)

        def spy(rows: Tensor, *others: Tensor) -> Any:
            seen.append((name, len(rows)))
            return method(rows, *others)

        monkeypatch.setattr(model, name, spy)

    for name in ("on_real", "on_generated", "loss_of_generator"):
        spy_on(name)
    model.training_step(real(model.rows_per_step(100)), model.optimisers())
    assert seen == [("on_real", 50), ("on_generated", 50), ("loss_of_generator", 100)]


@pytest.mark.parametrize("optimiser", ["amsgrad", "adam", "rmsprop"])
def test_every_optimiser_trains(optimiser: str) -> None:
    model = make(optimiser=optimiser, learning_rate=0.01, beta1=0.3)
    optimisers = model.optimisers()
    assert set(optimisers) == {"discriminator", "generator"}
    options = optimisers["generator"].param_groups[0]
    assert options["lr"] == 0.01
    assert options["eps"] == 1e-7
    if optimiser == "rmsprop":
        assert options["alpha"] == 0.9
    else:
        assert options["betas"] == (0.3, 0.999)
        assert options["amsgrad"] is (optimiser == "amsgrad")
    before = weights(model)
    for _ in range(3):
        losses = model.training_step(real(), optimisers)
    assert torch.isfinite(torch.stack(list(losses.values()))).all()
    assert not equal(weights(model), before)


def share_left_to_learn(model: GANModel, steps: int) -> float:
    """How far the mean of generated muons is from that of a narrow distribution after some steps, over before."""
    optimisers = model.optimisers()
    target = torch.tensor([0.5, -0.5, 0.0, 0.3, -0.2, 0.7])
    generator = torch.Generator().manual_seed(0)

    def off() -> float:
        with torch.no_grad():
            sampled = model.generator.eval()(torch.randn(500, 5, generator=generator))
        return float((sampled.mean(0) - target).abs().mean())

    start = off()
    for _ in range(steps):
        model.training_step(target + 0.1 * torch.randn(50, 6, generator=generator), optimisers)
    return off() / start


def test_it_learns_a_narrow_distribution() -> None:
    torch.manual_seed(0)
    model = make(learning_rate=0.003, generator=SMALL, discriminator={**SMALL, "dropout": 0})
    assert share_left_to_learn(model, 300) < 1 / 3


def test_bounds_have_to_hold_zero() -> None:
    with pytest.raises(ValueError, match="expected low <= 0 <= high"):
        GANModel(GANConfig(generator=GeneratorConfig(layers=1)), 2, box(2, 0.5, 1.0))


@pytest.mark.parametrize(("width", "expected"), [(128, "highest"), (256, "highest"), (257, "medium")])
def test_large_networks_train_with_medium_precision(width: int, expected: str) -> None:
    flat = GeneratorConfig(layers=2, shape="flat", width=width)
    small = DiscriminatorConfig(layers=1, shape="flat", width=8)
    model = GANModel(GANConfig(generator=flat, discriminator=small), 6, box(6))
    assert fast_precision(model) == expected


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(3)
    x = torch.ones(200_000, requires_grad=True)
    y = Dropout(0.25)(x)
    dropped = (y == 0).double().mean().item()
    assert abs(dropped - 0.25) < 5 * (0.25 * 0.75 / 200_000) ** 0.5
    torch.testing.assert_close(y[y > 0], torch.full_like(y[y > 0], 4 / 3))
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())
    assert torch.equal(Dropout(0.25).eval()(x), x)


def test_generating_leaves_the_generator_in_training() -> None:
    model = make(generator={**SMALL, "batch_norm": True, "dropout": 0.5})
    model.generate(model.latents(4, like=real()))
    assert all(module.training for module in model.generator.modules())


def test_r1_equals_its_definition() -> None:
    """gamma / 2 times the mean squared gradient of each real muon's logit."""
    flat = {**SMALL, "dropout": 0.0}
    muons = real(30)
    losses = {}
    for r1 in (0.0, 3.0):
        model = make(r1=r1, discriminator=flat, data_noise=0.0, label_noise=0.0)
        losses[r1] = model.on_real(muons).loss.item()
    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: model.discriminator(row[None])[0, 0]))(muons)
    expected = 3.0 / 2 * jacobian.square().sum(dim=1).mean()
    assert losses[3.0] - losses[0.0] == pytest.approx(expected.item(), rel=1e-4)
    assert not muons.requires_grad


def test_r1_flattens_the_discriminator_at_real_muons() -> None:
    """It learns until it is sure of muons in a corner, unless the penalty keeps it flat there."""
    steepness = {}
    for r1 in (0.0, 10.0):
        model = make(r1=r1, discriminator={**SMALL, "dropout": 0.0}, learning_rate=0.01)
        optimisers = model.optimisers()
        muons = 0.05 * real() + 0.9
        for _ in range(60):
            descend(model.on_real(muons).loss, optimisers["discriminator"])
            latents = model.latents(50, like=muons)
            descend(model.on_generated(latents).loss, optimisers["discriminator"])
        rows = muons.requires_grad_()
        (gradient,) = torch.autograd.grad(model.discriminator(rows).sum(), rows)
        steepness[r1] = float(gradient.norm(dim=1).mean())
    assert steepness[10.0] < steepness[0.0] / 2


def test_feature_matching_equals_its_definition() -> None:
    model = make(feature_matching=True, discriminator={**SMALL, "dropout": 0.0}, data_noise=0.0)
    latents = model.latents(40, like=real())
    loss = model.loss_of_generator(latents, real())
    generated = model.generator(latents)

    def mean(muons: Tensor) -> Tensor:
        for layer in list(model.discriminator)[:-1]:
            muons = layer(muons)
        return muons.mean(dim=0)

    torch.testing.assert_close(loss, ((mean(real()) - mean(generated)) ** 2).sum())


@pytest.mark.parametrize("option", [{"r1": 1.0}, {"feature_matching": True}])
def test_batch_norm_hides_what_these_options_look_at(option: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=f"{next(iter(option))}: needs discriminator.batch_norm off"):
        make(discriminator={**SMALL, "batch_norm": True}, **option)


@pytest.mark.parametrize(
    "options",
    [
        {"r1": 1.0},
        {"feature_matching": True},
        {"discriminator": {**SMALL, "spectral_norm": True}},
        {"discriminator": {**SMALL, "minibatch_kernels": 4}},
    ],
)
def test_it_learns_with_each_option(options: dict[str, Any]) -> None:
    model = make(**{"learning_rate": 0.003, "discriminator": {**SMALL, "dropout": 0.1}, **options})
    assert share_left_to_learn(model, 150) < 1 / 2
