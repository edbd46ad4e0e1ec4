"""The information maximising GAN: parts of the latent vector that can be read off the muons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu
from torch.optim import Optimizer

from muforge.models.adversarial import D, G, generator_network, standing_still
from muforge.models.codes import Codes
from muforge.models.dense import dense
from muforge.models.label_gan import GENERATED, Answer, LabelGAN, LabelGANConfig, generator_loss
from muforge.models.optimisers import descend
from muforge.models.protocol import Bounds, ModelConfig


class InfoGANConfig(LabelGANConfig):
    """The note's GAN, and codes in its latent vector.

    References:
        Chen et al., InfoGAN | https://arxiv.org/abs/1606.03657
    """

    family: Literal["infogan"] = "infogan"
    latent_dimensions: int = Field(
        default=100, ge=1, description="numbers of noise in a latent vector, before its codes"
    )
    categorical: tuple[Annotated[int, Field(ge=2, le=1024)], ...] = Field(
        default=(4,), description="categories of each categorical code"
    )
    continuous: int = Field(default=2, ge=0, description="continuous codes, uniform from -1 to 1")
    information: float = Field(
        default=1.0, gt=0, description="weight lambda of what the muons tell about the codes"
    )
    nodes_q: int = Field(default=128, ge=1, le=65536, description="in the hidden layer of Q")

    @model_validator(mode="after")
    def _some_code(self) -> Self:
        if not self.categorical and not self.continuous:
            raise ValueError("categorical, continuous: at least one code is needed")
        return self

    def latents(self, dimensions: int) -> int:
        """Noise and a normal number for each code."""
        return self.latent_dimensions + len(self.categorical) + self.continuous


class Recogniser(nn.Module):
    """Q: tells the codes of a muon from D's features of it.

    Arguments:
        features: Numbers that D's last hidden layer gives.
        nodes: In the hidden layer.
        codes: To be told.
        slope: Of LeakyReLU below zero.
    """

    def __init__(self, features: int, nodes: int, codes: Codes, slope: float) -> None:
        super().__init__()
        self._codes, self._slope = codes, slope
        self.hidden = dense(features, nodes)
        self.last = dense(nodes, sum(codes.categorical) + codes.continuous)

    def forward(self, features: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits of the categories of each categorical code, and means of the continuous ones."""
        out = self.last(leaky_relu(self.hidden(features), self._slope))
        *logits, means = out.split([*self._codes.categorical, self._codes.continuous], dim=1)
        return logits, means

    def loss(self, features: Tensor, latents: Tensor) -> Tensor:
        """Mean of -log Q(codes | muon), but for constants: a Gaussian of unit variance for continuous codes.

        Its negative is a lower bound of the mutual information of codes and muons.
        """
        categories, continuous = self._codes.told(latents)
        logits, means = self(features)
        loss: Tensor = (continuous - means).square().sum(dim=1).mean() / 2
        for logit, category in zip(logits, categories, strict=True):
            loss = loss + cross_entropy(logit, category)
        return loss


class InfoGANModel(LabelGAN):
    """A GAN whose latent vector has codes that a third network Q can tell from the muon.

    Q shares D's hidden layers and learns with it, from generated muons. G is updated for muons that D takes for real
    and that show their codes: the loss of Q, times `information`, is added to its loss and to that of D.
    """

    config_class = InfoGANConfig
    config: InfoGANConfig

    def __init__(self, config: InfoGANConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> None:
        super().__init__(config, dimensions, bounds, conditions)
        of_d = config.discriminator
        self.recogniser = Recogniser(of_d.widths[-1], config.nodes_q, _codes(config), of_d.leaky_slope)

    @classmethod
    def build_sampler(
        cls, config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0
    ) -> nn.Module:
        own: InfoGANConfig = cls.checked(config)
        codes = _codes(own)
        inputs = codes.outputs + conditions
        return nn.Sequential(codes, *generator_network(own.generator, inputs, dimensions, bounds))

    def learners(self) -> dict[str, list[nn.Parameter]]:
        networks = super().learners()
        return {**networks, D: [*networks[D], *self.recogniser.parameters()]}

    def on_generated(self, latents: Tensor) -> Answer:
        features = self.discriminator.features(self.generate(latents))
        logit = self.discriminator.judge(features)
        told = self.config.information * self.recogniser.loss(features, latents)
        return Answer(self.label_loss(logit, GENERATED) + told, logit)

    def update_generator(self, batch: Tensor, optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        latents = self.latents(2 * len(batch), like=batch)
        with standing_still(self.discriminator), standing_still(self.recogniser):
            features = self.discriminator.features(self.with_conditions(self.generator(latents), latents))
            g_loss = generator_loss(self.discriminator.judge(features))
            q_loss = self.recogniser.loss(features, latents)
            descend(g_loss + self.config.information * q_loss, optimisers[G])
        return {"g_loss": g_loss.detach(), "q_loss": q_loss.detach()}


def _codes(config: InfoGANConfig) -> Codes:
    return Codes(config.latent_dimensions, config.categorical, config.continuous)
