"""A flow of splines whose first coordinates are a condition."""

from __future__ import annotations

import torch
from torch import Tensor

from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.conditional import conditional_log_prob
from muforge.models.density import Density


class ConditionalSplines(Density):
    """The density of vectors given a condition. The first coordinate is learnt too: it is normal among all vectors, but
    not among those of one condition.

    Arguments:
        splines: Of the numbers of a condition, which are given, and the coordinates.
        conditions: Numbers in a condition.
    """

    def __init__(self, splines: AutoregressiveSplines, conditions: int) -> None:
        super().__init__()
        self.splines = splines
        self._conditions = conditions

    def forward(self, inputs: Tensor) -> Tensor:
        """Vectors (n, d) of latents and conditions (n, d + conditions)."""
        made: Tensor = self.splines(self._condition_first(inputs))
        return made[:, self._conditions :]

    def log_prob(self, x: Tensor) -> Tensor:
        return conditional_log_prob(self.splines, self._condition_first(x), self._conditions)

    def _condition_first(self, rows: Tensor) -> Tensor:
        return torch.cat([rows[:, -self._conditions :], rows[:, : -self._conditions]], dim=1)
