"""A category's whole generator as one torch module: from random numbers to physical columns, on any device."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from muforge.engine.grid import CELLS, END, coordinates
from muforge.errors import ConfigError, RepresentationError
from muforge.trained import TrainedModel


class PhysicalChain(nn.Module):
    """A sampler and the inverse of the physical representation, with the tables and formulas of the compiled engine.

    Equal random numbers give the engine's muons, to float32; those that the engine uses come from `engine.draw`.

    Warning:
        The tables end at normal scores of `END`, which the engine's numbers do not reach. Muons of larger scores are
        those of the ends.

    Arguments:
        model: Of one category. Its sampler is copied, in its own precision; a completion is left out.

    Raises:
        ConfigError: The model is on another representation, or conditional.
    """

    tables: Tensor
    middles: Tensor

    def __init__(self, model: TrainedModel) -> None:
        super().__init__()
        try:
            quantile, polar = model.representation.scores_and_polar()
        except RepresentationError:
            raise ConfigError(
                f"category {model.category}: model family '{model.config.family}' is not on the physical representation"
            ) from None
        if model.conditions is not None:
            raise ConfigError(
                f"category {model.category}: its model is conditional, and those are not exported"
            )
        self.latent_dimensions = model.latent_dimensions
        self.sampler = copy.deepcopy(model.sampler)
        self._front, self._radius = polar.front, polar.radius
        tables = torch.from_numpy(coordinates(polar, quantile))
        middles = torch.arange(len(tables)) * (CELLS + 1) + CELLS // 2
        self.register_buffer("tables", tables.flatten(), persistent=False)
        self.register_buffer("middles", middles, persistent=False)

    def forward(self, normal: Tensor, turn: Tensor) -> Tensor:
        """Columns start_x, start_y, start_z [cm], px, py, pz [GeV], shape (n, 6).

        Arguments:
            normal: Standard normal numbers, float32, shape (n, latent_dimensions).
            turn: Uniform numbers in [0, 1), float32, shape (n,).
        """
        depth, p, q, *of_vertex = self._coordinates(self.sampler(normal)).unbind(dim=1)
        share = p / torch.sqrt(p * p + q * q)
        pz, pt = p * share, q * share
        negative = turn >= 0.5
        azimuth = 2 * torch.pi * (2 * turn - negative.to(turn.dtype) if of_vertex else turn)
        cosine, sine = torch.cos(azimuth), torch.sin(azimuth)
        x = y = torch.zeros_like(depth)
        if of_vertex:
            f, across = of_vertex
            straight = f * depth * q / p
            r = straight * self._radius / (straight + self._radius)
            tangent = (across / (2 * q)).clamp_max(1e18)
            square = tangent * tangent + 1
            along = (1 - tangent * tangent) / square
            beside = 2 * tangent / square
            beside = torch.where(negative, beside, -beside)
            x, y = r * (cosine * along - sine * beside), r * (sine * along + cosine * beside)
        return torch.stack([x, y, depth + self._front, pt * cosine, pt * sine, pz], dim=1)

    def _coordinates(self, score: Tensor) -> Tensor:
        """The polar coordinates of normal scores, (n, d) both, by straight lines between points of the grid."""
        at = (score * (CELLS / (2 * END))).clamp(-CELLS / 2, CELLS / 2)
        cell = at.floor().clamp_max(CELLS / 2 - 1)
        left = cell.long() + self.middles
        low, high = self.tables.take(left), self.tables.take(left + 1)
        return low + (at - cell) * (high - low)
