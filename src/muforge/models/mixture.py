"""A mixture of Gaussians: the floor that every other model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Literal, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from muforge.models.density import LOG_NORMAL, Density
from muforge.models.flow import require_unbounded
from muforge.models.optimisers import descend, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig


class MixtureConfig(ModelConfig):
    """Components and their training."""

    family: Literal["mixture"] = "mixture"
    components: int = Field(default=20, ge=1, le=10_000, description="Gaussians, each with a full covariance")
    learning_rate: float = Field(default=0.02, gt=0, description="of Adam")

    def latents(self, dimensions: int) -> int:
        """One more, which chooses the component."""
        return dimensions + 1


class Gaussians(Density):
    """Weights, means and inverse Cholesky factors of K Gaussians, in float64.

    Arguments:
        components: K.
        dimensions: d.
    """

    def __init__(self, components: int, dimensions: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(components, dtype=torch.float64))
        self.means = nn.Parameter(torch.randn(components, dimensions, dtype=torch.float64))
        self.off_diagonal = nn.Parameter(torch.zeros(components, dimensions, dimensions, dtype=torch.float64))
        spread = log(components) / dimensions
        self.log_diagonal = nn.Parameter(torch.full((components, dimensions), spread, dtype=torch.float64))

    @property
    def whitening(self) -> Tensor:
        """Lower triangular W of each component, shape (K, d, d): its covariance is (W^T W)^-1."""
        return self.off_diagonal.tril(-1) + torch.diag_embed(self.log_diagonal.exp())

    def forward(self, latent: Tensor) -> Tensor:
        """Vectors (n, d) from standard normal latents (n, d + 1), the last of which chooses the component."""
        latent = latent.double()
        upto = self.logits.softmax(dim=0).cumsum(dim=0)
        share = torch.special.ndtr(latent[:, -1].contiguous())
        chosen = torch.searchsorted(upto, share).clamp_max(len(upto) - 1)
        factors = torch.linalg.inv(self.whitening)[chosen]
        scattered = torch.einsum("nij,nj->ni", factors, latent[:, :-1])
        return (self.means[chosen] + scattered).float()

    def log_prob(self, x: Tensor) -> Tensor:
        from_means = x.double()[:, None] - self.means
        white = torch.einsum("kij,nkj->nki", self.whitening, from_means)
        log_density = self.log_diagonal.sum(dim=1) - (white * white).sum(dim=2) / 2
        log_weight = self.logits.log_softmax(dim=0)
        return torch.logsumexp(log_weight + log_density, dim=1) - x.shape[1] * LOG_NORMAL


class MixtureModel(Model):
    """Gaussians fitted by maximum likelihood, step by step.

    Arguments:
        config: Components and training.
        dimensions: Columns to learn.
    """

    config_class = MixtureConfig
    config: MixtureConfig
    sampler: Gaussians

    def __init__(self, config: MixtureConfig, dimensions: int) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.sampler = Gaussians(config.components, dimensions)

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> Self:
        require_unbounded(config, bounds)
        return cls(_checked(config), dimensions)

    @classmethod
    def build_sampler(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> nn.Module:
        require_unbounded(config, bounds)
        return Gaussians(_checked(config).components, dimensions)

    def optimisers(self) -> dict[str, Optimizer]:
        rate = self.config.learning_rate
        return {"mixture": make_optimiser("adam", self.parameters(), learning_rate=rate, beta1=0.9)}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        loss = -self.sampler.log_prob(batch).mean()
        return {"nll": descend(loss, optimisers["mixture"])}


def _checked(config: ModelConfig) -> MixtureConfig:
    if not isinstance(config, MixtureConfig):
        raise TypeError(f"a configuration of family '{config.family}' given to the mixture")
    return config
