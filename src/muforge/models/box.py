"""Samplers whose latents are restricted to a box: standard normal numbers become truncated normal ones."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.special import erfc, ndtri

Box = Mapping[int, tuple[float, float]]
"""Ends (low, high) of latent dimensions by number, counted from zero; those that are not named are free."""


def probability(box: Box) -> float:
    """Of standard normal latents to lie in a box."""
    return prod(_between(*ends) for ends in box.values())


class Boxed(nn.Module):
    """A sampler whose standard normal latents are squeezed into a box.

    Arguments:
        sampler: Of any family.
        box: By latent dimension.
    """

    def __init__(self, sampler: nn.Module, box: Box) -> None:
        super().__init__()
        self.sampler = sampler
        self._box = dict(box)

    def forward(self, latent: Tensor) -> Tensor:
        """Samples of standard normal latents, and conditions beside them."""
        inside = latent.clone()
        for number, ends in self._box.items():
            inside[:, number] = truncated(latent[:, number], *ends)
        samples: Tensor = self.sampler(inside)
        return samples


def truncated(normal: Tensor, low: float, high: float) -> Tensor:
    """Normal numbers between two ends, in the order of the standard normal ones that they are made of.

    References:
        Devroye, Non-uniform random variate generation (1986), section II.2
    """
    if low + high > 0:
        return -truncated(-normal, -high, -low)
    begin, end = _below(torch.tensor([low, high], dtype=torch.float64, device=normal.device))
    inside: Tensor = ndtri(begin + _below(normal.double()) * (end - begin))
    return inside.to(normal.dtype)


def _between(low: float, high: float) -> float:
    if low + high > 0:
        return _between(-high, -low)
    begin, end = _below(torch.tensor([low, high], dtype=torch.float64)).tolist()
    return float(end - begin)


def _below(x: Tensor) -> Tensor:
    """The normal distribution function, exact in the lower tail, where torch's own is not."""
    below: Tensor = erfc(-x * sqrt(1 / 2)) / 2
    return below
