"""The variational autoencoder: the 2018 note's, and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Optimizer

from muforge.models.dense import DenseConfig, dense, hidden_layers
from muforge.models.encoding import Encoding
from muforge.models.likelihoods import Bernoulli, Gaussian, Likelihood, SigmaName
from muforge.models.optimisers import OptimiserName, descend, make_optimiser
from muforge.models.protocol import Bounds, Model, ModelConfig

EVIDENCE = 1.0
"""Weight of the reconstruction with which the loss is minus the lower bound of the evidence."""


class VAEConfig(ModelConfig):
    """The note's VAE, with its defaults.

    References:
        Marshall, GANs and VAEs testing (2018), sections 6 and 8
        Kingma, Welling, Auto-encoding variational Bayes | https://arxiv.org/abs/1312.6114
    """

    family: Literal["vae"] = "vae"
    latent_dimensions: int = Field(default=4, ge=1, description="numbers that a muon is encoded to")
    nodes_encoder: int = Field(default=100, ge=1, le=65536, description="in each hidden layer")
    nodes_decoder: int = Field(default=100, ge=1, le=65536, description="in each hidden layer")
    layers_encoder: int = Field(default=3, ge=1, le=16, description="hidden layers")
    layers_decoder: int = Field(default=3, ge=1, le=16, description="hidden layers")
    batch_norm: bool = Field(
        default=False, description="batch normalisation after each activation, in both networks"
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of nodes dropped after each hidden layer, in both networks",
    )
    likelihood: Literal["bernoulli", "gaussian"] = Field(
        default="bernoulli",
        description="'bernoulli': the note's cross entropy, for columns in [0, 1]; 'gaussian': for any, and muons get "
        "the decoder's noise",
    )
    sigma: SigmaName | Annotated[float, Field(gt=0)] = Field(
        default="column",
        description="standard deviation of the Gaussian likelihood in network space: a number, 'column' to learn one "
        "of each column, or 'muon' to have the decoder tell them",
    )
    reconstruction: float = Field(
        default=1000.0,
        gt=0,
        description="weight of the reconstruction, the note's -x; by default 1 with a Gaussian likelihood",
    )
    beta: float = Field(default=1.0, ge=0, description="weight of the KL divergence")
    beta_warm_up: int = Field(
        default=0, ge=0, description="steps in which the weight of the KL divergence grows from 0 to beta"
    )
    free_bits: float = Field(
        default=0.0, ge=0, description="nats of KL divergence that each latent dimension has for nothing"
    )
    optimiser: OptimiserName = Field(default="amsgrad", description="of both networks")
    learning_rate: float = Field(default=0.001, gt=0, description="of both networks")

    @model_validator(mode="before")
    @classmethod
    def _evidence_of_a_gaussian(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("likelihood") == "gaussian":
            return {"reconstruction": EVIDENCE, **value}
        return value

    def latents(self, dimensions: int) -> int:
        """Those that muons are encoded to, and with a Gaussian likelihood the noise of each column."""
        return self.latent_dimensions + (dimensions if self.likelihood == "gaussian" else 0)


class VAESampler(Encoding):
    """A decoder from latent space, and the encoder that it was trained with, which drawing samples does not use.

    Arguments:
        config: Architecture.
        dimensions: Columns to learn, d.
        bounds: Box of network space.
        conditions: Numbers in a condition.
    """

    def __init__(self, config: VAEConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> None:
        super().__init__()
        self.encoded = config.latent_dimensions
        gaussian = config.likelihood == "gaussian"
        self.likelihood: Likelihood = Gaussian(bounds, config.sigma) if gaussian else Bernoulli(bounds)
        self._sizes = [self.encoded, self.likelihood.normals, conditions]
        self.encoder = _network(
            config,
            dimensions + conditions,
            config.nodes_encoder,
            config.layers_encoder,
            2 * self.encoded,
        )
        self.decoder = _network(
            config,
            self.encoded + conditions,
            config.nodes_decoder,
            config.layers_decoder,
            self.likelihood.outputs,
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Vectors (n, d) from standard normal numbers and conditions (n, encoded + noise + conditions)."""
        z, noise, condition = torch.split(latent, self._sizes, dim=1)
        return self.likelihood.draw(self.decode(z, condition), noise)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor, condition: Tensor) -> Tensor:
        """The numbers that the likelihood takes, of (n, encoded) and (n, conditions)."""
        given: Tensor = self.decoder(torch.cat([z, condition], dim=1))
        return given


