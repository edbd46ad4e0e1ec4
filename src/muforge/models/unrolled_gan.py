"""The unrolled GAN: a generator that sees how the discriminator would answer its changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.func import functional_call
from torch.optim import Optimizer

from muforge.models.adversarial import D, G, standing_still
from muforge.models.label_gan import GENERATED, REAL, LabelGAN, LabelGANConfig, generator_loss
from muforge.models.lookahead import Lookahead
from muforge.models.optimisers import descend


class UnrolledGANConfig(LabelGANConfig):
    """The note's GAN, and how far its generator looks ahead.

    References:
        Metz et al., Unrolled generative adversarial networks | https://arxiv.org/abs/1611.02163
    """

    family: Literal["unrolled_gan"] = "unrolled_gan"
    unrolled_steps: int = Field(
        default=5, ge=0, le=100, description="steps of D that G looks ahead; 0 is the usual GAN"
    )


class UnrolledGANModel(LabelGAN):
    """A GAN whose G is updated through a D that is some steps ahead, and through those steps.

    D learns as usual. For G, a copy of D takes `unrolled_steps` steps of D's own optimiser on the muons of this step,
    real and generated ones together. G's gradient goes through the copy and through the steps: it learns that D will
    turn against muons that are too many in one place.
    """

    config_class = UnrolledGANConfig
    config: UnrolledGANConfig

    def update_generator(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        latents = self.latents(2 * len(batch), like=batch)
        names, parameters = zip(*self.discriminator.named_parameters(), strict=True)
        with standing_still(self.discriminator):
            ahead = Lookahead(optimisers[D], parameters)

            def logit(muons: Tensor) -> Tensor:
                weights = dict(zip(names, ahead.parameters, strict=True))
                answer: Tensor = functional_call(self.discriminator, weights, (muons,))
                return answer

            generated = self.with_conditions(self.generator(latents), latents)
            for _ in range(self.config.unrolled_steps):
                on_real = self.label_loss(logit(self.smeared(batch)), REAL)
                on_generated = self.label_loss(logit(generated), GENERATED)
                ahead.descend((on_real + on_generated) / 2)
            return {"g_loss": descend(generator_loss(logit(generated)), optimisers[G])}
