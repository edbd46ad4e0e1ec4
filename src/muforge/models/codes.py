"""Latent codes of given distributions, made of standard normal numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Codes(nn.Module):
    """Turns some of the normal numbers of a latent vector into codes, one number each.

    A latent vector holds, in this order: noise, which stays as it is; a number z for each categorical code, whose
    category of K is floor(K Phi(z)), so that all are equally likely; a number z for each continuous code, which becomes
    2 Phi(z) - 1, uniform from -1 to 1; and a condition, if any. Phi is the cumulative distribution of a normal number.

    Arguments:
        noise: Numbers of noise.
        categorical: Categories of each categorical code.
        continuous: Continuous codes.
    """

    def __init__(self, noise: int, categorical: Sequence[int], continuous: int) -> None:
        super().__init__()
        self.noise, self.categorical, self.continuous = noise, tuple(categorical), continuous

    @property
    def latents(self) -> int:
        """Normal numbers in a latent vector."""
        return self.noise + len(self.categorical) + self.continuous

    @property
    def outputs(self) -> int:
        """Numbers made of a latent vector without condition: categories are one number each."""
        return self.noise + sum(self.categorical) + self.continuous

    def forward(self, latents: Tensor) -> Tensor:
        """Noise, categories as one-hot vectors, continuous codes, conditions."""
        categories, continuous = self.told(latents)
        one_hot = [
            (category[:, None] == torch.arange(number, device=latents.device)).to(latents.dtype)
            for category, number in zip(categories, self.categorical, strict=True)
        ]
        return torch.cat([latents[:, : self.noise], *one_hot, continuous, latents[:, self.latents :]], dim=1)

    def told(self, latents: Tensor) -> tuple[list[Tensor], Tensor]:
        """The category of each categorical code, each of shape (n,), and continuous codes, shape (n, continuous)."""
        share = torch.special.ndtr(latents[:, self.noise : self.latents].contiguous())
        of_categories, of_continuous = torch.split(share, [len(self.categorical), self.continuous], dim=1)
        categories = [
            (of_categories[:, place] * number).long().clamp_max(number - 1)
            for place, number in enumerate(self.categorical)
        ]
        return categories, 2 * of_continuous - 1
