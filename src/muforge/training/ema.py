"""An exponential moving average of weights."""

from __future__ import annotations

import copy

import torch
from torch import nn

WARM_UP = 10


class EMA:
    """Keeps a copy of a module whose parameters are the moving average of the module's; buffers are copied.

    The decay starts low, min(decay, (1 + step) / (10 + step)), so that the random initial weights are soon
    forgotten. With decay 0 the copy equals the module.

    Arguments:
        module: What is trained; it has to stay the same object.
        decay: Share of the old average kept at each step.

    References:
        Yazici et al., The unusual effectiveness of averaging in GAN training | https://arxiv.org/abs/1806.04498
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.average = copy.deepcopy(module).eval().requires_grad_(False)
        self._parameters = list(zip(self.average.parameters(), module.parameters(), strict=True))
        self._buffers = list(zip(self.average.buffers(), module.buffers(), strict=True))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the module as it is after `step` (counted from 1)."""
        towards = 1 - min(self.decay, (1 + step) / (WARM_UP + step))
        for average, parameter in self._parameters:
            average.lerp_(parameter, towards)
        for copy_of, buffer in self._buffers:
            copy_of.copy_(buffer)
