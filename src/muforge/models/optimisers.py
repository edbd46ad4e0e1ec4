"""The optimisers that the 2018 note compares, with Keras' constants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

OptimiserName = Literal["amsgrad", "adam", "rmsprop"]

KERAS_EPSILON = 1e-7
KERAS_BETA2 = 0.999
KERAS_RHO = 0.9


def make_optimiser(
    name: OptimiserName,
    parameters: Iterable[nn.Parameter],
    *,
    learning_rate: float,
    beta1: float,
    beta2: float = KERAS_BETA2,
) -> Optimizer:
    """An optimiser; `beta1`, the momentum of Adam, and `beta2`, the memory of its scale, mean nothing to RMSprop.

    References:
        Kingma, Ba, Adam | https://arxiv.org/abs/1412.6980
        Reddi, Kale, Kumar, On the convergence of Adam and beyond | https://arxiv.org/abs/1904.09237
    """
    if name == "rmsprop":
        return RMSprop(parameters, lr=learning_rate, alpha=KERAS_RHO, eps=KERAS_EPSILON)
    return Adam(
        parameters,
        lr=learning_rate,
        betas=(beta1, beta2),
        eps=KERAS_EPSILON,
        amsgrad=name == "amsgrad",
        fused=True,
    )


def descend(loss: Tensor, optimiser: Optimizer, *, clip: float | None = None) -> Tensor:
    """One step down the gradient of a loss, cut to the norm `clip`; returns the loss, detached.

    The gradient is cut inside the optimiser's step, so that hooks before the step see it, and may change it, uncut.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for parameter in parameters:
        parameter.grad = None
    loss.backward()  # type: ignore[no-untyped-call]
    if clip is None:
        optimiser.step()
    else:
        optimiser.step(lambda: nn.utils.clip_grad_norm_(parameters, clip))  # type: ignore[arg-type, return-value]
    return loss.detach()


def gradient_norm(optimiser: Optimizer) -> Tensor:
    """The norm of the gradient of the last step, over all parameters together."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    return nn.utils.get_total_norm([each.grad for each in parameters if each.grad is not None])
