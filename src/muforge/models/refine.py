"""A model's muons chosen among candidates by a classifier that has learnt to tell them from real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Optimizer

from muforge.errors import ConfigError
from muforge.models import build_sampler
from muforge.models.any_config import AnyModelConfig
from muforge.models.autoregressive import ParallelMLPs
from muforge.models.on_scores import ADAM, BETA1
from muforge.models.optimisers import descend, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig


class RefinedConfig(ModelConfig):
    """The classifier and its training; `RunConfig.teacher` says what is refined, and is trained before it."""

    family: Literal["refined"] = "refined"
    base: AnyModelConfig = Field(description="of the model that is refined: the teacher's")
    candidates: int = Field(default=4, ge=2, le=64, description="muons of the base that one is chosen among")
    width: int = Field(default=48, ge=1, le=65536, description="nodes of each hidden layer")
    depth: int = Field(default=2, ge=1, le=16, description="hidden layers")
    knots: int = Field(default=24, ge=2, description="of the piecewise linear function of each column")
    learning_rate: float = Field(default=0.002, gt=0, description="of Adam")

    def latents(self, dimensions: int) -> int:
        """Those of every candidate, and one that chooses."""
        return self.candidates * self.base.latents(dimensions) + 1


class Refined(nn.Module):
    """Chooses among candidates of a sampler with probabilities in proportion to their weights, w = D / (1 - D).

    D is a classifier's probability of a muon being real, so that w estimates the ratio of the real density to the
    sampler's. With many candidates the chosen ones are distributed like real ones; with few, half way to it.

    Arguments:
        config: Of classifier and base.
        dimensions: Columns to learn.
        bounds: Box of network space.
        conditions: Numbers in a condition, which base and classifier see.

    References:
        Rubin, The SIR algorithm, in Bayesian Statistics 3 (1988)
        Andreassen, Nachman, Neural networks for full phase-space reweighting and parameter tuning (DCTR) |
        https://arxiv.org/abs/1907.08209
        Diefenbacher et al., DCTRGAN | https://arxiv.org/abs/2009.03796
    """

    def __init__(self, config: RefinedConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> None:
        super().__init__()
        self._candidates = config.candidates
        self._latents = config.latents(dimensions)
        self.base = build_sampler(config.base, dimensions, bounds, conditions)
        knots = [config.knots] * (dimensions + conditions)
        self.classifier = ParallelMLPs(1, config.width, config.depth, knots, outputs=1)

    def forward(self, latent: Tensor) -> Tensor:
        """Vectors (n, d) of latents (n, candidates * those of the base + 1), conditions beside them."""
        rows = latent.shape[0]
        own, choice, condition = torch.tensor_split(latent, [self._latents - 1, self._latents], dim=1)
        of_each = condition.repeat_interleave(self._candidates, dim=0)
        candidate = own.reshape(rows * self._candidates, -1)
        made = self.base(torch.cat([candidate, of_each], dim=1))
        weight = self.log_weight(torch.cat([made, of_each], dim=1))
        upto = weight.view(rows, -1).softmax(dim=1).cumsum(dim=1)
        share = torch.special.ndtr(choice.contiguous())
        chosen = (upto < share).sum(dim=1).clamp_max(self._candidates - 1)
        candidates: Tensor = made.view(rows, self._candidates, -1)
        return candidates.gather(1, chosen[:, None, None].expand(-1, 1, candidates.shape[2]))[:, 0]

    def log_weight(self, x: Tensor) -> Tensor:
        """Logarithm of D / (1 - D) of vectors (n, d), conditions beside them, shape (n,)."""
        out: Tensor = self.classifier(x)
        return out[:, 0, 0]


class RefinedModel(Model):
    """A classifier between real vectors and those of a trained base, which stays as it is.

    Arguments:
        config: Of classifier and base.
        dimensions: Columns to learn.
        bounds: Box of network space.
        conditions: Numbers in a condition.
    """

    config_class = RefinedConfig
    config: RefinedConfig
    sampler: Refined

    def __init__(self, config: RefinedConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.conditions = conditions
        self.sampler = Refined(config, dimensions, bounds, conditions)
        self.sampler.base.requires_grad_(False)

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> Self:
        return cls(_checked(config), dimensions, bounds, conditions)

    @classmethod
    def build_sampler(
        cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> nn.Module:
        return Refined(_checked(config), dimensions, bounds, conditions)

    def adopt(self, base: nn.Module) -> None:
        """Take over the weights of a trained base."""
        self.sampler.base.load_state_dict(base.state_dict())

    def optimisers(self) -> dict[str, Optimizer]:
        parameters = self.sampler.classifier.parameters()
        rate = self.config.learning_rate
        return {ADAM: make_optimiser("adam", parameters, learning_rate=rate, beta1=BETA1)}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        latents = self.config.base.latents(self.dimensions)
        with torch.no_grad():
            latent = torch.randn(len(batch), latents, device=batch.device)
            condition = batch[:, self.dimensions :]
            made = self.sampler.base.eval()(torch.cat([latent, condition], dim=1))
        beside = torch.cat([made, condition], dim=1)
        loss = (
            softplus(-self.sampler.log_weight(batch)).mean()
            + softplus(self.sampler.log_weight(beside)).mean()
        )
        return {"cross_entropy": descend(loss, optimisers[ADAM])}


def _checked(config: ModelConfig) -> RefinedConfig:
    if not isinstance(config, RefinedConfig):
        raise TypeError(f"a configuration of family '{config.family}' given to the refined model")
    if isinstance(config.base, RefinedConfig):
        raise ConfigError("model.base: a refined model cannot be refined again")
    return config
