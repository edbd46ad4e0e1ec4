"""A VAE whose encoder is known: z is the first two columns of network space."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from muforge.models.encoding import Encoding
from muforge.models.vae import VAEConfig
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import Sample, features
from muforge.trained import TrainedModel
from tests.muons import make_sample

CATEGORY = 1
VARIANCE = 0.04


class Known(Encoding):
    """Encodes start z and px of network space; makes start z and py of the first latent, px and pz of the second."""

    encoded = 2
    conditions = 0

    def __init__(self) -> None:
        super().__init__()
        self.parameter = nn.Parameter(torch.zeros(1))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[:, :2], torch.full_like(x[:, :2], float(np.log(VARIANCE)))

    def forward(self, latents: Tensor) -> Tensor:
        return torch.tanh(latents.repeat(1, 2))


@lru_cache
def muons(n: int = 3000, seed: int = 0) -> Sample:
    """With two origins: 1 where start z is low, 99 elsewhere."""
    sample = make_sample(n, category=CATEGORY, seed=seed)
    return Sample(sample.columns | {"origin": np.where(sample["start_z"] < 20, 1, 99)})


@lru_cache
def known() -> TrainedModel:
    """The model."""
    representation = Representation.fit(muons(), features(CATEGORY), NoteRepresentationConfig())
    return TrainedModel(CATEGORY, VAEConfig(latent_dimensions=2), representation, Known())
