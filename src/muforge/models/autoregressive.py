"""Autoregressive splines: each coordinate by a spline that depends on those before it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu

from muforge.models.density import Flow
from muforge.models.spline import parameters_per_spline, rational_quadratic_spline
from muforge.models.table import Table


class ParallelMLPs(nn.Module):
    """Networks of equal widths side by side, each of which sees one input more than the one before; the last sees all.

    Every input also goes through a table of each network's own, beside its first layer. The last layer starts at zero.

    Arguments:
        networks: How many.
        width: Nodes of each hidden layer.
        depth: Hidden layers.
        knots: Of the table of each input.
        outputs: Numbers that each network gives.
    """

    seen: Tensor

    def __init__(self, networks: int, width: int, depth: int, knots: Sequence[int], outputs: int) -> None:
        super().__init__()
        self._networks, inputs = networks, len(knots)
        self._given = inputs - networks + 1
        sizes = [inputs, *[width] * depth, outputs]
        self.weights = nn.ParameterList(
            [nn.Parameter(torch.empty(networks, *pair)) for pair in itertools.pairwise(sizes)]
        )
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(networks, 1, each)) for each in sizes[1:]])
        for weight in self.weights:
            nn.init.kaiming_uniform_(weight.transpose(1, 2), nonlinearity="linear")
        nn.init.zeros_(self.weights[-1])
        seen = torch.ones(networks, inputs).tril(self._given - 1)
        self.register_buffer("seen", seen[..., None], persistent=False)
        self.tables = nn.ModuleList(
            Table(each, (networks - self._first(number)) * width) for number, each in enumerate(knots)
        )

    def forward(self, x: Tensor, shifts: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """All networks on inputs (n, inputs): shape (n, networks, outputs).

        Arguments:
            x: Inputs.
            shifts: Added to the first layer, shape (networks, n, width), and to the outputs.
        """
        h = torch.baddbmm(self.biases[0], x.expand(self._networks, *x.shape), self.weights[0] * self.seen)
        for number in range(x.shape[1]):
            values = self.look_up(number, x[:, number]).transpose(0, 1)
            h = h + pad(values, (0, 0, 0, 0, self._first(number), 0))
        if shifts is not None:
            h = h + shifts[0]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            h = torch.baddbmm(bias, silu(h), weight)
        out = h.transpose(0, 1)
        return out if shifts is None else out + shifts[1]

    def table(self, number: int) -> Tensor:
        """Values of the table of an input at its knots, those of each network that sees it side by side."""
        weight: Tensor = self.tables[number].weight  # type: ignore[assignment]
        return weight

    def look_up(self, number: int, x: Tensor) -> Tensor:
        """What the table of an input, shape (n,), gives to each network that sees it: (n, those, width)."""
        values: Tensor = self.tables[number](x)
        return values.view(x.shape[0], self._networks - self._first(number), -1)

    def one(self, i: int, x: Tensor, looked_up: Sequence[Tensor]) -> Tensor:
        """The i-th network on those of the inputs that it sees and what `look_up` gave for each: shape (n, outputs)."""
        h = torch.addmm(self.biases[0][i], x, self.weights[0][i, : x.shape[1]])
        for number, values in enumerate(looked_up):
            h = h + values[:, i - self._first(number)]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            h = torch.addmm(bias[i], silu(h), weight[i])
        return h

    def _first(self, number: int) -> int:
        """The first network that sees an input."""
        return max(0, number - self._given + 1)


class AutoregressiveSplines(Flow):
    """A map between vectors x and standard normal u: u_0 = x_0, u_i = spline(x_i; x_0 ... x_{i-1}).

    The first coordinate is taken as normal already, as a column's normal scores are. More of the first ones may be
    given, and pass unchanged: the others are then distributed conditionally on them.

    Warning:
        Splines act within [-bound, bound]; beyond, a coordinate is its base normal.

    Arguments:
        dimensions: d >= 2.
        width, depth: Nodes and number of hidden layers of the network behind each spline.
        knots: Of the table that each coordinate but the last goes through in each network.
        bins: Of each spline.
        bound: Where splines end.
        given: Coordinates that pass unchanged, at least 1.

    References:
        Papamakarios, Pavlakou, Murray, Masked autoregressive flow | https://arxiv.org/abs/1705.07057
    """

    def __init__(
        self,
        dimensions: int,
        *,
        width: int,
        depth: int,
        knots: Sequence[int],
        bins: int,
        bound: float,
        given: int = 1,
    ) -> None:
        super().__init__()
        self.bound = bound
        self._given = given
        self.networks = ParallelMLPs(dimensions - given, width, depth, knots, parameters_per_spline(bins))

    def forward(self, u: Tensor) -> Tensor:
        """Vectors of shape (n, d) from standard normal ones."""
        columns = list(u[:, : self._given].unbind(dim=1))
        looked_up = [self.networks.look_up(*each) for each in enumerate(columns)]
        for i in range(u.shape[1] - self._given):
            if i:
                looked_up.append(self.networks.look_up(len(columns) - 1, columns[-1]))
            parameters = self.networks.one(i, torch.stack(columns, dim=1), looked_up)
            latent = u[:, self._given + i]
            columns.append(rational_quadratic_spline(latent, parameters, bound=self.bound, inverse=True)[0])
        return torch.stack(columns, dim=1)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        u, log_derivative = self.spline_by_spline(x)
        return torch.cat([x[:, : self._given], u], dim=1), log_derivative.sum(dim=1)

    def spline_by_spline(
        self, x: Tensor, shifts: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Standard normal numbers and the logarithms of derivatives of the splines, shape (n, d - given) each.

        Arguments:
            x: Vectors (n, d).
            shifts: As `ParallelMLPs.forward`.
        """
        parameters = self.networks(x[:, :-1], shifts)
        return rational_quadratic_spline(x[:, self._given :], parameters, bound=self.bound)
