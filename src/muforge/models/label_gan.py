"""Adversarial networks whose discriminator learns labels, as the 2018 note has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus
from torch.optim import Optimizer

from muforge.models.adversarial import Adversarial, AdversarialConfig, D, G, standing_still
from muforge.models.diagnostics import Diagnostics
from muforge.models.discriminator import Discriminator, DiscriminatorConfig
from muforge.models.optimisers import descend

REAL, GENERATED = 1.0, 0.0


class LabelGANConfig(AdversarialConfig):
    """Two networks and the noise on the labels that one of them learns.

    References:
        Marshall, GANs and VAEs testing (2018), sections 5 and 7
    """

    discriminator: DiscriminatorConfig = Field(
        default=DiscriminatorConfig(), description="hidden layers of D"
    )
    label_noise: float = Field(
        default=0.3, ge=0, description="standard deviation of the noise on labels seen by D"
    )
    label_noise_on: Literal["both", "positive", "none"] = Field(
        default="both",
        description="labels with noise: of real and generated muons, of real ones only, or of none",
    )


class Answer(NamedTuple):
    """What D says of muons.

    Arguments:
        loss: To be made small.
        logit: Shape (n, 1), positive where D takes a muon for real.
    """

    loss: Tensor
    logit: Tensor


class LabelGAN(Adversarial):
    """Generator G and discriminator D, which learn from each other.

    One step of a batch of N is, as in the note's code: D is updated on N/2 real muons, then on N/2 generated
    ones (from G in evaluation: batch normalisation by running statistics), then G is updated on N latents
    through D, whose weights stand still while its dropout and batch normalisation act as in training.
    """

    config: LabelGANConfig
    discriminator: Discriminator

    @staticmethod
    def make_discriminator(config: LabelGANConfig, inputs: int) -> Discriminator:
        return Discriminator(config.discriminator, inputs)

    def training_step(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        diagnostics = Diagnostics(self.config.diagnostics)
        on_real = self.on_real(batch)
        d_real = descend(on_real.loss, optimisers[D])
        diagnostics.logits("d_accuracy_real", on_real.logit, real=True)
        diagnostics.gradient("d_gradient_norm", optimisers[D])
        on_generated = self.on_generated(self.latents(len(batch), like=batch))
        d_generated = descend(on_generated.loss, optimisers[D])
        diagnostics.logits("d_accuracy_generated", on_generated.logit, real=False)
        diagnostics.gradient("d_gradient_norm", optimisers[D])
        losses = self.update_generator(batch, optimisers)
        diagnostics.gradient("g_gradient_norm", optimisers[G])
        return {"d_loss": (d_real + d_generated) / 2, **losses, **diagnostics.means()}

    def on_real(self, batch: Tensor) -> Answer:
        """What D says of real muons."""
        return self._answer(self.smeared(batch), REAL)

    def on_generated(self, latents: Tensor) -> Answer:
        """What D says of muons that G makes of latents."""
        return self._answer(self.generate(latents), GENERATED)

    def update_generator(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        """One step of G through a D that stands still; returns losses.

        Arguments:
            batch: Real muons of the step.
            optimisers: Of both networks.
        """
        latents = self.latents(2 * len(batch), like=batch)
        with standing_still(self.discriminator):
            return {"g_loss": descend(self.loss_of_generator(latents, batch), optimisers[G])}

    def loss_of_generator(self, latents: Tensor, batch: Tensor) -> Tensor:
        """What G makes small.

        Arguments:
            latents: That it makes muons of.
            batch: Real muons of the step.
        """
        return generator_loss(self.discriminator(self.with_conditions(self.generator(latents), latents)))

    def targets(self, n: int, label: float, *, like: Tensor) -> Tensor:
        """What D should answer for n muons of this label, with label noise, shape (n, 1)."""
        noisy = {"both": True, "positive": label == REAL, "none": False}[self.config.label_noise_on]
        exact = torch.full((n, 1), label, device=like.device)
        return exact + self.config.label_noise * torch.randn_like(exact) if noisy else exact

    def label_loss(self, logit: Tensor, label: float) -> Tensor:
        """The loss of D for logits of muons of one label."""
        return discriminator_loss(logit, self.targets(len(logit), label, like=logit))

    def _answer(self, muons: Tensor, label: float) -> Answer:
        logit = self.discriminator(muons)
        return Answer(self.label_loss(logit, label), logit)


def discriminator_loss(logit: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy, -t log p - (1 - t) log(1 - p) with p = sigmoid(logit), for any real target t."""
    return (softplus(logit) - target * logit).mean()


def generator_loss(logit: Tensor) -> Tensor:
    """mean(-log D(G(z))) with D = sigmoid(logit)."""
    return softplus(-logit).mean()
