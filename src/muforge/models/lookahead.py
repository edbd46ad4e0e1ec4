"""Steps of an optimiser as differentiable functions, taken on copies of the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer, RMSprop


class Lookahead:
    """Parameters as an optimiser would leave them after further steps, which gradients go through.

    It starts from the parameters and from what the optimiser has gathered by now, and changes neither. Epsilon stands
    inside the root, sqrt(v + eps^2), so that a gradient of zero can be differentiated.

    Arguments:
        optimiser: Adam, with or without amsgrad, or RMSprop, of one group of parameters.
        parameters: Those of its parameters that are followed.

    References:
        Metz et al., Unrolled generative adversarial networks | https://arxiv.org/abs/1611.02163
    """

    def __init__(self, optimiser: Optimizer, parameters: Sequence[Tensor]) -> None:
        (group,) = optimiser.param_groups
        rule = _RULES[type(optimiser)]
        self._rules = [rule(group, optimiser.state.get(each, {}), each) for each in parameters]
        self.parameters = [each.detach().requires_grad_() for each in parameters]

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a loss that was made with `parameters`."""
        gradients = torch.autograd.grad(loss, self.parameters, create_graph=True)
        self.parameters = [
            parameter - rule.step(gradient)
            for parameter, rule, gradient in zip(self.parameters, self._rules, gradients, strict=True)
        ]


class _Adam:
    """How a gradient becomes a step of one parameter, as `torch.optim.Adam` has it."""

    def __init__(self, group: dict[str, Any], state: dict[str, Any], parameter: Tensor) -> None:
        nothing = torch.zeros_like(parameter)
        self._group = group
        self._steps = float(state.get("step", 0))
        self._mean: Tensor = state.get("exp_avg", nothing).clone()
        self._square: Tensor = state.get("exp_avg_sq", nothing).clone()
        self._largest: Tensor = state.get("max_exp_avg_sq", nothing).clone()

    def step(self, gradient: Tensor) -> Tensor:
        beta1, beta2 = self._group["betas"]
        self._steps += 1
        self._mean = torch.lerp(gradient, self._mean, beta1)
        self._square = torch.lerp(gradient.square(), self._square, beta2)
        self._largest = torch.maximum(self._largest, self._square)
        square = self._largest if self._group["amsgrad"] else self._square
        unbiased = square / (1 - beta2**self._steps)
        rate = self._group["lr"] / (1 - beta1**self._steps)
        change: Tensor = rate * self._mean / torch.sqrt(unbiased + self._group["eps"] ** 2)
        return change


class _RMSprop:
    """As `torch.optim.RMSprop` has it."""

    def __init__(self, group: dict[str, Any], state: dict[str, Any], parameter: Tensor) -> None:
        self._group = group
        self._square: Tensor = state.get("square_avg", torch.zeros_like(parameter)).clone()

    def step(self, gradient: Tensor) -> Tensor:
        self._square = torch.lerp(gradient.square(), self._square, self._group["alpha"])
        change: Tensor = self._group["lr"] * gradient / torch.sqrt(self._square + self._group["eps"] ** 2)
        return change


_RULES: Mapping[type[Optimizer], type[_Adam] | type[_RMSprop]] = {Adam: _Adam, RMSprop: _RMSprop}
