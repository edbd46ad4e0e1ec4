"""Flow matching: a velocity field that carries normal numbers to samples along straight lines."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss, silu
from torch.optim import Optimizer

from muforge.models.on_scores import ADAM, ModelOnScores
from muforge.models.optimisers import descend
from muforge.models.protocol import ModelConfig


class FlowMatchingConfig(ModelConfig):
    """The velocity field, its training, and the steps in which samples are drawn along it."""

    family: Literal["flow_matching"] = "flow_matching"
    width: int = Field(default=128, ge=1, le=65536, description="nodes of each hidden layer")
    depth: int = Field(default=3, ge=1, le=16, description="hidden layers")
    midpoint_steps: int = Field(
        default=8, ge=1, le=1000, description="steps of a sample, each of two evaluations"
    )
    learning_rate: float = Field(default=0.002, gt=0, description="of Adam")


class VelocityField(nn.Module):
    """A network v(x, t), and samples by the explicit midpoint method from t = 0 to 1.

    Arguments:
        dimensions: d.
        conditions: Numbers in a condition.
        width, depth: Nodes and number of hidden layers.
        midpoint_steps: Steps of a sample.
    """

    def __init__(
        self, dimensions: int, *, conditions: int = 0, width: int, depth: int, midpoint_steps: int
    ) -> None:
        super().__init__()
        self._dimensions = dimensions
        self._midpoint_steps = midpoint_steps
        sizes = [dimensions + 1 + conditions, *[width] * depth, dimensions]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in itertools.pairwise(sizes))

    def velocity(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """dx/dt at x of shape (n, d), times of shape (n, 1), and conditions of shape (n, conditions)."""
        first, *others = self.layers
        h: Tensor = first(torch.cat([x, t, condition], dim=1))
        for layer in others:
            h = layer(silu(h))
        return h

    def forward(self, latent: Tensor) -> Tensor:
        """Samples of shape (n, d) from standard normal numbers, conditions beside them."""
        x, condition = latent[:, : self._dimensions], latent[:, self._dimensions :]
        step = 1 / self._midpoint_steps
        for number in range(self._midpoint_steps):
            t = torch.full_like(x[:, :1], number * step)
            middle = x + step / 2 * self.velocity(x, t, condition)
            x = x + step * self.velocity(middle, t + step / 2, condition)
        return x


class FlowMatchingModel(ModelOnScores):
    """Regression of the velocity x_1 - x_0 at points between latents x_0 and muons x_1.

    References:
        Lipman et al., Flow matching for generative modeling | https://arxiv.org/abs/2210.02747
        Liu, Gong, Liu, Flow straight and fast | https://arxiv.org/abs/2209.03003
    """

    config_class = FlowMatchingConfig
    config: FlowMatchingConfig
    sampler: VelocityField

    @staticmethod
    def make_sampler(config: FlowMatchingConfig, dimensions: int, conditions: int = 0) -> VelocityField:
        return VelocityField(
            dimensions,
            conditions=conditions,
            width=config.width,
            depth=config.depth,
            midpoint_steps=config.midpoint_steps,
        )

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        x, condition = batch[:, : self.dimensions], batch[:, self.dimensions :]
        latent = torch.randn_like(x)
        t = torch.rand_like(x[:, :1])
        velocity = self.sampler.velocity(torch.lerp(latent, x, t), t, condition)
        return {"distance": descend(mse_loss(velocity, x - latent), optimisers[ADAM])}
