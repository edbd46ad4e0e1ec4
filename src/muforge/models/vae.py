"""The variational autoencoder of the 2018 note."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Optimizer

from muforge.errors import ConfigError
from muforge.models.dense import dense
from muforge.models.optimisers import OptimiserName, descend, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig


class VAEConfig(ModelConfig):
    """The note's VAE, with its defaults.

    References:
        Marshall, GANs and VAEs testing (2018), sections 6 and 8
        Kingma, Welling, Auto-encoding variational Bayes | https://arxiv.org/abs/1312.6114
    """

    family: Literal["vae"] = "vae"
    latent_dimensions: int = Field(default=4, ge=1, description="numbers in a latent vector")
    nodes_encoder: int = Field(default=100, ge=1, le=65536, description="in each hidden layer")
    nodes_decoder: int = Field(default=100, ge=1, le=65536, description="in each hidden layer")
    layers_encoder: int = Field(default=3, ge=1, le=16, description="hidden layers")
    layers_decoder: int = Field(default=3, ge=1, le=16, description="hidden layers")
    reconstruction: float = Field(
        default=1000.0, gt=0, description="weight of the cross entropy against the KL divergence"
    )
    optimiser: OptimiserName = Field(default="amsgrad", description="of both networks")
    learning_rate: float = Field(default=0.001, gt=0, description="of both networks")

    def latents(self, dimensions: int) -> int:
        return self.latent_dimensions


class VAEModel(Model):
    """An encoder to a Gaussian in latent space, and a decoder from it.

    The loss of the note is d * binary cross-entropy * weight + KL(N(mean, variance) || N(0, 1)), with the columns in
    [0, 1]. Samples are decoded standard normal latents.

    Arguments:
        config: Architecture and training.
        dimensions: Columns to learn, d.
    """

    config_class = VAEConfig
    config: VAEConfig

    def __init__(self, config: VAEConfig, dimensions: int) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.encoder = _network(
            dimensions, config.nodes_encoder, config.layers_encoder, 2 * config.latent_dimensions
        )
        self.sampler = _decoder(config, dimensions)

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> Self:
        _require_unit(bounds)
        return cls(_checked(config), dimensions)

    @classmethod
    def build_sampler(cls, config: ModelConfig, dimensions: int, bounds: Bounds) -> nn.Module:
        _require_unit(bounds)
        return _decoder(_checked(config), dimensions)

    def optimisers(self) -> dict[str, Optimizer]:
        config = self.config
        optimiser = make_optimiser(
            config.optimiser, self.parameters(), learning_rate=config.learning_rate, beta1=0.9
        )
        return {"vae": optimiser}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        mean, log_variance = self.encoder(batch).chunk(2, dim=1)
        latent = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        logits = self.sampler[:-1](latent)  # type: ignore[index]
        reconstruction = self.dimensions * binary_cross_entropy_with_logits(logits, batch)
        divergence = (mean * mean + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2
        loss = self.config.reconstruction * reconstruction + divergence
        descend(loss, optimisers["vae"])
        return {"reconstruction": reconstruction.detach(), "kl": divergence.detach()}


def _network(inputs: int, nodes: int, layers: int, outputs: int) -> nn.Sequential:
    modules: list[nn.Module] = []
    for pair in itertools.pairwise([inputs, *[nodes] * layers]):
        modules += [dense(*pair), nn.ReLU()]
    return nn.Sequential(*modules, dense(nodes, outputs))


def _decoder(config: VAEConfig, dimensions: int) -> nn.Sequential:
    network = _network(config.latent_dimensions, config.nodes_decoder, config.layers_decoder, dimensions)
    return network.append(nn.Sigmoid())


def _require_unit(bounds: Bounds) -> None:
    low, high = bounds
    if not (np.equal(low, 0).all() and np.equal(high, 1).all()):
        raise ConfigError("model family 'vae': needs columns in [0, 1], give representation.range 'unit'")


def _checked(config: ModelConfig) -> VAEConfig:
    if not isinstance(config, VAEConfig):
        raise TypeError(f"a configuration of family '{config.family}' given to the VAE")
    return config
