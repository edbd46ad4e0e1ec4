"""Normalising flows of rational-quadratic splines, trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from muforge.errors import ConfigError
from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.coupling import CouplingSplines
from muforge.models.optimisers import descend, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig

Splines = AutoregressiveSplines | CouplingSplines


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


class FlowModel(Model):
    """A flow between vectors in network space and standard normal ones.

    Arguments:
        config: Architecture and training.
        dimensions: d >= 2 columns to learn, each distributed roughly as a standard normal.
    """

    config_class = FlowConfig
    config: FlowConfig
    sampler: Splines

    def __init__(self, config: FlowConfig, dimensions: int) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.sampler = _splines(config, dimensions)

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> Self:
        require_unbounded(config, bounds)
        return cls(_checked(config), dimensions)

    @classmethod
    def build_sampler(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> nn.Module:
        require_unbounded(config, bounds)
        return _splines(_checked(config), dimensions)

    def optimisers(self) -> dict[str, Optimizer]:
        rate = self.config.learning_rate
        return {"flow": make_optimiser("adam", self.parameters(), learning_rate=rate, beta1=0.9)}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        loss = -self.sampler.log_prob(batch).mean()
        return {"nll": descend(loss, optimisers["flow"], clip=self.config.clip)}


def require_unbounded(config: ModelConfig, bounds: Bounds) -> None:
    """Raise `ConfigError` if network space is a box, in which a density on all of R^d cannot stay."""
    if np.isfinite(bounds).any():
        raise ConfigError(
            f"model family '{config.family}': needs normal scores, which representation.kind 'physics' gives"
        )


def _splines(config: FlowConfig, dimensions: int) -> Splines:
    options = {"width": config.width, "depth": config.depth, "bins": config.bins}
    if config.transform == "coupling":
        return CouplingSplines(dimensions, layers=config.layers, bound=config.bound, **options)
    return AutoregressiveSplines(
        dimensions, bound=config.bound, knots=(config.knots, config.knots_others), **options
    )


def _checked(config: ModelConfig) -> FlowConfig:
    if not isinstance(config, FlowConfig):
        raise TypeError(f"a configuration of family '{config.family}' given to the flow")
    return config
