"""A mixture of Gaussians: the floor that every other model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from muforge.models.density import LOG_NORMAL, Density
from muforge.models.on_scores import ADAM, ModelOnScores
from muforge.models.optimisers import descend
from muforge.models.protocol import ModelConfig


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

    Weights (their logits) and means of a conditional mixture are linear functions of the condition.

    Arguments:
        components: K.
        dimensions: d.
        conditions: Numbers in a condition.
    """

    def __init__(self, components: int, dimensions: int, conditions: int = 0) -> None:
        super().__init__()
        self._dimensions = dimensions
        self.logits = nn.Parameter(torch.zeros(components, dtype=torch.float64))
        self.means = nn.Parameter(torch.randn(components, dimensions, dtype=torch.float64))
        self.off_diagonal = nn.Parameter(torch.zeros(components, dimensions, dimensions, dtype=torch.float64))
        spread = log(components) / dimensions
        self.log_diagonal = nn.Parameter(torch.full((components, dimensions), spread, dtype=torch.float64))
        if conditions:
            of_each = components, 1 + dimensions
            self.by_condition = nn.Parameter(torch.zeros(conditions, *of_each, dtype=torch.float64))

    @property
    def whitening(self) -> Tensor:
        """Lower triangular W of each component, shape (K, d, d): its covariance is (W^T W)^-1."""
        return self.off_diagonal.tril(-1) + torch.diag_embed(self.log_diagonal.exp())

    def forward(self, latent: Tensor) -> Tensor:
        """Vectors (n, d) from standard normal latents (n, d + 1), the last of which chooses the component; conditions
        stand beside them."""
        latent, choice, condition = self._split(latent.to(self.means.dtype), 1)
        logits, means = self._given(condition)
        upto = logits.softmax(dim=1).cumsum(dim=1)
        share = torch.special.ndtr(choice.contiguous())
        chosen = (upto < share).sum(dim=1).clamp_max(upto.shape[1] - 1)
        mean = means[chosen] if means.dim() == 2 else means[torch.arange(len(chosen)), chosen]
        return (mean + _solved(self.whitening[chosen], latent)).float()

    def log_prob(self, x: Tensor) -> Tensor:
        x, _, condition = self._split(x.double(), 0)
        logits, means = self._given(condition)
        white = torch.einsum("kij,nkj->nki", self.whitening, x[:, None] - means)
        log_density = self.log_diagonal.sum(dim=1) - (white * white).sum(dim=2) / 2
        return torch.logsumexp(logits.log_softmax(dim=1) + log_density, dim=1) - x.shape[1] * LOG_NORMAL

    def _split(self, rows: Tensor, choosing: int) -> list[Tensor]:
        d = self._dimensions
        return list(torch.tensor_split(rows, [d, d + choosing], dim=1))

    def _given(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (1 or n, K) and means (K, d) or (n, K, d)."""
        if condition.shape[1] == 0:
            return self.logits[None], self.means
        shift = torch.einsum("nc,cki->nki", condition, self.by_condition)
        return self.logits + shift[..., 0], self.means + shift[..., 1:]


def _solved(lower: Tensor, y: Tensor) -> Tensor:
    """x of lower triangular equations lower x = y, of shapes (n, d, d) and (n, d)."""
    x: list[Tensor] = []
    for i in range(y.shape[1]):
        rest = y[:, i]
        for j, known in enumerate(x):
            rest = rest - lower[:, i, j] * known
        x.append(rest / lower[:, i, i])
    return torch.stack(x, dim=1)


class MixtureModel(ModelOnScores):
    """Gaussians fitted by maximum likelihood, step by step."""

    config_class = MixtureConfig
    config: MixtureConfig
    sampler: Gaussians

    @staticmethod
    def make_sampler(config: MixtureConfig, dimensions: int, conditions: int = 0) -> Gaussians:
        return Gaussians(config.components, dimensions, conditions)

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        loss = -self.sampler.log_prob(batch).mean()
        return {"nll": descend(loss, optimisers[ADAM])}
