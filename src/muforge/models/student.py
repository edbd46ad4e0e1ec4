"""A small network that does in one pass what its teacher does in many: regression from latents to samples."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import silu, smooth_l1_loss
from torch.optim import Optimizer

from muforge.models.on_scores import ADAM, ModelOnScores
from muforge.models.optimisers import descend
from muforge.models.protocol import ModelConfig
from muforge.models.table import Table


class StudentConfig(ModelConfig):
    """The network and its training; `RunConfig.teacher` says what it learns from."""

    family: Literal["student"] = "student"
    width: int = Field(default=32, ge=1, le=65536, description="nodes of each hidden layer")
    depth: int = Field(default=3, ge=1, le=16, description="hidden layers")
    knots: int = Field(
        default=128, ge=2, description="of the piecewise linear function of the first latent number"
    )
    keeps_first: bool = Field(
        default=True,
        description="the first coordinate is the first latent number, as in an autoregressive flow",
    )
    learning_rate: float = Field(default=0.002, gt=0, description="of Adam")
    beta: float = Field(default=0.1, gt=0, description="difference from which the loss grows linearly")
    latent_dimensions: int | None = Field(
        default=None, ge=1, description="of the teacher; by default as many as columns to learn"
    )

    def latents(self, dimensions: int) -> int:
        return dimensions if self.latent_dimensions is None else self.latent_dimensions


class OnePass(nn.Module):
    """A multilayer perceptron; the first latent number also goes through a table, beside its first layer.

    Arguments:
        inputs: Numbers in a latent vector.
        outputs: Numbers in a sample.
        width, depth: Nodes and number of hidden layers.
        knots: Of the table.
        keeps_first: Whether the first output is the first latent number itself.
    """

    def __init__(
        self, inputs: int, outputs: int, *, width: int, depth: int, knots: int, keeps_first: bool
    ) -> None:
        super().__init__()
        self._keeps_first = keeps_first
        sizes = [inputs, *[width] * depth, outputs - keeps_first]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in itertools.pairwise(sizes))
        self.table = Table(knots, width)

    def forward(self, latent: Tensor) -> Tensor:
        """Samples (n, outputs) of latents (n, inputs)."""
        first, *others = self.layers
        h = first(latent) + self.table(latent[:, 0])
        for layer in others:
            h = layer(silu(h))
        return torch.cat([latent[:, :1], h], dim=1) if self._keeps_first else h


class StudentModel(ModelOnScores):
    """Learns the function from latents to network space that another model is.

    Its batches are not muons: a row holds a latent vector, its condition, and what the teacher makes of them.

    References:
        Hinton, Vinyals, Dean, Distilling the knowledge in a neural network | https://arxiv.org/abs/1503.02531
        Luhman, Luhman, Knowledge distillation in iterative generative models | https://arxiv.org/abs/2101.02388
    """

    config_class = StudentConfig
    config: StudentConfig

    @staticmethod
    def make_sampler(config: StudentConfig, dimensions: int, conditions: int = 0) -> OnePass:
        return OnePass(
            config.latents(dimensions) + conditions,
            dimensions,
            width=config.width,
            depth=config.depth,
            knots=config.knots,
            keeps_first=config.keeps_first,
        )

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        inputs = self.latent_dimensions + self.conditions
        latent, target = torch.split(batch, [inputs, self.dimensions], dim=1)
        loss = smooth_l1_loss(self.sampler(latent), target, beta=self.config.beta)
        return {"distance": descend(loss, optimisers[ADAM])}
