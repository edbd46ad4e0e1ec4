"""Normalising flows of rational-quadratic splines, trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.optim import Optimizer

from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.conditional_flow import ConditionalSplines
from muforge.models.coupling import CouplingSplines
from muforge.models.on_scores import ADAM, ModelOnScores
from muforge.models.optimisers import descend
from muforge.models.protocol import ModelConfig

Splines = AutoregressiveSplines | ConditionalSplines | CouplingSplines


class FlowConfig(ModelConfig):
    """Splines and their training."""

    family: Literal["flow"] = "flow"
    transform: Literal["autoregressive", "coupling"] = Field(
        default="autoregressive",
        description="'autoregressive': each coordinate given those before it; 'coupling': halves in turns",
    )
    layers: int = Field(default=4, ge=2, description="coupling layers; an autoregressive flow has one")
    width: int = Field(default=96, ge=1, le=65536, description="nodes of each hidden layer")
    depth: int = Field(default=2, ge=1, le=16, description="hidden layers of each network")
    knots: int = Field(
        default=128,
        ge=2,
        description="of the piecewise linear function of the first coordinate in each autoregressive network",
    )
    knots_others: int = Field(default=16, ge=2, description="of those of the other coordinates")
    bins: int = Field(default=24, ge=2, le=256, description="of each spline")
    bound: float = Field(default=5.5, gt=0, description="splines act from -bound to bound")
    learning_rate: float = Field(default=0.002, gt=0, description="of Adam")
    clip: float = Field(default=5.0, gt=0, description="largest norm of a gradient")


class FlowModel(ModelOnScores):
    """A flow between vectors in network space and standard normal ones."""

    config_class = FlowConfig
    config: FlowConfig
    sampler: Splines

    @staticmethod
    def make_sampler(config: FlowConfig, dimensions: int, conditions: int = 0) -> Splines:
        options = {"width": config.width, "depth": config.depth, "bins": config.bins}
        if config.transform == "coupling":
            return CouplingSplines(
                dimensions, conditions=conditions, layers=config.layers, bound=config.bound, **options
            )
        knots = [*[config.knots_others] * conditions, config.knots, *[config.knots_others] * (dimensions - 2)]
        splines = AutoregressiveSplines(
            conditions + dimensions, bound=config.bound, knots=knots, given=conditions or 1, **options
        )
        return ConditionalSplines(splines, conditions) if conditions else splines

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        loss = -self.sampler.log_prob(batch).mean()
        return {"nll": descend(loss, optimisers[ADAM], clip=self.config.clip)}
