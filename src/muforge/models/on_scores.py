"""What families that learn normal scores have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from torch import nn
from torch.optim import Optimizer

from muforge.errors import ConfigError
from muforge.models.optimisers import make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig

ADAM = "adam"
BETA1 = 0.9


class ModelOnScores(Model):
    """A model of vectors that are roughly standard normal, without bounds, trained with one Adam.

    A subclass says what its sampler is; its configuration has a `learning_rate`.

    Arguments:
        config: Of the family.
        dimensions: Columns to learn.
        conditions: Numbers in a condition.
    """

    config: Any

    def __init__(self, config: ModelConfig, dimensions: int, conditions: int = 0) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.conditions = conditions
        self.sampler = self.make_sampler(config, dimensions, conditions)

    @staticmethod
    @abstractmethod
    def make_sampler(config: Any, dimensions: int, conditions: int = 0) -> nn.Module:
        """The sampler of a configuration of the family, with fresh weights."""

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> Self:
        cls._check(config, bounds)
        return cls(config, dimensions, conditions)

    @classmethod
    def build_sampler(
        cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> nn.Module:
        cls._check(config, bounds)
        return cls.make_sampler(config, dimensions, conditions)

    def optimisers(self) -> dict[str, Optimizer]:
        rate = self.config.learning_rate
        return {ADAM: make_optimiser("adam", self.parameters(), learning_rate=rate, beta1=BETA1)}

    @classmethod
    def _check(cls, config: ModelConfig, bounds: Bounds) -> None:
        """Raise if the configuration is of another family, or network space is a box that a density on R^d leaves."""
        if not isinstance(config, cls.config_class):
            raise TypeError(f"a configuration of family '{config.family}' given to {cls.__name__}")
        if np.isfinite(bounds).any():
            raise ConfigError(
                f"model family '{config.family}': needs normal scores, which representation.kind 'physics' gives"
            )
