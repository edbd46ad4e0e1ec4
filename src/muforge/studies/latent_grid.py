"""A grid over two latent dimensions: what a BDT says of the muons of each cell, and which cells are dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muforge.judge.binning import weighted_quantile
from muforge.models.protocol import gaussian_latent
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.studies.latent import box_probability
from muforge.trained import TrainedModel

Floats = NDArray[np.float64]
Probability = Callable[[Sample], Floats]

REAL_ABOVE = 0.01
"""Share of real muons that get a higher score: of such muons the BDT is nearly sure that they are generated."""

_PLACE = 4


@dataclass(frozen=True, eq=False)
class DeadGrid:
    """Scores over two latent dimensions, the first one along the first axis.

    A cell is dead if the mean score of its muons is one that hardly a real muon has. If the other dimensions are many,
    their mean over the prior hides what two do; held at zero they do not, but the centre of a space of many dimensions
    is a place where no latent of the prior lies.

    Arguments:
        dimensions: Which two.
        edges: Of the cells in both, shape (cells + 1,).
        averaged: Mean score with the other dimensions from the prior, shape (cells, cells).
        held: Mean score with the other dimensions zero, likewise.
        prior: Probability of each cell, likewise.
        sure: Score above which a cell is dead.
    """

    dimensions: tuple[int, int]
    edges: Floats
    averaged: Floats
    held: Floats
    prior: Floats
    sure: float

    @property
    def covered(self) -> float:
        """Prior probability of the whole grid."""
        return float(self.prior.sum())

    @property
    def dead(self) -> float:
        """Prior probability of the dead cells, the other dimensions averaged over."""
        return float(self.prior[self.averaged > self.sure].sum())

    @property
    def dead_held(self) -> float:
        """The same with the other dimensions at zero."""
        return float(self.prior[self.held > self.sure].sum())

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "dimensions": list(self.dimensions),
            "edges": self.edges.tolist(),
            "averaged": self.averaged.tolist(),
            "held": self.held.tolist(),
            "dead": self.dead,
            "dead_held": self.dead_held,
            "sure": self.sure,
        }


def sure_score(probability: Probability, real: Sample) -> float:
    """The score that only `REAL_ABOVE` of real muons exceed.

    Arguments:
        probability: The BDT's, that muons are generated.
        real: Muons that the BDT has not learnt from.
    """
    return float(weighted_quantile(probability(real), real.weight, [1 - REAL_ABOVE])[0])


def dead_grid(
    model: TrainedModel,
    probability: Probability,
    dimensions: tuple[int, int],
    *,
    cells: int,
    end: float,
    muons: int,
    sure: float,
    seed: int,
) -> DeadGrid:
    """Make muons in every cell and ask the BDT about them.

    Arguments:
        model: Of any family, not a conditional one.
        probability: The BDT's, that muons are generated.
        dimensions: Which two.
        cells: In each dimension.
        end: The grid goes from minus this to this.
        muons: In each cell, evenly spread over it.
        sure: Score above which a cell is dead.
        seed: Of the latents.

    Raises:
        ConfigError: The model has no such dimension.

    References:
        Marshall, GANs and VAEs testing (2018), section 13
        White, Sampling generative networks | https://arxiv.org/abs/1609.04468
    """
    box_probability(model, dict.fromkeys(dimensions, (-end, end)))
    edges = np.linspace(-end, end, cells + 1)
    rows = [_row(model, probability, dimensions, edges, number, muons, seed) for number in range(cells)]
    averaged, held = np.swapaxes(np.array(rows), 0, 1)
    below = torch.special.ndtr(torch.from_numpy(edges)).numpy()
    return DeadGrid(dimensions, edges, averaged, held, np.outer(np.diff(below), np.diff(below)), sure)


def _row(
    model: TrainedModel,
    probability: Probability,
    dimensions: tuple[int, int],
    edges: Floats,
    number: int,
    muons: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Mean scores of the cells of one row, the other dimensions from the prior, and zero."""
    rng = stream(seed, Purpose.LATENT, model.category, number, _PLACE)
    cells, (first, second) = len(edges) - 1, dimensions
    n, width = cells * muons, edges[1] - edges[0]
    latents = gaussian_latent(n, model.latent_dimensions, rng)
    latents[:, first] = torch.from_numpy(edges[number] + width * rng.random(n))
    latents[:, second] = torch.from_numpy(np.repeat(edges[:-1], muons) + width * rng.random(n))
    held = torch.zeros_like(latents)
    held[:, list(dimensions)] = latents[:, list(dimensions)]
    symmetric = gaussian_latent(n, model.representation.symmetric, rng)

    def means(of: torch.Tensor) -> Floats:
        scores = probability(model.as_sample(model.made_of(of, symmetric)))
        return np.asarray(scores.reshape(cells, muons).mean(axis=1))

    return means(latents), means(held)
