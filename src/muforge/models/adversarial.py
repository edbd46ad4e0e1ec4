"""What all generative adversarial networks have in common: a generator, a discriminator, and what they see."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from muforge.models.dense import DenseConfig, Dropout, dense, hidden_layers, output_within
from muforge.models.optimisers import KERAS_BETA2, OptimiserName, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig

D, G = "discriminator", "generator"
"""Names of the optimisers of the two networks."""


class GeneratorConfig(DenseConfig):
    """Hidden layers of the generator."""

    batch_norm: bool = Field(default=True, description="batch normalisation after each activation")


class AdversarialConfig(ModelConfig):
    """Two networks and their training, with the 2018 note's defaults.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 7
    """

    latent_dimensions: int = Field(default=100, ge=1, description="numbers in a latent vector")
    generator: GeneratorConfig = Field(default=GeneratorConfig(), description="hidden layers of G")
    discriminator: DenseConfig = Field(default=DenseConfig(), description="hidden layers of D")
    optimiser: OptimiserName = Field(default="amsgrad", description="of both networks")
    learning_rate: float = Field(default=0.0002, gt=0, description="of both networks")
    beta1: float = Field(default=0.5, ge=0, lt=1, description="momentum of adam and amsgrad")
    beta2: float = Field(
        default=KERAS_BETA2, ge=0, lt=1, description="memory of the scale of gradients in adam and amsgrad"
    )
    data_noise: float = Field(
        default=0.001, ge=0, description="standard deviation of the noise on real muons, in network space"
    )
    diagnostics: bool = Field(
        default=False,
        description="note in each step how much D tells right and the norms of both gradients; takes a tenth more time",
    )

    def latents(self, dimensions: int) -> int:
        return self.latent_dimensions

    def rows_per_step(self, batch_size: int) -> int:
        """Half of the batch is real; an odd batch is rounded down."""
        return batch_size // 2


class Adversarial(Model):
    """Generator G and discriminator D. With conditions, G sees latents and conditions, D muons and conditions.

    A subclass says what its discriminator is and how both learn.

    Arguments:
        config: Architecture and training.
        dimensions: Columns to learn.
        bounds: Box of network space that outputs lie in.
        conditions: Numbers in a condition.

    References:
        Goodfellow et al., Generative adversarial networks | https://arxiv.org/abs/1406.2661
        Mirza, Osindero, Conditional generative adversarial nets | https://arxiv.org/abs/1411.1784
    """

    config: AdversarialConfig
    discriminator: nn.Module

    def __init__(
        self, config: AdversarialConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.conditions = conditions
        self.sampler = self.build_sampler(config, dimensions, bounds, conditions)
        self._modal = [each for each in self.sampler.modules() if isinstance(each, nn.BatchNorm1d | Dropout)]
        self.discriminator = self.make_discriminator(config, dimensions + conditions)

    @staticmethod
    @abstractmethod
    def make_discriminator(config: Any, inputs: int) -> nn.Module:
        """The discriminator of a configuration of the family, with fresh weights, of vectors of `inputs` numbers."""

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> Self:
        return cls(cls.checked(config), dimensions, bounds, conditions)

    @classmethod
    def build_sampler(
        cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> nn.Module:
        own = cls.checked(config)
        return generator_network(own.generator, own.latents(dimensions) + conditions, dimensions, bounds)

    @classmethod
    def checked(cls, config: ModelConfig) -> Any:
        """The configuration; raises `TypeError` if it is of another family."""
        if not isinstance(config, cls.config_class):
            raise TypeError(f"a configuration of family '{config.family}' given to {cls.__name__}")
        return config

    @property
    def generator(self) -> nn.Module:
        return self.sampler

    def optimisers(self) -> dict[str, Optimizer]:
        return {
            name: make_optimiser(
                self.config.optimiser,
                parameters,
                learning_rate=self.config.learning_rate,
                beta1=self.config.beta1,
                beta2=self.config.beta2,
            )
            for name, parameters in self.learners().items()
        }

    def learners(self) -> dict[str, list[nn.Parameter]]:
        """The parameters of each optimiser."""
        return {D: list(self.discriminator.parameters()), G: list(self.generator.parameters())}

    def latents(self, n: int, *, like: Tensor) -> Tensor:
        """What G makes n muons of: standard normal numbers from torch's default generator, and conditions.

        Arguments:
            n: Rows.
            like: Rows that end with conditions; these are repeated if there are fewer than n.

        Returns:
            Shape (n, latent_dimensions + conditions).
        """
        normal = torch.randn(n, self.latent_dimensions, device=like.device)
        repeats = -(-n // len(like))
        return self.with_conditions(normal, like.repeat(repeats, 1)[:n] if self.conditions else like)

    def with_conditions(self, columns: Tensor, rows: Tensor) -> Tensor:
        """The columns and, beside them, the conditions that the rows end with."""
        if not self.conditions:
            return columns
        return torch.cat([columns, rows[:, -self.conditions :]], dim=1)

    def smeared(self, batch: Tensor) -> Tensor:
        """Real muons with the data noise, and their conditions."""
        noise, muons = self.config.data_noise, batch[:, : self.dimensions]
        return self.with_conditions(muons + noise * torch.randn_like(muons), batch) if noise > 0 else batch

    @torch.no_grad()
    def generate(self, latents: Tensor) -> Tensor:
        """Generated muons in network space from G in evaluation, and their conditions, for D to look at."""
        self._set_generator_mode(training=False)
        generated: Tensor = self.generator(latents)
        self._set_generator_mode(training=True)
        return self.with_conditions(generated, latents)

    def _set_generator_mode(self, *, training: bool) -> None:
        """As `train` and `eval`, but only where it matters: those walk the whole network at every step."""
        for module in self._modal:
            module.training = training


def generator_network(config: GeneratorConfig, inputs: int, dimensions: int, bounds: Bounds) -> nn.Sequential:
    """Hidden layers and an output that stays in the box.

    Arguments:
        inputs: Numbers that a muon is made of.
        dimensions: Columns of a muon.
    """
    layers = hidden_layers(config, inputs)
    return nn.Sequential(*layers, dense(config.widths[-1], dimensions), output_within(bounds))


@contextmanager
def standing_still(network: nn.Module) -> Iterator[None]:
    """Gradients go through the network inside the block, and not to its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
