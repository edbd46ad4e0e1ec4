"""Ways to make more muons of a region than there are, each with the weights that undo it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import torch
from numpy.typing import NDArray

from muforge.conditions import Given
from muforge.errors import SampleError
from muforge.models.density import LOG_NORMAL
from muforge.models.protocol import gaussian_latent
from muforge.region import Region
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.studies.latent import Encoded, encoded
from muforge.trained import TrainedModel

Floats = NDArray[np.float64]

KERNELS = 300
"""Codes of training muons that latents are drawn around."""

_CODES, _CHOICE = 2, 3
"""Places of random numbers; samples and re-encoding have others."""


@dataclass(frozen=True, eq=False)
class Enriched:
    """Generated muons whose weights make them stand for as many muons that nothing was asked of.

    Arguments:
        sample: The muons; with weights of 1 these would be `drawn` of them.
        drawn: How many were made, those that were left out again too.
        asked: Of which a model was asked to be inside, shape (n,); None if muons are not asked for one by one.
        purity: Share of the muons asked to be inside that are; None where that is not asked or cannot be known.
    """

    sample: Sample
    drawn: int
    asked: NDArray[np.bool_] | None = None
    purity: float | None = None

    def inside(self, region: Region) -> NDArray[np.bool_] | None:
        """Which muons are in the region, shape (n,); those that were asked to be, where a muon does not tell.

        None if that cannot be known.
        """
        return region.contains(self.sample) if region.is_rule else self.asked


def unweighted(model: TrainedModel, n: int, seed: int) -> Enriched:
    """Muons that nothing is asked of."""
    return Enriched(model.sample(n, seed), n)


def asked_for(model: TrainedModel, region: Region, share: float, n: int, seed: int) -> Enriched:
    """A share of dangerous muons and others, asked of a model that is told which.

    Each weight is the probability that a muon is one of its kind, over the share of its kind. Where muons tell, those
    that are not of the kind that was asked for are left out, and the others of the kind stand for them: a few that
    stray into the region with the weight of the muons outside would outweigh all that were asked for.

    Arguments:
        model: With the condition 'dangerous'.
        region: The one that the model was trained with.
        share: Of the dangerous ones, above 0 and below 1.
        n: Muons to make.
        seed: Of the latents.

    Raises:
        ConfigError: The model was not trained with the condition.

    References:
        Mirza, Osindero, Conditional generative adversarial nets | https://arxiv.org/abs/1411.1784
    """
    return of_two(model, model, region, share, n, seed)


def of_two(
    inside: TrainedModel, outside: TrainedModel, region: Region, share: float, n: int, seed: int
) -> Enriched:
    """A share of muons from a model of dangerous muons alone, the others from a model of the rest; else as `asked_for`.

    Arguments:
        inside: With the condition 'dangerous'; it is asked for nothing else, and need not know anything else.
        outside: With the same condition; or a model of all muons, of which those inside are left out.
        region: Which.
        share: Of the first model's muons.
        n: Muons to make.
        seed: Of the latents.

    Raises:
        ConfigError: A model was not trained with the condition.

    References:
        Marshall, GANs and VAEs testing (2018), section 12
    """
    first = _number(share, n)
    of_own, of_others = _seeds(seed)
    own = inside.sample(first, of_own, Given(dangerous=True))
    probability = own.sum_of_weights / first
    if outside.conditions is None:
        others = _weighted(outside.sample(n - first, of_others), 1 - probability)
    else:
        others = outside.sample(n - first, of_others, Given(dangerous=False))
    if not region.is_rule:
        return _joined([own, others], n, (first, n - first))
    kept = region.contains(own)
    parts = [_standing_for_all(own, kept), _standing_for_all(others, ~region.contains(others))]
    return _joined(parts, n, (first, n - first), float(kept.mean()))


def rare(model: TrainedModel, spread: float, n: int, seed: int) -> Enriched:
    """Muons whose rarity is drawn from a wider distribution than theirs.

    Arguments:
        model: With the condition 'rarity'.
        spread: How many times as wide.
        n: Muons to make.
        seed: Of the latents.

    Raises:
        ConfigError: The model was not trained with the condition.

    References:
        Ahdida et al., Fast simulation of muons produced at the SHiP experiment using generative adversarial networks |
        https://arxiv.org/abs/1909.04451
    """
    return Enriched(model.sample(n, seed, Given(rarity_spread=spread)), n)


def from_codes(model: TrainedModel, dangerous: Sample, share: float, n: int, seed: int) -> Enriched:
    """Muons decoded from where dangerous ones lie in latent space, and from all of it.

    A share of the latents is drawn around the codes of dangerous muons, the others from the prior p. Whichever a latent
    comes from, its weight is p / q with q the density of both together, so that no weight exceeds 1 / (1 - share).

    Arguments:
        model: Of a family with an encoder.
        dangerous: Training muons of the region.
        share: Of the latents that are drawn around codes, above 0 and below 1.
        n: Muons to make.
        seed: Of what is drawn.

    Raises:
        ConfigError: The family has no encoder.
        SampleError: No muon with weight lies within the physical bounds.

    References:
        Marshall, GANs and VAEs testing (2018), section 12
        Hesterberg, Weighted average importance sampling and defensive mixture distributions |
        https://doi.org/10.1080/00401706.1995.10484303
    """
    codes = Codes.of(
        encoded(model, dangerous), dangerous, stream(seed, Purpose.LATENT, model.category, 0, _CHOICE)
    )
    rng = stream(seed, Purpose.LATENT, model.category, 0, _CODES)
    sizes = [model.latent_dimensions, model.representation.symmetric]
    latents, symmetric = torch.split(gaussian_latent(n, sum(sizes), rng), sizes, dim=1)
    own = latents.numpy().astype(np.float64)
    z = own[:, : codes.dimensions]
    around = rng.random(n) < share
    z[around] = codes.around(z[around], rng.integers(len(codes.mean), size=int(around.sum())))
    prior = _log_prior(z)
    proposal = np.logaddexp(log(1 - share) + prior, log(share) + codes.log_prob(z))
    made = model.made_of(torch.from_numpy(own.astype(np.float32)), symmetric)
    return Enriched(model.as_sample(made | {"weight": np.exp(prior - proposal)}), n)


@dataclass(frozen=True, eq=False)
class Codes:
    """A mixture of Gaussians around the codes of muons, in the dimensions that they are encoded to.

    Arguments:
        mean: Shape (kernels, d).
        variance: Shape (kernels, d).
    """

    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, posterior: Encoded, sample: Sample, rng: np.random.Generator) -> Codes:
        """Kernels as wide as the encoder's Gaussians and as the rule of Scott together, of codes drawn by weight.

        References:
            Scott, Multivariate density estimation | https://doi.org/10.1002/9780470316849
        """
        usable = posterior.inside & (sample.weight > 0)
        if not usable.any():
            raise SampleError("latent region: no muon of positive weight lies within the physical bounds")
        part = sample.select(usable)
        mean, variance = (each[usable].astype(np.float64) for each in (posterior.mean, posterior.variance))
        centre = np.average(mean, axis=0, weights=part.weight)
        spread = np.average((mean - centre) ** 2, axis=0, weights=part.weight)
        bandwidth = part.n_eff ** (-1 / (mean.shape[1] + 4))
        chosen = rng.choice(len(part), KERNELS, p=part.weight / part.sum_of_weights)
        return cls(mean[chosen], variance[chosen] + bandwidth**2 * spread)

    @property
    def dimensions(self) -> int:
        """Latent dimensions, d."""
        return int(self.mean.shape[1])

    def around(self, normal: Floats, kernel: NDArray[np.int64]) -> Floats:
        """Points of chosen kernels, shape (n,), made of normal numbers of shape (n, d)."""
        return np.asarray(self.mean[kernel] + np.sqrt(self.variance[kernel]) * normal)

    def log_prob(self, z: Floats) -> Floats:
        """Logarithm of the density of points of shape (n, d), shape (n,)."""
        from scipy.special import logsumexp

        precision = 1 / self.variance
        constant = ((self.mean**2 * precision + np.log(self.variance)) / 2 + LOG_NORMAL).sum(axis=1)
        exponent = z**2 @ (-precision.T / 2) + z @ (self.mean * precision).T - constant
        return np.asarray(logsumexp(exponent, axis=1) - log(len(self.mean)))


def _log_prior(z: Floats) -> Floats:
    return np.asarray(-(z * z).sum(axis=1) / 2 - z.shape[1] * LOG_NORMAL)


def _number(share: float, n: int) -> int:
    return min(max(1, round(share * n)), n - 1)


def _seeds(seed: int) -> tuple[int, int]:
    return 2 * seed, 2 * seed + 1


def _weighted(sample: Sample, factor: float) -> Sample:
    return Sample({**sample.columns, "weight": factor * sample.weight}, events_known=sample.events_known)


def _standing_for_all(sample: Sample, kept: NDArray[np.bool_]) -> Sample:
    """Some muons, with the weight of all if there are any."""
    part = sample.select(kept)
    return _weighted(part, sample.sum_of_weights / part.sum_of_weights) if len(part) else part


def _joined(parts: list[Sample], n: int, drawn: tuple[int, int], purity: float | None = None) -> Enriched:
    """Muons inside and others, each of weights that stand for `drawn` of all muons, made to stand for n together."""
    scaled = [_weighted(part, n / number) for part, number in zip(parts, drawn, strict=True)]
    together = Sample.concatenate(scaled).columns
    del together["event"]
    asked = np.repeat([True, False], [len(part) for part in parts])
    return Enriched(Sample(together), n, asked, purity)
