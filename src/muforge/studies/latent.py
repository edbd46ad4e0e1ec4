"""The latent space of a model: where muons lie in it, which of its dimensions are used, and muons from a part of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muforge.errors import ConfigError, SampleError
from muforge.models.box import Box, Boxed, probability
from muforge.models.encoding import Encoding
from muforge.models.precision import torch_settings
from muforge.models.protocol import gaussian_latent
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.trained import ROWS_PER_PASS, TrainedModel

ACTIVE_VARIANCE = 0.01
"""Variance of the posterior mean from which a latent dimension is active (Burda et al. 2015, section 5.3)."""

_RE_ENCODING = 1
"""Place of the random numbers of re-encoding, beside those of samples."""


@dataclass(frozen=True)
class Encoded:
    """The Gaussian q(z|x) of each muon; NaN for muons beyond the physical bounds.

    Arguments:
        mean: Shape (n, latent dimensions).
        variance: Shape (n, latent dimensions).
    """

    mean: NDArray[np.float32]
    variance: NDArray[np.float32]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which muons lie within the physical bounds, shape (n,)."""
        return np.asarray(np.isfinite(self.mean).all(axis=1))

    @property
    def divergence(self) -> NDArray[np.float64]:
        """KL(q(z|x) || N(0, 1)) of each muon in each latent dimension, nats, shape (n, latent dimensions)."""
        mean, variance = self.mean.astype(np.float64), self.variance.astype(np.float64)
        return (mean * mean + variance - 1 - np.log(variance)) / 2


@dataclass(frozen=True)
class ActiveUnits:
    """Which latent dimensions of a variational autoencoder its decoder uses.

    Arguments:
        variance: Of the posterior mean over muons, by latent dimension.
        divergence: Mean of KL(q(z|x) || N(0, 1)), nats, by latent dimension.
        threshold: A dimension of more variance is active.
        n_eff: Effective number of muons behind the numbers.
    """

    variance: NDArray[np.float64]
    divergence: NDArray[np.float64]
    threshold: float
    n_eff: float

    @property
    def active(self) -> NDArray[np.bool_]:
        """By latent dimension."""
        return self.variance > self.threshold

    @property
    def pruned(self) -> int:
        """How many latent dimensions are not active."""
        return int((~self.active).sum())

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "variance": self.variance.tolist(),
            "divergence": self.divergence.tolist(),
            "active": self.active.tolist(),
            "pruned": self.pruned,
            "threshold": self.threshold,
            "n_eff": self.n_eff,
        }


def encoded(model: TrainedModel, sample: Sample, condition: NDArray[np.float32] | None = None) -> Encoded:
    """Where a model's encoder puts muons in its latent space.

    Arguments:
        model: Of a family with an encoder.
        sample: Muons of the model's category.
        condition: Of each, shape (n, numbers), as `FittedConditions.of` gives it, where the model takes one.

    Raises:
        ConfigError: The family has no encoder, or none for this category's columns alone, or conditions are missing,
            left over or of another shape.
    """
    encoder = _encoder(model)
    given = _given(model, len(sample), condition)
    matrix = model.representation.encode(sample)[:, : model.representation.learned]
    inside = np.isfinite(matrix).all(axis=1)
    out = np.full((2, len(matrix), encoder.encoded), np.nan, np.float32)
    rows = torch.from_numpy(np.concatenate([matrix, given], axis=1)[inside]).to(_device(encoder))
    with torch_settings(threads=1, matmul_precision="highest"), torch.inference_mode():
        parts = [torch.stack(encoder.encode(part)) for part in torch.split(rows, ROWS_PER_PASS)]
    mean, log_variance = torch.cat(parts, dim=1).cpu().numpy()
    out[:, inside] = mean, np.exp(log_variance)
    return Encoded(*out)


def re_encoded(
    model: TrainedModel,
    sample: Sample,
    n: int,
    seed: int = 0,
    condition: NDArray[np.float32] | None = None,
) -> Sample:
    """Muons decoded from where real muons, drawn by weight, are encoded: z from q(z|x) instead of the prior.

    Latents of muons are not quite standard normal, so that muons sampled from the prior come in part from where the
    decoder has not learnt. Re-encoded ones do not: they show what the decoder can do at best, and by their difference
    from sampled ones how far the encoded muons are from the prior. They are no new muons. Each is a copy of a real one
    with the noise of encoder and decoder, carries the event of that, and knows nothing that the sample does not know:
    to generate, sample from the prior.

    Arguments:
        model: Of a family with an encoder.
        sample: Real muons of the model's category; those beyond the physical bounds are left out.
        n: Muons to make, of weight 1, with starts only.
        seed: Of what is drawn.
        condition: As in `encoded`; a muon is decoded with its own.

    Raises:
        ConfigError: As `encoded`, or the number or the seed is out of range.
        SampleError: There is no muon with weight within the physical bounds.

    References:
        Marshall, GANs and VAEs testing (2018), section 6
        Hoffman, Johnson, ELBO surgery | http://approximateinference.org/accepted/HoffmanJohnson2016.pdf
    """
    if n < 0:
        raise ConfigError(f"{n} muons: must not be negative")
    posterior = encoded(model, sample, condition)
    encoder = _encoder(model)
    given = _given(model, len(sample), condition)
    usable = np.flatnonzero(posterior.inside & (sample.weight > 0))
    if len(usable) == 0:
        raise SampleError("re-encoding: no muon of positive weight lies within the physical bounds")
    rng = stream(seed, Purpose.LATENT, model.category, 0, _RE_ENCODING)
    cumulative = np.cumsum(sample.weight[usable])
    rows = usable[np.searchsorted(cumulative / cumulative[-1], rng.random(n), side="right")]
    symmetric = model.representation.symmetric
    latent = gaussian_latent(n, model.latent_dimensions + symmetric, rng)
    own, free = torch.split(latent, [model.latent_dimensions, symmetric], dim=1)
    mean, variance = (torch.from_numpy(each[rows]) for each in (posterior.mean, posterior.variance))
    z, noise = torch.split(own, [encoder.encoded, model.latent_dimensions - encoder.encoded], dim=1)
    inputs = torch.cat([mean + variance.sqrt() * z, noise, torch.from_numpy(given[rows])], dim=1)
    columns = _made_of(model, inputs, free)
    made = model.as_sample(columns | {"event": sample["event"][rows]})
    made.events_known = sample.events_known
    return made


