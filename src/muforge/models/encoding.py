"""Samplers that can go back: from vectors to where in latent space they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Encoding(nn.Module, ABC):
    """A sampler with an encoder to a Gaussian in latent space."""

    encoded: int
    """The first so many latents of the sampler are those that vectors are encoded to."""

    @abstractmethod
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of q(z|x), shape (n, encoded) each.

        Arguments:
            x: Vectors in network space, and their conditions beside them, shape (n, dimensions + conditions).
        """
