"""The other muon of a decay, given the first and its kind."""

from __future__ import annotations

import torch
from torch import Tensor

from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.conditional import Conditional, conditional_log_prob


class OtherMuon(Conditional):
    """The distribution of the normal scores of another muon, given the start of the first one and its kind.

    Arguments:
        given: Numbers of a start.
        kinds: How many there are.
        scores: Numbers to learn.
        knots: Of the piecewise linear function of each input.
        width, depth, bins, bound: As `AutoregressiveSplines`.
    """

    def __init__(
        self,
        *,
        given: int,
        kinds: int,
        scores: int,
        knots: int,
        width: int,
        depth: int,
        bins: int,
        bound: float,
    ) -> None:
        super().__init__()
        self.given, self.kinds, self.scores = given, kinds, scores
        self.splines = AutoregressiveSplines(
            1 + given + scores,
            knots=[kinds + 1, *[knots] * (given + scores - 1)],
            width=width,
            depth=depth,
            bins=bins,
            bound=bound,
            given=1 + given,
        )

    def forward(self, given: Tensor, kind: Tensor, latent: Tensor) -> Tensor:
        """Scores (n, scores) of starts (n, given), kinds (n,) and standard normal numbers (n, scores)."""
        made: Tensor = self.splines(self._side_by_side(given, kind, latent))
        return made[:, 1 + self.given :]

    def log_prob(self, rows: Tensor) -> Tensor:
        """Logarithm of the density of the scores of rows of start, kind and scores, shape (n,)."""
        given, kind, scores = torch.split(rows, [self.given, 1, self.scores], dim=1)
        return conditional_log_prob(
            self.splines, self._side_by_side(given, kind[:, 0], scores), 1 + self.given
        )

    def _side_by_side(self, given: Tensor, kind: Tensor, others: Tensor) -> Tensor:
        """With a normal number for each kind, the middles of equal shares: each is between two knots of its table."""
        of_kind: Tensor = torch.special.ndtri((kind + 0.5) / self.kinds)
        return torch.cat([of_kind[:, None].to(given.dtype), given, others], dim=1)
