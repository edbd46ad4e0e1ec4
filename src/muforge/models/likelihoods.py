"""What the numbers of a decoder say about a vector: its density, and vectors drawn from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import log
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from muforge.errors import ConfigError
from muforge.models.dense import output_within
from muforge.models.density import LOG_NORMAL
from muforge.models.protocol import Bounds

SigmaName = Literal["column", "muon"]

SMALLEST_SIGMA = 0.01
"""Standard deviation that a learnt one stays above: the density of a vector that is told exactly has no bound."""


class Likelihood(nn.Module, ABC):
    """A distribution of vectors of d numbers."""

    outputs: int
    """Numbers that a decoder gives of each vector."""

    normals: int
    """Standard normal numbers that drawing a vector takes."""

    @abstractmethod
    def cost(self, given: Tensor, x: Tensor) -> Tensor:
        """Minus the mean log density of vectors (n, d), given the decoder's numbers (n, outputs): a scalar."""

    @abstractmethod
    def draw(self, given: Tensor, normal: Tensor) -> Tensor:
        """Vectors (n, d), of the decoder's numbers (n, outputs) and standard normal ones (n, normals)."""


class Bernoulli(Likelihood):
    """The note's: numbers in [0, 1] as if they were probabilities of a bit.

    The cost is d times the binary cross-entropy. What is drawn is the mean: a bit would be no muon.

    Arguments:
        bounds: The box, which has to be [0, 1].

    Raises:
        ConfigError: It is another.
    """

    normals = 0

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        low, high = bounds
        if not (np.equal(low, 0).all() and np.equal(high, 1).all()):
            raise ConfigError(
                "model family 'vae': likelihood 'bernoulli' needs columns in [0, 1], give representation.range 'unit', "
                "or model.likelihood 'gaussian'"
            )
        self.outputs = len(low)

    def cost(self, given: Tensor, x: Tensor) -> Tensor:
        return self.outputs * binary_cross_entropy_with_logits(given, x)

    def draw(self, given: Tensor, normal: Tensor) -> Tensor:
        return torch.sigmoid(given)


class Gaussian(Likelihood):
    """Independent normal columns around the decoder's mean.

    In a box, the mean stays within it, and what is drawn outside is reflected at the side, which the cost neglects.
    A width that is learnt is at least `SMALLEST_SIGMA`.

    Arguments:
        bounds: The box, which may be all of space.
        sigma: Standard deviation of every column, or 'column' to learn one of each, or 'muon' to have the decoder tell
            them.

    References:
        Rybkin, Daniilidis, Levine, Simple and effective VAE training with calibrated decoders |
        https://arxiv.org/abs/2006.13202
    """

    def __init__(self, bounds: Bounds, sigma: SigmaName | float) -> None:
        super().__init__()
        columns = len(bounds[0])
        self.normals = columns
        self.outputs = 2 * columns if sigma == "muon" else columns
        self.centre = output_within(bounds)
        self.folded = Folded(bounds) if np.isfinite(bounds).all() else nn.Identity()
        self.width = nn.Parameter(torch.zeros(columns)) if sigma == "column" else None
        self._fixed = None if isinstance(sigma, str) else log(sigma)

    def cost(self, given: Tensor, x: Tensor) -> Tensor:
        mean, log_sigma = self.parameters_of(given)
        u = (x - mean) * torch.exp(-log_sigma)
        return (u * u / 2 + log_sigma + LOG_NORMAL).sum(dim=1).mean()

    def draw(self, given: Tensor, normal: Tensor) -> Tensor:
        mean, log_sigma = self.parameters_of(given)
        drawn: Tensor = self.folded(mean + log_sigma.exp() * normal)
        return drawn

    def parameters_of(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """Means (n, d) and logarithms of standard deviations, (n, d) or (d,)."""
        centre, told = torch.split(given, [self.normals, self.outputs - self.normals], dim=1)
        if self._fixed is not None:
            return self.centre(centre), torch.full_like(centre, self._fixed)
        return self.centre(centre), _log_sigma(told if self.width is None else self.width)


class Folded(nn.Module):
    """Reflects what lies outside a box at its sides, as often as it takes.

    Arguments:
        bounds: The box, finite.
    """

    low: Tensor
    high: Tensor

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        low, high = (torch.from_numpy(end.copy()) for end in bounds)
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        t = 1 - (1 - torch.remainder((x - self.low) / (self.high - self.low), 2)).abs()
        return self.low * (1 - t) + self.high * t


def _log_sigma(width: Tensor) -> Tensor:
    """A logarithm above that of the smallest sigma; about the number itself where that is far."""
    floor = log(SMALLEST_SIGMA)
    return floor + softplus(width - floor)
