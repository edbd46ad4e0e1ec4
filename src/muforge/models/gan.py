"""The generative adversarial network of the 2018 note, and what steadies it."""

from __future__ import annotations

from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from muforge.models.adversarial import GeneratorConfig
from muforge.models.discriminator import DiscriminatorConfig
from muforge.models.gradient import gradient_at
from muforge.models.label_gan import (
    REAL,
    Answer,
    LabelGAN,
    LabelGANConfig,
    discriminator_loss,
    generator_loss,
)

__all__ = [
    "DiscriminatorConfig",
    "GANConfig",
    "GANModel",
    "GeneratorConfig",
    "discriminator_loss",
    "generator_loss",
]


class GANConfig(LabelGANConfig):
    """The note's GAN, with its defaults (section 7); normalisation and dropout default to what its code does.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 7
        Mescheder, Geiger, Nowozin, Which training methods for GANs do actually converge? |
        https://arxiv.org/abs/1801.04406
        Salimans et al., Improved techniques for training GANs | https://arxiv.org/abs/1606.03498
    """

    family: Literal["gan"] = "gan"
    r1: float = Field(
        default=0.0, ge=0, description="weight gamma of the penalty on D's gradient at real muons; 0 is off"
    )
    feature_matching: bool = Field(
        default=False, description="G learns the mean of D's features of real muons instead of D's answers"
    )

    @model_validator(mode="after")
    def _no_batch_norm_where_it_hides_the_mean(self) -> Self:
        for name in ("r1", "feature_matching"):
            if getattr(self, name) and self.discriminator.batch_norm:
                raise ValueError(
                    f"{name}: needs discriminator.batch_norm off, which gives every batch the same mean"
                )
        return self


class GANModel(LabelGAN):
    """The note's GAN. Options add R1 = gamma / 2 * mean |grad D|^2 at real muons to the loss of D, or let G match D's
    features: its loss is then |mean f(real) - mean f(generated)|^2, f being D's last hidden layer."""

    config_class = GANConfig
    config: GANConfig

    def on_real(self, batch: Tensor) -> Answer:
        if not self.config.r1:
            return super().on_real(batch)
        rows = self.smeared(batch).detach().requires_grad_()
        logit = self.discriminator(rows)
        steepness = gradient_at(logit, rows, self.dimensions).square().sum(dim=1).mean()
        return Answer(self.label_loss(logit, REAL) + self.config.r1 / 2 * steepness, logit)

    def loss_of_generator(self, latents: Tensor, batch: Tensor) -> Tensor:
        if not self.config.feature_matching:
            return super().loss_of_generator(latents, batch)
        with torch.no_grad():
            real = self.discriminator.features(self.smeared(batch)).mean(dim=0)
        generated = self.with_conditions(self.generator(latents), latents)
        return (self.discriminator.features(generated).mean(dim=0) - real).square().sum()
