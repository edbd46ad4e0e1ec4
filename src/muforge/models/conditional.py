"""Densities of part of a row given the rest, trained by maximum likelihood."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.density import LOG_NORMAL
from muforge.models.on_scores import ADAM
from muforge.models.optimisers import descend
from muforge.models.protocol import Trainable


class Conditional(nn.Module, ABC):
    """A network that knows the density of some columns given the others."""

    @abstractmethod
    def log_prob(self, rows: Tensor) -> Tensor:
        """Logarithm of the density of rows (n, columns), shape (n,)."""


class ConditionalModel(Trainable):
    """A conditional density with its training step.

    Arguments:
        network: What is trained.
        learning_rate: Of Adam.
        clip: Largest norm of a gradient.
        decay: Of the weights, decoupled from the gradient.

    References:
        Loshchilov, Hutter, Decoupled weight decay regularization | https://arxiv.org/abs/1711.05101
    """

    def __init__(self, network: Conditional, *, learning_rate: float, clip: float, decay: float) -> None:
        super().__init__()
        self.network = network
        self._learning_rate = learning_rate
        self._clip = clip
        self._decay = decay

    def optimisers(self) -> dict[str, Optimizer]:
        rate, decay = self._learning_rate, self._decay
        return {ADAM: AdamW(self.parameters(), lr=rate, weight_decay=decay, fused=True)}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        loss = -self.network.log_prob(batch).mean()
        return {"nll": descend(loss, optimisers[ADAM], clip=self._clip)}


def conditional_log_prob(splines: AutoregressiveSplines, x: Tensor, given: int) -> Tensor:
    """Logarithm of the density of the coordinates after the given ones, shape (n,)."""
    u, log_determinant = splines.inverse(x)
    own = u[:, given:]
    return log_determinant - (own * own).sum(dim=1) / 2 - own.shape[1] * LOG_NORMAL
