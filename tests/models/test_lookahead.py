"""Differentiable optimiser steps against torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from muforge.models.lookahead import Lookahead
from muforge.models.optimisers import OptimiserName, descend, make_optimiser

NAMES: tuple[OptimiserName, ...] = ("amsgrad", "adam", "rmsprop")
every_optimiser = pytest.mark.parametrize("name", NAMES)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def loss_of(output: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    return (output - scale).square().mean()


def rows() -> Tensor:
    return torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@every_optimiser
@pytest.mark.parametrize("before", [0, 3])
def test_steps_are_those_of_torch(name: OptimiserName, before: int) -> None:
    own = network()
    optimiser = make_optimiser(name, own.parameters(), learning_rate=0.01, beta1=0.5, beta2=0.9)
    for number in range(before):
        descend((3.0 - number) * loss_of(own(rows())), optimiser)
    names = [each for each, _ in own.named_parameters()]
    ahead = Lookahead(optimiser, list(own.parameters()))
    kept = copy.deepcopy((own.state_dict(), optimiser.state_dict()["state"]))
    for _ in range(4):
        weights = dict(zip(names, ahead.parameters, strict=True))
        ahead.descend(loss_of(functional_call(own, weights, (rows(),))))
    for key, value in own.state_dict().items():
        assert torch.equal(value, kept[0][key])
    for number, state in optimiser.state_dict()["state"].items():
        assert all(torch.equal(value, kept[1][number][key]) for key, value in state.items())
    for _ in range(4):
        descend(loss_of(own(rows())), optimiser)
    for expected, found in zip(own.parameters(), ahead.parameters, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@every_optimiser
def test_gradients_go_through_the_steps(name: OptimiserName) -> None:
    """Against differences."""
    own = network()
    optimiser = make_optimiser(name, own.parameters(), learning_rate=0.05, beta1=0.5)
    descend(loss_of(own(rows())), optimiser)
    names = [each for each, _ in own.named_parameters()]

    def after(scale: Tensor) -> Tensor:
        ahead = Lookahead(optimiser, list(own.parameters()))
        for _ in range(3):
            weights = dict(zip(names, ahead.parameters, strict=True))
            ahead.descend(loss_of(functional_call(own, weights, (rows(),)), scale))
        weights = dict(zip(names, ahead.parameters, strict=True))
        output: Tensor = functional_call(own, weights, (rows(),)).mean()
        return output

    scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(after(scale), scale)
    step = 1e-5
    expected = (after(scale.detach() + step) - after(scale.detach() - step)) / (2 * step)
    assert float(expected.detach().abs()) > 1e-3
    torch.testing.assert_close(found, expected.detach(), rtol=1e-5, atol=1e-9)


@every_optimiser
def test_a_gradient_of_zero_can_be_differentiated(name: OptimiserName) -> None:
    parameter = nn.Parameter(torch.zeros(2))
    optimiser = make_optimiser(name, [parameter], learning_rate=0.1, beta1=0.5)
    ahead = Lookahead(optimiser, [parameter])
    scale = torch.tensor(1.0, requires_grad=True)
    ahead.descend(scale * ahead.parameters[0][0])
    (gradient,) = torch.autograd.grad(ahead.parameters[0].sum(), scale)
    assert torch.isfinite(gradient)
    assert ahead.parameters[0][1] == 0
