"""What a muon has besides its start, given the start: conditional splines, and a choice among kinds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn.functional import log_softmax

from muforge.models.autoregressive import AutoregressiveSplines, ParallelMLPs
from muforge.models.conditional import Conditional, conditional_log_prob
from muforge.models.pair import OtherMuon


class CompletionConfig(BaseModel):
    """Networks and their training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(default=24, ge=1, le=65536, description="nodes of each hidden layer")
    depth: int = Field(default=1, ge=1, le=16, description="hidden layers of each network")
    knots: int = Field(default=16, ge=2, description="of the piecewise linear function of each input")
    bins: int = Field(default=8, ge=2, le=256, description="of each spline")
    pair_knots: int = Field(default=4, ge=2, description="as `knots`, for another muon: pairs are few")
    pair_decay: float = Field(
        default=0.3, ge=0, description="of the weights that make another muon, as AdamW has it"
    )
    bound: float = Field(default=5.5, gt=0, description="splines act from -bound to bound")
    learning_rate: float = Field(default=0.005, gt=0, description="of Adam")
    clip: float = Field(default=5.0, gt=0, description="largest norm of a gradient")


class Completion(Conditional):
    """The distribution of normal scores and of a kind, given the normal scores of a start.

    Each score is a spline of a latent number that depends on the start and on the scores before it; the kind is drawn
    with the probabilities that a network gives for the start and all scores. Kinds with another muon have scores of
    that, which depend on the start and the kind.

    Arguments:
        config: Sizes.
        given: Numbers of a start.
        scores: Continuous numbers to learn, none or more.
        paired: Of each kind to choose from, whether there is another muon.
        pair_scores: Continuous numbers to learn of another muon.
    """

    paired: Tensor

    def __init__(
        self, config: CompletionConfig, *, given: int, scores: int, paired: Sequence[bool], pair_scores: int
    ) -> None:
        super().__init__()
        self.given, self.scores, self.pair_scores, self.kinds = given, scores, pair_scores, len(paired)
        self.register_buffer("paired", torch.tensor(paired), persistent=False)
        sizes = {"width": config.width, "depth": config.depth}
        knots = config.knots
        self.splines = (
            AutoregressiveSplines(
                given + scores,
                knots=[knots] * (given + scores - 1),
                bins=config.bins,
                bound=config.bound,
                given=given,
                **sizes,
            )
            if scores
            else None
        )
        inputs = [knots] * (given + scores)
        self.choice = ParallelMLPs(1, knots=inputs, outputs=self.kinds, **sizes) if self.kinds > 1 else None
        self.pair = (
            OtherMuon(
                given=given,
                kinds=self.kinds,
                scores=pair_scores,
                knots=config.pair_knots,
                bins=config.bins,
                bound=config.bound,
                **sizes,
            )
            if pair_scores
            else None
        )

    @property
    def latent_dimensions(self) -> int:
        """Standard normal numbers that a muon takes: of its scores, its kind and another muon."""
        return self.scores + 1 + self.pair_scores

    def forward(self, given: Tensor, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (n, scores), kinds (n,) and scores of another muon (n, pair_scores), zero where there is none.

        Arguments:
            given: Starts, shape (n, given).
            latent: Standard normal numbers, shape (n, latent_dimensions).
        """
        of_scores, of_kind, of_pair = torch.split(latent, [self.scores, 1, self.pair_scores], dim=1)
        everything = given
        if self.splines is not None:
            everything = self.splines(torch.cat([given, of_scores], dim=1))
        kind = torch.zeros(len(given), dtype=torch.long, device=given.device)
        if self.choice is not None:
            upto = self.choice(everything)[:, 0].softmax(dim=1).cumsum(dim=1)
            kind = (upto < torch.special.ndtr(of_kind)).sum(dim=1).clamp_max(self.kinds - 1)
        pair = torch.zeros_like(of_pair)
        if self.pair is not None:
            rows = self.paired[kind]
            pair[rows] = self.pair(given[rows], kind[rows], of_pair[rows])
        return everything[:, self.given :], kind, pair

    def log_prob(self, rows: Tensor) -> Tensor:
        """Logarithm of the density of the scores times the probability of the kind, without another muon, shape (n,).

        Arguments:
            rows: Start, scores and kind, side by side.
        """
        everything, kind = rows[:, :-1], rows[:, -1].long()
        out = torch.zeros(len(rows), device=rows.device)
        if self.splines is not None:
            out = conditional_log_prob(self.splines, everything, self.given)
        if self.choice is not None:
            log_shares = log_softmax(self.choice(everything)[:, 0], dim=1)
            out = out + log_shares.gather(1, kind[:, None])[:, 0]
        return out
