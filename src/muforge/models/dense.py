"""Fully connected networks as the 2018 note builds them."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from muforge.models.protocol import Bounds

PYRAMID = (256, 512, 1024, 2048)
"""Nodes of the hidden layers of the note's inverted pyramid at node factor 1."""

KERAS_BATCH_NORM_EPSILON = 1e-3


class DenseConfig(BaseModel):
    """A stack of hidden layers.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 7
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: int = Field(default=3, ge=1, le=16, description="hidden layers; a pyramid has at most 4")
    shape: Literal["pyramid", "flat"] = Field(
        default="pyramid",
        description="'pyramid': 256n, 512n, 1024n, 2048n nodes for node factor n; 'flat': all of one width",
    )
    node_factor: float = Field(default=1.0, gt=0, le=64, description="n of a pyramid")
    width: int = Field(default=128, ge=1, le=65536, description="nodes of each layer of a flat network")
    batch_norm: bool = Field(default=False, description="batch normalisation after each activation")
    batch_norm_momentum: float = Field(
        default=0.8,
        ge=0,
        lt=1,
        description="share of the old running statistics kept at each step, as Keras counts it",
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="share of nodes dropped after each hidden layer"
    )
    leaky_slope: float = Field(default=0.2, ge=0, description="slope of LeakyReLU below zero")

    @model_validator(mode="after")
    def _check_pyramid(self) -> Self:
        if self.shape == "pyramid" and self.layers > len(PYRAMID):
            raise ValueError(f"layers {self.layers}: a pyramid has at most {len(PYRAMID)}")
        if min(self.widths) < 1:
            raise ValueError(f"node_factor {self.node_factor}: leaves the first layer without nodes")
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Nodes of the hidden layers."""
        if self.shape == "flat":
            return (self.width,) * self.layers
        return tuple(int(nodes * self.node_factor) for nodes in PYRAMID[: self.layers])


def hidden_layers(config: DenseConfig, inputs: int, *, running_statistics: bool = True) -> list[nn.Module]:
    """Dense, LeakyReLU, batch normalisation, dropout for each hidden layer: the order of the note's code.

    Arguments:
        inputs: Numbers in an input vector.
        running_statistics: Whether batch normalisation keeps running statistics for use in evaluation; without
            them every batch is normalised by its own.

    References:
        Marshall, Generative_Networks | https://github.com/alexmarshallbristol/Generative_Networks
    """
    modules: list[nn.Module] = []
    for nodes in config.widths:
        modules += [dense(inputs, nodes), nn.LeakyReLU(config.leaky_slope, inplace=True)]
        if config.batch_norm:
            modules.append(
                nn.BatchNorm1d(
                    nodes,
                    eps=KERAS_BATCH_NORM_EPSILON,
                    momentum=1 - config.batch_norm_momentum,
                    track_running_stats=running_statistics,
                )
            )
        if config.dropout > 0:
            modules.append(Dropout(config.dropout))
        inputs = nodes
    return modules


class Dropout(nn.Module):
    """Zeroes a share of the numbers in training and scales up the rest; torch's own takes twice as long on a CPU.

    Arguments:
        share: Of numbers dropped, 0 <= share < 1.

    References:
        Srivastava et al., Dropout | https://jmlr.org/papers/v15/srivastava14a.html
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = 1 - self.share
        return x * torch.rand_like(x).add_(keep).floor_().mul_(1 / keep)


def dense(inputs: int, outputs: int) -> nn.Linear:
    """A fully connected layer with Keras' initial weights: Glorot uniform, biases zero.

    References:
        Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks |
        https://proceedings.mlr.press/v9/glorot10a.html
    """
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def output_within(bounds: Bounds) -> nn.Module:
    """What keeps a network's output in a box: a tanh, or nothing where there is no box."""
    return BoundedTanh(bounds) if np.isfinite(bounds).all() else nn.Identity()


class BoundedTanh(nn.Module):
    """tanh, moved from [-1, 1] into a box; every output lies in the box, ends included.

    Arguments:
        bounds: The box, with low <= 0 <= high in every dimension.
    """

    low: Tensor
    high: Tensor

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        low, high = (torch.from_numpy(end.copy()) for end in bounds)
        if not bool(((low <= 0) & (low < high) & (high >= 0)).all()):
            raise ValueError(f"bounds {bounds}: expected low <= 0 <= high, low < high")
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        self._plain = bool((low == -1).all() and (high == 1).all())

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(x)
        if self._plain:
            return y
        t = (y + 1) / 2
        return self.low * (1 - t) + self.high * t
