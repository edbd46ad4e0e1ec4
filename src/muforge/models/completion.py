"""What a muon has besides its start, given the start: conditional splines, and a choice among kinds."""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from muforge.models.autoregressive import AutoregressiveSplines, ParallelMLPs
from muforge.models.density import LOG_NORMAL


class CompletionConfig(BaseModel):
    """Networks and their training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(default=24, ge=1, le=65536, description="nodes of each hidden layer")
    depth: int = Field(default=1, ge=1, le=16, description="hidden layers of each network")
    knots: int = Field(default=16, ge=2, description="of the piecewise linear function of each input")
    bins: int = Field(default=8, ge=2, le=256, description="of each spline")
    bound: float = Field(default=5.5, gt=0, description="splines act from -bound to bound")
    learning_rate: float = Field(default=0.005, gt=0, description="of Adam")
    clip: float = Field(default=5.0, gt=0, description="largest norm of a gradient")


class Completion(nn.Module):
    """The distribution of normal scores and of a kind, given the normal scores of a start.

    Each score is a spline of a latent number that depends on the start and on the scores before it; the kind is drawn
    with the probabilities that a network gives for the start and all scores.

    Arguments:
        config: Sizes.
        given: Numbers of a start.
        scores: Continuous numbers to learn, none or more.
        kinds: To choose from; there is nothing to learn about a single one.
    """

    def __init__(self, config: CompletionConfig, *, given: int, scores: int, kinds: int) -> None:
        super().__init__()
        self.given, self.scores, self.kinds = given, scores, kinds
        sizes = {"width": config.width, "depth": config.depth}
        knots = config.knots
        self.splines = (
            AutoregressiveSplines(
                given + scores,
                knots=(knots, knots),
                bins=config.bins,
                bound=config.bound,
                given=given,
                **sizes,
            )
            if scores
            else None
        )
        inputs = [knots] * (given + scores)
        self.choice = ParallelMLPs(1, knots=inputs, outputs=kinds, **sizes) if kinds > 1 else None

    @property
    def latent_dimensions(self) -> int:
        """Standard normal numbers that a muon takes; the last one chooses the kind."""
        return self.scores + 1

    def forward(self, given: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n, scores) and kinds (n,) of starts (n, given) and latent numbers (n, scores + 1)."""
        everything = given
        if self.splines is not None:
            everything = self.splines(torch.cat([given, latent[:, :-1]], dim=1))
        kind = torch.zeros(len(given), dtype=torch.long, device=given.device)
        if self.choice is not None:
            upto = self.choice(everything)[:, 0].softmax(dim=1).cumsum(dim=1)
            kind = (upto < torch.special.ndtr(latent[:, -1:])).sum(dim=1).clamp_max(self.kinds - 1)
        return everything[:, self.given :], kind

    def log_prob(self, given: Tensor, scores: Tensor, kind: Tensor) -> Tensor:
        """Logarithm of the conditional density of scores times the probability of the kind, shape (n,)."""
        everything = torch.cat([given, scores], dim=1)
        out = torch.zeros(len(given), device=given.device)
        if self.splines is not None:
            u, log_determinant = self.splines.inverse(everything)
            own = u[:, self.given :]
            out = log_determinant - (own * own).sum(dim=1) / 2 - self.scores * LOG_NORMAL
        if self.choice is not None:
            log_shares = log_softmax(self.choice(everything)[:, 0], dim=1)
            out = out + log_shares.gather(1, kind[:, None])[:, 0]
        return out
