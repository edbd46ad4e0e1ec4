"""The Wasserstein GAN with gradient penalty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Optimizer

from muforge.models.adversarial import Adversarial, AdversarialConfig, D, G, standing_still
from muforge.models.dense import hidden_layers
from muforge.models.diagnostics import Diagnostics
from muforge.models.gradient import gradient_at
from muforge.models.optimisers import OptimiserName, descend


class WGANConfig(AdversarialConfig):
    """Two networks and their training, with the defaults of the paper. D is called the critic.

    References:
        Gulrajani et al., Improved training of Wasserstein GANs | https://arxiv.org/abs/1704.00028
        Erdmann, Glombitza, Quast, Precise simulation of electromagnetic calorimeter showers using a Wasserstein
        generative adversarial network | https://arxiv.org/abs/1807.01954
    """

    family: Literal["wgan"] = "wgan"
    optimiser: OptimiserName = Field(default="adam", description="of both networks")
    learning_rate: float = Field(default=0.0001, gt=0, description="of both networks")
    beta1: float = Field(default=0.0, ge=0, lt=1, description="momentum of adam and amsgrad")
    beta2: float = Field(
        default=0.9, ge=0, lt=1, description="memory of the scale of gradients in adam and amsgrad"
    )
    data_noise: float = Field(
        default=0.0, ge=0, description="standard deviation of the noise on real muons, in network space"
    )
    critic_steps: int = Field(default=5, ge=1, le=100, description="of the critic, for one of the generator")
    penalty: float = Field(default=10.0, ge=0, description="weight of the gradient penalty, lambda")

    def rows_per_step(self, batch_size: int) -> int:
        """Half of the batch for each update of the critic."""
        return self.critic_steps * (batch_size // 2)

    @model_validator(mode="after")
    def _critic_without_batch_norm(self) -> Self:
        if self.discriminator.batch_norm:
            raise ValueError(
                "discriminator.batch_norm: must be off, the gradient penalty is of single muons, not of batches"
            )
        return self


class WGANModel(Adversarial):
    """A generator that lessens the Wasserstein distance between its muons and real ones, which a critic estimates.

    The critic's loss is mean C(generated) - mean C(real) + lambda * mean (|grad C| - 1)^2, the gradient being taken at
    random places between real and generated muons of the same condition; its last layer has no bias, which would not
    matter. One step of a batch of N is `critic_steps`
    updates of the critic, each on N/2 other real muons and on N/2 generated ones, and an update of G on N latents.
    """

    config_class = WGANConfig
    config: WGANConfig

    @staticmethod
    def make_discriminator(config: WGANConfig, inputs: int) -> nn.Module:
        last = nn.Linear(config.discriminator.widths[-1], 1, bias=False)
        nn.init.xavier_uniform_(last.weight)
        return nn.Sequential(*hidden_layers(config.discriminator, inputs), last)

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        """As `Trainable.training_step`; `wasserstein` is the estimate of the distance, in network space."""
        diagnostics = Diagnostics(self.config.diagnostics)
        losses, distances = [], []
        batches = batch.tensor_split(self.config.critic_steps)
        for real in batches:
            loss, distance = self.loss_of_critic(real)
            losses.append(descend(loss, optimisers[D]))
            distances.append(distance)
            diagnostics.gradient("d_gradient_norm", optimisers[D])
        g_loss = self.update_generator(batches[-1], optimisers)
        diagnostics.gradient("g_gradient_norm", optimisers[G])
        return {
            "d_loss": torch.stack(losses).mean(),
            "g_loss": g_loss,
            "wasserstein": torch.stack(distances).mean(),
            **diagnostics.means(),
        }

    def loss_of_critic(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of the critic and its estimate of the Wasserstein distance, detached.

        Arguments:
            batch: Real muons; as many are generated.
        """
        real = self.smeared(batch)
        generated = self.generate(self.latents(len(batch), like=batch))
        of_real, of_generated = self.discriminator(torch.cat([real, generated])).chunk(2)
        distance = of_real.mean() - of_generated.mean()
        penalty = self.config.penalty * self.unevenness(real, generated)
        return penalty - distance, distance.detach()

    def unevenness(self, real: Tensor, generated: Tensor) -> Tensor:
        """mean (|grad C| - 1)^2 at random places on straight lines from real to generated muons."""
        share = torch.rand(len(real), 1, device=real.device)
        between = torch.lerp(real, generated, share).requires_grad_()
        gradient = gradient_at(self.discriminator(between), between, self.dimensions)
        length: Tensor = torch.linalg.vector_norm(gradient, dim=1)
        return (length - 1).square().mean()

    def update_generator(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> Tensor:
        """One step of G through a critic that stands still; returns its loss, -mean C(G(z)).

        Arguments:
            batch: Real muons, for their number and conditions.
            optimisers: Of both networks.
        """
        latents = self.latents(2 * len(batch), like=batch)
        with standing_still(self.discriminator):
            made = self.with_conditions(self.generator(latents), latents)
            return descend(-self.discriminator(made).mean(), optimisers[G])
