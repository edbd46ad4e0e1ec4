"""Where a variational autoencoder puts real muons in its latent space, by their kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from muforge.models.box import Box
from muforge.reference.origin import Origin
from muforge.region import Region
from muforge.rng import Purpose, stream
from muforge.sample import Sample, effective_sample_size
from muforge.studies.latent import encoded
from muforge.trained import TrainedModel

Floats = NDArray[np.float64]

REGION = "dangerous"

PRIOR_BINS = 50
"""Of equal probability in the prior."""

SMALLEST_SHARE = 0.01
FEWEST = 20
"""Of an origin's weight and muons, for it to be looked at."""

_PLACE = 5


@dataclass(frozen=True, eq=False)
class Codes:
    """Muons in latent space.

    Arguments:
        mean: Of q(z|x), shape (n, dimensions).
        drawn: z from q(z|x), shape (n, dimensions): what the decoder sees of the muons.
        weight: Shape (n,).
    """

    mean: Floats
    drawn: Floats
    weight: Floats

    @classmethod
    def of(cls, model: TrainedModel, sample: Sample, seed: int) -> Codes:
        """Of the muons within the physical bounds.

        Raises:
            ConfigError: The model's family has no encoder.
        """
        posterior = encoded(model, sample)
        inside = posterior.inside
        mean = posterior.mean[inside].astype(np.float64)
        rng = stream(seed, Purpose.LATENT, model.category, 0, _PLACE)
        normal = rng.standard_normal(posterior.mean.shape)[inside]
        drawn = mean + np.sqrt(posterior.variance[inside]) * normal
        return cls(mean, drawn, sample.weight[inside])

    def select(self, rows: NDArray[np.bool_]) -> Codes:
        """Of some muons."""
        return Codes(self.mean[rows], self.drawn[rows], self.weight[rows])

    @property
    def n_eff(self) -> float:
        """Effective number of muons."""
        return effective_sample_size(self.weight)

    @property
    def centre(self) -> Floats:
        """Mean of z in each dimension."""
        return np.asarray(np.average(self.drawn, axis=0, weights=self.weight))

    @property
    def width(self) -> Floats:
        """Standard deviation of z in each dimension."""
        return np.asarray(np.sqrt(np.average((self.drawn - self.centre) ** 2, axis=0, weights=self.weight)))

    def divergence(self) -> Floats:
        """KL of the aggregate posterior from the prior in each dimension by itself, nats.

        It is of shares in bins of equal probability; too large by about 25 / N_eff by chance.

        References:
            Hoffman, Johnson, ELBO surgery | http://approximateinference.org/accepted/HoffmanJohnson2016.pdf
        """
        bins = (torch.special.ndtr(torch.from_numpy(self.drawn)).numpy() * PRIOR_BINS).astype(np.intp)
        bins = np.minimum(bins, PRIOR_BINS - 1)
        shares = np.array([np.bincount(each, self.weight, PRIOR_BINS) for each in bins.T])
        shares /= self.weight.sum()
        logarithm = np.log(np.where(shares > 0, shares * PRIOR_BINS, 1.0))
        return np.asarray((shares * logarithm).sum(axis=1))

    def inside(self, box: Box) -> NDArray[np.bool_]:
        """Of each muon whether the mean of q(z|x) is in a box, shape (n,)."""
        found = np.ones(len(self.mean), np.bool_)
        for number, (low, high) in box.items():
            found &= (low <= self.mean[:, number]) & (self.mean[:, number] < high)
        return found

    def share_of(self, rows: NDArray[np.bool_]) -> float:
        """Share of the weight."""
        return float(self.weight[rows].sum() / self.weight.sum())

    def density(self, dimensions: tuple[int, int], edges: Floats) -> Floats:
        """Share of the weight of z in cells of two dimensions."""
        points = self.drawn[:, list(dimensions)]
        filled = np.histogramdd(points, bins=[edges, edges], weights=self.weight)[0]
        return np.asarray(filled / self.weight.sum())

    def marginals(self, edges: Floats) -> list[list[float]]:
        """Probability density of z in each dimension."""
        return [
            (np.histogram(each, edges, weights=self.weight)[0] / self.weight.sum() / np.diff(edges)).tolist()
            for each in self.drawn.T
        ]


def groups(
    model: TrainedModel, own: Sample, others: Mapping[int, Sample], region: Region, seed: int
) -> dict[str, Codes]:
    """Codes of kinds of muons by name: all, those of the region, by origin if there are several, other categories.

    Muons of other categories with the same columns go through the encoder of this one, which has not learnt them: where
    they come to lie shows what the encoder sees of their columns, not what a model of both would do.

    Arguments:
        model: With an encoder.
        own: Muons of its category.
        others: Muons of other categories with the same columns, by category.
        region: Whose muons are looked for.
        seed: Of z from q(z|x).

    Raises:
        ConfigError: The model's family has no encoder.
        SampleError: No muon of `own` is in the region.
    """
    found = {"all": Codes.of(model, own, seed)}
    inside = encoded(model, own).inside
    found[REGION] = found["all"].select(region.require_muons(own, "training events")[inside])
    origins = np.unique(own["origin"]).tolist() if "origin" in own else []
    if len(origins) > 1:
        total = own.sum_of_weights
        for number in origins:
            rows = own["origin"] == number
            if own.weight[rows].sum() >= SMALLEST_SHARE * total and rows.sum() >= FEWEST:
                found[origin_title(number)] = found["all"].select(rows[inside])
    for category, sample in others.items():
        found[f"category {category}"] = Codes.of(model, sample, seed)
    return found


def origin_title(number: int) -> str:
    """What the reference simulation calls an origin, else its number."""
    return Origin(number).title if number in set(Origin) else f"origin {number}"


def summary(found: Mapping[str, Codes]) -> list[dict[str, Any]]:
    """Where each group lies, as JSON values; `apart` is the largest distance of its mean from that of all muons, in
    standard deviations of all."""
    every = found["all"]
    return [
        {
            "name": name,
            "muons": len(each.weight),
            "n_eff": each.n_eff,
            "centre": each.centre.tolist(),
            "width": each.width.tolist(),
            "apart": float((np.abs(each.centre - every.centre) / every.width).max()),
        }
        for name, each in found.items()
    ]
