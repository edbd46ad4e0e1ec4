"""What every model family offers to the training loop and to the samplers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor, from_numpy, nn
from torch.optim import Optimizer

Bounds = tuple[NDArray[np.float32], NDArray[np.float32]]
"""The box of network space (low, high), each of shape (d,), that outputs have to lie in."""


class ModelConfig(BaseModel):
    """Base of the configuration of every family; `family` is its name in the registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str

    def latents(self, dimensions: int) -> int:
        """Standard normal numbers in the latent vector of a sample of `dimensions` columns."""
        return dimensions

    def rows_per_step(self, batch_size: int) -> int:
        """Real vectors that one step takes when the configured batch is of `batch_size`."""
        return batch_size


class Trainable(nn.Module, ABC):
    """What the training loop trains, step by step, from outside.

    It draws its random numbers in training from torch's default generator, so that a checkpoint of that generator's
    state is enough to go on. It knows no files and has no loop.
    """

    @abstractmethod
    def optimisers(self) -> dict[str, Optimizer]:
        """New optimisers of the parameters, by name."""

    @abstractmethod
    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        """Update the parameters once.

        Arguments:
            batch: Real vectors, float32; of a `Model`, shape (rows_per_step(batch_size), dimensions + conditions),
                the columns to learn and then the condition.
            optimisers: What `optimisers` returned.

        Returns:
            The losses by name, detached scalars.
        """


class Model(Trainable):
    """A generative model of vectors in network space; a subclass is one family.

    It may be conditional: `conditions` numbers beside each vector then say what kind of vector it is.

    References:
        Mirza, Osindero, Conditional generative adversarial nets | https://arxiv.org/abs/1411.1784
    """

    config_class: ClassVar[type[ModelConfig]]

    config: ModelConfig
    dimensions: int
    conditions: int
    sampler: nn.Module
    """Maps latents, and conditions beside them, (n, latent_dimensions + conditions), to network space (n, dimensions);
    all that is needed to sample."""

    @classmethod
    @abstractmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> Self:
        """A model with fresh weights for vectors of `dimensions` numbers within `bounds`."""

    @classmethod
    @abstractmethod
    def build_sampler(
        cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> nn.Module:
        """The sampler alone, with fresh weights."""

    @property
    def latent_dimensions(self) -> int:
        return self.config.latents(self.dimensions)

    def rows_per_step(self, batch_size: int) -> int:
        """As `ModelConfig.rows_per_step`."""
        return self.config.rows_per_step(batch_size)


def gaussian_latent(n: int, dimensions: int, rng: np.random.Generator) -> Tensor:
    """Standard normal numbers of shape (n, dimensions), float32; fewer rows are a prefix of more."""
    return from_numpy(rng.standard_normal((n, dimensions), np.float32))
