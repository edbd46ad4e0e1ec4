"""The generative adversarial network of the 2018 note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Optimizer

from muforge.models.dense import DenseConfig, Dropout, dense, hidden_layers, output_within
from muforge.models.optimisers import OptimiserName, descend, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig

REAL, GENERATED = 1.0, 0.0


class GeneratorConfig(DenseConfig):
    """Hidden layers of the generator."""

    batch_norm: bool = Field(default=True, description="batch normalisation after each activation")


class DiscriminatorConfig(DenseConfig):
    """Hidden layers of the discriminator."""

    dropout: float = Field(
        default=0.25, ge=0, lt=1, description="share of nodes dropped after each hidden layer"
    )


class GANConfig(ModelConfig):
    """The note's GAN, with its defaults (section 7); normalisation and dropout default to what its code does.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 7
        Goodfellow et al., Generative adversarial networks | https://arxiv.org/abs/1406.2661
    """

    family: Literal["gan"] = "gan"
    latent_dimensions: int = Field(default=100, ge=1, description="numbers in a latent vector")
    generator: GeneratorConfig = Field(default=GeneratorConfig(), description="hidden layers of G")
    discriminator: DiscriminatorConfig = Field(
        default=DiscriminatorConfig(), description="hidden layers of D"
    )
    optimiser: OptimiserName = Field(default="amsgrad", description="of both networks")
    learning_rate: float = Field(default=0.0002, gt=0, description="of both networks")
    beta1: float = Field(default=0.5, ge=0, lt=1, description="momentum of adam and amsgrad")
    label_noise: float = Field(
        default=0.3, ge=0, description="standard deviation of the noise on labels seen by D"
    )
    label_noise_on: Literal["both", "positive", "none"] = Field(
        default="both",
        description="labels with noise: of real and generated muons, of real ones only, or of none",
    )
    data_noise: float = Field(
        default=0.001, ge=0, description="standard deviation of the noise on real muons, in network space"
    )

    def latents(self, dimensions: int) -> int:
        return self.latent_dimensions


class GANModel(Model):
    """Generator G and discriminator D, which learn from each other.

    One step of a batch of N is, as in the note's code: D is updated on N/2 real muons, then on N/2 generated
    ones (from G in evaluation: batch normalisation by running statistics), then G is updated on N latents
    through D, whose weights stand still while its dropout and batch normalisation act as in training.

    Arguments:
        config: Architecture and training.
        dimensions: Columns to learn.
        bounds: Box of network space that outputs lie in.
    """

    config_class = GANConfig
    config: GANConfig

    def __init__(self, config: GANConfig, dimensions: int, bounds: Bounds) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.sampler = self.build_sampler(config, dimensions, bounds)
        self._modal = [each for each in self.sampler.modules() if isinstance(each, nn.BatchNorm1d | Dropout)]
        # In D, batches are always normalised by themselves: it has no use in evaluation.
        layers = hidden_layers(config.discriminator, dimensions, running_statistics=False)
        self.discriminator = nn.Sequential(*layers, dense(_last_width(config.discriminator), 1))

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> Self:
        return cls(_checked(config), dimensions, bounds)

    @classmethod
    def build_sampler(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> nn.Module:
        own = _checked(config)
        layers = hidden_layers(own.generator, own.latent_dimensions)
        return nn.Sequential(*layers, dense(_last_width(own.generator), dimensions), output_within(bounds))

    @property
    def generator(self) -> nn.Module:
        return self.sampler

    def optimisers(self) -> dict[str, Optimizer]:
        networks = {"discriminator": self.discriminator, "generator": self.generator}
        return {
            name: make_optimiser(
                self.config.optimiser,
                network.parameters(),
                learning_rate=self.config.learning_rate,
                beta1=self.config.beta1,
            )
            for name, network in networks.items()
        }

    def rows_per_step(self, batch_size: int) -> int:
        """Half of the batch is real; an odd batch is rounded down."""
        return batch_size // 2

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        d_real = self.update_discriminator(self.smeared(batch), REAL, optimisers["discriminator"])
        d_generated = self.update_discriminator(
            self.generate(len(batch), like=batch), GENERATED, optimisers["discriminator"]
        )
        g_loss = self.update_generator(self.latents(2 * len(batch), like=batch), optimisers["generator"])
        return {"d_loss": (d_real + d_generated) / 2, "g_loss": g_loss}

    def latents(self, n: int, *, like: Tensor) -> Tensor:
        """Standard normal latents from torch's default generator, shape (n, latent_dimensions)."""
        return torch.randn(n, self.latent_dimensions, device=like.device)

    def smeared(self, batch: Tensor) -> Tensor:
        """Real muons with the data noise."""
        noise = self.config.data_noise
        return batch + noise * torch.randn_like(batch) if noise > 0 else batch

    @torch.no_grad()
    def generate(self, n: int, *, like: Tensor) -> Tensor:
        """Generated muons in network space from G in evaluation, shape (n, dimensions)."""
        self._set_generator_mode(training=False)
        generated: Tensor = self.generator(self.latents(n, like=like))
        self._set_generator_mode(training=True)
        return generated

    def _set_generator_mode(self, *, training: bool) -> None:
        """As `train` and `eval`, but only where it matters: those walk the whole network at every step."""
        for module in self._modal:
            module.training = training

    def targets(self, n: int, label: float, *, like: Tensor) -> Tensor:
        """What D should answer for n muons of this label, with label noise, shape (n, 1)."""
        noisy = {"both": True, "positive": label == REAL, "none": False}[self.config.label_noise_on]
        exact = torch.full((n, 1), label, device=like.device)
        return exact + self.config.label_noise * torch.randn_like(exact) if noisy else exact

    def update_discriminator(self, muons: Tensor, label: float, optimiser: Optimizer) -> Tensor:
        """One step of D on muons of one label; returns its loss."""
        logit = self.discriminator(muons)
        loss = discriminator_loss(logit, self.targets(len(muons), label, like=muons))
        return descend(loss, optimiser)

    def update_generator(self, latents: Tensor, optimiser: Optimizer) -> Tensor:
        """One step of G through a D that stands still; returns its loss."""
        self.discriminator.requires_grad_(False)
        try:
            return descend(generator_loss(self.discriminator(self.generator(latents))), optimiser)
        finally:
            self.discriminator.requires_grad_(True)


def discriminator_loss(logit: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy, -t log p - (1 - t) log(1 - p) with p = sigmoid(logit), for any real target t."""
    return (softplus(logit) - target * logit).mean()


def generator_loss(logit: Tensor) -> Tensor:
    """mean(-log D(G(z))) with D = sigmoid(logit)."""
    return softplus(-logit).mean()


def _checked(config: ModelConfig) -> GANConfig:
    if not isinstance(config, GANConfig):
        raise TypeError(f"a configuration of family '{config.family}' given to the GAN")
    return config


def _last_width(config: DenseConfig) -> int:
    return config.widths[-1]
