"""Coupling splines: half of the coordinates by splines that depend on the other half, in turns."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from muforge.models.density import Flow
from muforge.models.spline import parameters_per_spline, rational_quadratic_spline


class CouplingLayer(nn.Module):
    """Splines of the coordinates of one mask, with parameters from a network of the others.

    Arguments:
        kept: Which coordinates pass unchanged, shape (d,).
        conditions: Numbers in a condition.
        width, depth: Nodes and number of hidden layers of the network.
        bins: Of each spline.
        bound: Where splines end.
    """

    kept: Tensor
    moved: Tensor

    def __init__(
        self, kept: Tensor, *, conditions: int, width: int, depth: int, bins: int, bound: float
    ) -> None:
        super().__init__()
        self.bound = bound
        self.register_buffer("kept", kept.nonzero()[:, 0], persistent=False)
        self.register_buffer("moved", (~kept).nonzero()[:, 0], persistent=False)
        sizes = [len(self.kept) + conditions, *[width] * depth]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.SiLU()]
        last = nn.Linear(sizes[-1], len(self.moved) * parameters_per_spline(bins))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(*layers, last)

    def forward(self, x: Tensor, condition: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
        """Coordinates of shape (n, d) and the logarithm of the determinant, shape (n,).

        Arguments:
            x: Coordinates, shape (n, d).
            condition: Shape (n, conditions).
        """
        seen = torch.cat([x[:, self.kept], condition], dim=1)
        parameters = self.network(seen).view(x.shape[0], len(self.moved), -1)
        moved, log_derivative = rational_quadratic_spline(
            x[:, self.moved], parameters, bound=self.bound, inverse=inverse
        )
        return x.index_copy(1, self.moved, moved), log_derivative.sum(dim=1)


class CouplingSplines(Flow):
    """A map between vectors x and standard normal u by coupling layers, as cheap in one direction as in the other.

    Warning:
        Splines act within [-bound, bound]; beyond, a coordinate is its base normal.

    Arguments:
        dimensions: d >= 2.
        conditions: Numbers in a condition, which every layer sees.
        layers: Number of coupling layers; every coordinate is moved by two of three.
        width, depth, bins, bound: Of each layer.

    References:
        Dinh, Sohl-Dickstein, Bengio, Density estimation using Real NVP | https://arxiv.org/abs/1605.08803
        Durkan et al., Neural spline flows | https://arxiv.org/abs/1906.04032
    """

    def __init__(
        self,
        dimensions: int,
        *,
        conditions: int = 0,
        layers: int,
        width: int,
        depth: int,
        bins: int,
        bound: float,
    ) -> None:
        super().__init__()
        self._dimensions = dimensions
        place = torch.arange(dimensions)
        masks = [(place + turn) % 2 == 0 for turn in range(2)] + [place < (dimensions + 1) // 2]
        self.layers = nn.ModuleList(
            CouplingLayer(
                masks[number % len(masks)],
                conditions=conditions,
                width=width,
                depth=depth,
                bins=bins,
                bound=bound,
            )
            for number in range(layers)
        )

    def forward(self, u: Tensor) -> Tensor:
        """Vectors of shape (n, d) from standard normal ones, conditions beside them."""
        x, condition = u[:, : self._dimensions], u[:, self._dimensions :]
        for layer in reversed(self.layers):
            x, _ = layer(x, condition, inverse=True)
        return x

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        u, condition = x[:, : self._dimensions], x[:, self._dimensions :]
        log_determinant = torch.zeros(len(x), device=x.device)
        for layer in self.layers:
            u, each = layer(u, condition, inverse=False)
            log_determinant = log_determinant + each
        return u, log_determinant
