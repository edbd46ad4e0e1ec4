"""Spectral normalisation and minibatch discrimination."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from muforge.models.discriminator import Discriminator, DiscriminatorConfig, MinibatchDiscrimination

FLAT: dict[str, Any] = {"shape": "flat", "width": 16, "layers": 2, "dropout": 0.0}


def make(**options: Any) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(DiscriminatorConfig.model_validate({**FLAT, **options}), 5)


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


def test_without_options_it_is_the_notes() -> None:
    names = [(type(layer), len(list(layer.parameters()))) for layer in make()]
    assert names == [(nn.Linear, 2), (nn.LeakyReLU, 0), (nn.Linear, 2), (nn.LeakyReLU, 0), (nn.Linear, 2)]


@pytest.mark.parametrize(
    "options", [{}, {"minibatch_kernels": 4}, {"spectral_norm": True, "batch_norm": True}]
)
def test_judging_features_is_judging_muons(options: dict[str, Any]) -> None:
    network, x = make(**options).eval(), torch.randn(30, 5)
    features = network.features(x)
    assert features.shape == (30, 16)
    assert torch.equal(network.judge(features), network(x))
    assert network(x).shape == (30, 1)


@torch.no_grad()
def test_spectral_norm_bounds_every_layer() -> None:
    plain, network = make(), make(spectral_norm=True)
    for parameter in (*plain.parameters(), *network.parameters()):
        parameter.mul_(10)
    x = torch.randn(30, 5)
    for _ in range(50):
        network(x)
    largest = [float(torch.linalg.matrix_norm(layer.weight, 2)) for layer in linear_layers(network)]
    assert largest == pytest.approx([1, 1, 1], abs=1e-3)
    assert all(float(torch.linalg.matrix_norm(layer.weight, 2)) > 5 for layer in linear_layers(plain))
    steepest = ((network(x) - network(x + 0.01)).abs() / (0.01 * 5**0.5)).max()
    assert float(steepest) <= 1.001


def test_state_has_what_spectral_norm_iterates_on() -> None:
    one, two = make(spectral_norm=True), make(spectral_norm=True, width=16)
    x = torch.randn(30, 5)
    for _ in range(3):
        one(x)
    two.load_state_dict(one.state_dict())
    assert torch.equal(one(x), two(x))
    assert torch.equal(one(x), two(x))


def closeness_by_hand(at: Tensor) -> Tensor:
    """Of M, shape (n, B, C), in loops."""
    n, kernels, _ = at.shape
    out = torch.zeros(n, kernels)
    for i in range(n):
        for b in range(kernels):
            others = [torch.exp(-(at[i, b] - at[j, b]).abs().sum()) for j in range(n) if j != i]
            out[i, b] = torch.stack(others).mean()
    return out


def test_minibatch_discrimination_equals_its_definition() -> None:
    torch.manual_seed(0)
    layer, features = MinibatchDiscrimination(3, kernels=4, dimensions=2), torch.randn(6, 3)
    out = layer(features)
    assert torch.equal(out[:, :3], features)
    expected = closeness_by_hand((features @ layer.weight).view(6, 4, 2))
    torch.testing.assert_close(out[:, 3:].detach(), expected.detach())


@torch.no_grad()
def test_minibatch_discrimination_sees_a_collapse_whatever_the_size_of_the_batch() -> None:
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(3, kernels=4, dimensions=2)
    spread, collapsed = torch.randn(1000, 3), torch.randn(1, 3).expand(40, 3)
    many, few = (layer(spread[:n])[:, 3:].mean() for n in (1000, 200))
    assert float(few) == pytest.approx(float(many), rel=0.1)
    torch.testing.assert_close(layer(collapsed)[:, 3:], torch.ones(40, 4))
    assert float(many) < 0.6
    assert torch.isfinite(layer(torch.randn(1, 3))).all()
