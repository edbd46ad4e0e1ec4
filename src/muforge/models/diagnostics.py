"""What tells a collapse or vanishing gradients from a healthy adversarial training."""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor
from torch.optim import Optimizer

from muforge.models.optimisers import gradient_norm


class Diagnostics:
    """Collects numbers during a step and gives their means. It collects nothing if it is off.

    Arguments:
        on: Whether to collect.
    """

    def __init__(self, on: bool) -> None:
        self._on = on
        self._values: dict[str, list[Tensor]] = defaultdict(list)

    def logits(self, name: str, logit: Tensor, *, real: bool) -> None:
        """Note the share of logits that are on the right side of zero, positive for real muons."""
        if self._on:
            right = logit.detach() > 0 if real else logit.detach() < 0
            self._values[name].append(right.float().mean())

    def gradient(self, name: str, optimiser: Optimizer) -> None:
        """Note the norm of the gradient of an optimiser's last step."""
        if self._on:
            self._values[name].append(gradient_norm(optimiser))

    def means(self) -> dict[str, Tensor]:
        """Mean of each, detached."""
        return {name: torch.stack(values).mean() for name, values in self._values.items()}
