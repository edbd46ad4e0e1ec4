"""Samplers that know their density."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import log, pi

from torch import Tensor, nn

LOG_NORMAL = log(2 * pi) / 2
"""Minus the logarithm of the standard normal density at zero."""


class Density(nn.Module, ABC):
    """A sampler whose density in network space can be computed."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """Logarithm of the density of vectors (n, d), conditions beside them, shape (n,)."""


class Flow(Density):
    """A density by change of variables from standard normal vectors.

    References:
        Papamakarios et al., Normalizing flows for probabilistic modeling and inference |
        https://arxiv.org/abs/1912.02762
    """

    @abstractmethod
    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Standard normal vectors of shape (n, d), and log |det du/dx|, shape (n,)."""

    def log_prob(self, x: Tensor) -> Tensor:
        u, log_determinant = self.inverse(x)
        return log_determinant - (u * u).sum(dim=1) / 2 - u.shape[1] * LOG_NORMAL
