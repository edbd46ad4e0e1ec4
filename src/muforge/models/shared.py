"""One network for several categories, told which, from which networks of single categories can be taken."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.conditional import Conditional
from muforge.models.density import LOG_NORMAL
from muforge.models.flow import FlowConfig, FlowModel
from muforge.models.spline import parameters_per_spline


class SharedSplines(Conditional):
    """Autoregressive splines with biases of each category in the first and the last layer.

    Rows are columns in network space, of categories with fewer columns followed by anything, and the number of the
    category, counted from zero. The columns beyond a category's own are ignored, as those before do not depend on them.

    Arguments:
        config: Of an autoregressive flow.
        dimensions: Columns to learn of each category.
    """

    own: Tensor

    def __init__(self, config: FlowConfig, dimensions: Sequence[int]) -> None:
        super().__init__()
        self.config = config
        self.dimensions = tuple(dimensions)
        self.splines = _splines(config, max(dimensions))
        networks, categories = max(dimensions) - 1, len(dimensions)
        self.first = nn.Parameter(torch.zeros(categories, networks, config.width))
        self.last = nn.Parameter(torch.zeros(categories, networks, parameters_per_spline(config.bins)))
        coordinates = torch.arange(1, max(dimensions))
        own = coordinates < torch.tensor(self.dimensions)[:, None]
        self.register_buffer("own", own, persistent=False)

    def log_prob(self, rows: Tensor) -> Tensor:
        x, category = rows[:, :-1], rows[:, -1].long()
        shifts = self.first[category].transpose(0, 1), self.last[category]
        u, log_derivative = self.splines.spline_by_spline(x, shifts)
        own = self.own[category]
        log_density = torch.where(own, log_derivative - u * u / 2 - LOG_NORMAL, 0.0)
        return log_density.sum(dim=1) - x[:, 0] ** 2 / 2 - LOG_NORMAL

    def tensors_of(self, number: int) -> dict[str, Tensor]:
        """The tensors of the flow of one category, which knows nothing of the others.

        Arguments:
            number: Of the category, counted from zero.
        """
        dimensions = self.dimensions[number]
        flow = _splines(self.config, dimensions)
        networks = dimensions - 1
        with torch.no_grad():
            for own, shared in zip(flow.networks.weights, self.splines.networks.weights, strict=True):
                own.copy_(shared[:networks, : own.shape[1]])
            for own, shared in zip(flow.networks.biases, self.splines.networks.biases, strict=True):
                own.copy_(shared[:networks])
            flow.networks.biases[0].add_(self.first[number, :networks, None])
            flow.networks.biases[-1].add_(self.last[number, :networks, None])
            for place in range(networks):
                weight = self.splines.networks.table(place)
                of_networks = weight.view(len(weight), -1, self.config.width)
                flow.networks.table(place).copy_(of_networks[:, : networks - place].flatten(1))
        return dict(flow.state_dict())


def _splines(config: FlowConfig, dimensions: int) -> AutoregressiveSplines:
    made = FlowModel.make_sampler(config, dimensions)
    assert isinstance(made, AutoregressiveSplines)
    return made