class VAEModel(Model):
    """An encoder to a Gaussian in latent space, and a decoder from it.

    The loss is reconstruction * cost + beta * KL(N(mean, variance) || N(0, 1)). The cost is minus the log likelihood;
    the note's is d * binary cross-entropy, with the columns in [0, 1]. Samples are decoded standard normal latents.

    With free bits, KL of each latent dimension, averaged over the batch, counts no less than these.

    Arguments:
        config: Architecture and training.
        dimensions: Columns to learn, d.
        bounds: Box of network space.
        conditions: Numbers in a condition.

    References:
        Higgins et al., beta-VAE | https://openreview.net/forum?id=Sy2fzU9gl
        Bowman et al., Generating sentences from a continuous space (the warm-up) | https://arxiv.org/abs/1511.06349
        Kingma et al., Improving variational inference with inverse autoregressive flow (free bits) |
        https://arxiv.org/abs/1606.04934
        Sohn, Lee, Yan, Learning structured output representation using deep conditional generative models |
        https://papers.nips.cc/paper/5775
    """

    config_class = VAEConfig
    config: VAEConfig
    sampler: VAESampler
    step: Tensor

    def __init__(self, config: VAEConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> None:
        super().__init__()
        self.config = config
        self.dimensions = dimensions
        self.conditions = conditions
        self.sampler = VAESampler(config, dimensions, bounds, conditions)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    @classmethod
    def build(cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> Self:
        return cls(_checked(config), dimensions, bounds, conditions)

    @classmethod
    def build_sampler(
        cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> nn.Module:
        return VAESampler(_checked(config), dimensions, bounds, conditions)

    def optimisers(self) -> dict[str, Optimizer]:
        config = self.config
        optimiser = make_optimiser(
            config.optimiser, self.parameters(), learning_rate=config.learning_rate, beta1=0.9
        )
        return {"vae": optimiser}

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        x, condition = torch.split(batch, [self.dimensions, self.conditions], dim=1)
        mean, log_variance = self.sampler.encode(batch)
        latent = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        reconstruction = self.sampler.likelihood.cost(self.sampler.decode(latent, condition), x)
        divergences = mean * mean + log_variance.exp() - 1 - log_variance
        divergence = divergences.sum(dim=1).mean() / 2
        counted = divergence
        if self.config.free_bits > 0:
            counted = (divergences.mean(dim=0) / 2).clamp_min(self.config.free_bits).sum()
        loss = self.config.reconstruction * reconstruction + self.beta() * counted
        descend(loss, optimisers["vae"])
        self.step += 1
        return {"reconstruction": reconstruction.detach(), "kl": divergence.detach()}

    def beta(self) -> float | Tensor:
        """Weight of the KL divergence after the steps so far."""
        beta, warm_up = self.config.beta, self.config.beta_warm_up
        return beta * (self.step / warm_up).clamp_max(1) if warm_up else beta


def _network(config: VAEConfig, inputs: int, nodes: int, layers: int, outputs: int) -> nn.Sequential:
    """Dense, ReLU, batch normalisation, dropout for each hidden layer, and a dense layer."""
    hidden = DenseConfig(
        layers=layers,
        shape="flat",
        width=nodes,
        batch_norm=config.batch_norm,
        dropout=config.dropout,
        leaky_slope=0.0,
    )
    return nn.Sequential(*hidden_layers(hidden, inputs), dense(nodes, outputs))


def _checked(config: ModelConfig) -> VAEConfig:
    if not isinstance(config, VAEConfig):
        raise TypeError(f"a configuration of family '{config.family}' given to the VAE")
    return config