def active_units(
    model: TrainedModel,
    sample: Sample,
    threshold: float = ACTIVE_VARIANCE,
    condition: NDArray[np.float32] | None = None,
) -> ActiveUnits:
    """Which latent dimensions of a model carry something about muons, and which its training has pruned away.

    A dimension is active if the mean of q(z|x) varies among muons by more than the threshold. One that is not is noise
    to the decoder. If few are active, the KL divergence has won over the reconstruction: over-pruning.

    Arguments:
        model: Of a family with an encoder.
        sample: Muons of the model's category; those beyond the physical bounds are left out.
        threshold: Of the variance over muons, weighted.
        condition: As in `encoded`.

    Raises:
        ConfigError: As `encoded`.
        SampleError: There is no muon with weight within the physical bounds.

    References:
        Burda, Grosse, Salakhutdinov, Importance weighted autoencoders | https://arxiv.org/abs/1509.00519
        Yeung, Kannan, Dauphin, Fei-Fei, Tackling over-pruning in variational autoencoders |
        https://arxiv.org/abs/1706.03643
    """
    posterior = encoded(model, sample, condition)
    usable = sample.select(posterior.inside).require_muons("muons within the physical bounds")
    mean = posterior.mean[posterior.inside].astype(np.float64)
    weight = usable.weight
    off = mean - np.average(mean, axis=0, weights=weight)
    return ActiveUnits(
        variance=np.average(off * off, axis=0, weights=weight),
        divergence=np.average(posterior.divergence[posterior.inside], axis=0, weights=weight),
        threshold=threshold,
        n_eff=usable.n_eff,
    )


def from_box(model: TrainedModel, box: Box, n: int, seed: int = 0) -> Sample:
    """Muons from a part of latent space: normal numbers restricted to a box, each muon of the box's probability.

    n muons with these weights stand for the part that the box has among n muons of the whole model. A box that is free
    in all dimensions gives the muons of `model.sample(n, seed)`.

    Arguments:
        model: Of any family; of one with an encoder, the dimensions are those that muons are encoded to.
        box: By latent dimension.
        n: Muons to make.
        seed: Of the latents.

    Raises:
        ConfigError: A dimension does not exist, ends do not rise, or the box has no probability.

    References:
        Marshall, GANs and VAEs testing (2018), section 12
    """
    share = box_probability(model, box)
    part = copy.copy(model)
    part.sampler = Boxed(model.sampler, box).eval()
    made = part.sample(n, seed)
    return Sample({**made.columns, "weight": share * made.weight}, events_known=made.events_known)


def box_probability(model: TrainedModel, box: Box) -> float:
    """Share of a model's muons that come from a box; raises `ConfigError` as `from_box`."""
    sampler = model.sampler
    dimensions = sampler.encoded if isinstance(sampler, Encoding) else model.latent_dimensions
    for number, (low, high) in box.items():
        if not 0 <= number < dimensions:
            raise ConfigError(f"latent dimension {number}: the model has {dimensions}, numbered from 0")
        if not low < high:
            raise ConfigError(f"latent dimension {number} from {low:g} to {high:g}: must rise")
    share = probability(box)
    if share == 0:
        raise ConfigError(f"box {dict(box)}: has no probability")
    return share


def _encoder(model: TrainedModel) -> Encoding:
    if not isinstance(model.sampler, Encoding):
        raise ConfigError(f"model family '{model.config.family}' has no encoder")
    if model.conditions is not None and model.conditions.width not in (None, model.representation.learned):
        raise ConfigError(
            f"category {model.category}: one network for categories of more columns has no encoder of its own"
        )
    return model.sampler


def _made_of(model: TrainedModel, inputs: Tensor, free: Tensor) -> dict[str, NDArray[Any]]:
    """As `TrainedModel.made_of`, a pass at a time."""
    pairs = zip(torch.split(inputs, ROWS_PER_PASS), torch.split(free, ROWS_PER_PASS), strict=True)
    passes = [model.made_of(*pair) for pair in pairs]
    return {name: np.concatenate([each[name] for each in passes]) for name in passes[0]}


def _given(model: TrainedModel, rows: int, condition: NDArray[np.float32] | None) -> NDArray[np.float32]:
    shape = rows, 0 if model.conditions is None else model.conditions.numbers
    given = np.zeros((rows, 0), np.float32) if condition is None else condition
    if given.shape != shape:
        raise ConfigError(f"conditions of shape {given.shape}: the model's encoder takes {shape}")
    return given


def _device(module: nn.Module) -> torch.device:
    return next(module.parameters()).device
