"""Dead space: what latent space is made into that is unlike real muons, and real muons that nothing is made into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import torch

from muforge.judge.coverage import Coverage
from muforge.judge.split import at_most
from muforge.models.protocol import gaussian_latent
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.studies.latent_scores import latent_scores
from muforge.studies.spread import Spread
from muforge.trained import TrainedModel

RADII = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""In units of sqrt(L), where latents of many dimensions L lie: their norm is sqrt(L) to within 0.7."""

DIRECTIONS = 4000
"""Latents at each radius."""

_PLACE = 3


@dataclass(frozen=True)
class DeadSpace:
    """What is found in one latent space.

    Arguments:
        family: Of the model.
        latents: Its latent dimensions L.
        sure: Share of latents whose muons the BDT calls generated, with an output above 0.9.
        profile: BDT output of muons made of latents in random directions, by radius in units of sqrt(L).
        coverage: Share of real muons with a generated one nearer than their fifth real neighbour, if there are enough.
        null_coverage: The same with other real muons in the place of the generated ones.
    """

    family: str
    latents: int
    sure: Spread
    profile: dict[float, Spread]
    coverage: Spread | None
    null_coverage: Spread | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "family": self.family,
            "latents": self.latents,
            "sure": _pair(self.sure),
            "radii": list(self.profile),
            "profile": [_pair(each) for each in self.profile.values()],
            "coverage": None if self.coverage is None else _pair(self.coverage),
            "null_coverage": None if self.null_coverage is None else _pair(self.null_coverage),
        }


def dead_space(
    family: str, models: Sequence[TrainedModel], real: Sample, null: Sample, *, size: int
) -> DeadSpace:
    """Search the latent space of a network that was trained with several seeds.

    A prior of many dimensions puts all its weight on a shell, so the inside, through which a straight line between two
    latents leads, is never seen in training.

    Arguments:
        family: Name of the model's family.
        models: By seed.
        real: Test events, of which the BDT learns from one half.
        null: Training events.
        size: Muons per side.

    References:
        White, Sampling generative networks | https://arxiv.org/abs/1609.04468
        Naeem et al., Reliable fidelity and diversity metrics for generative models | https://arxiv.org/abs/2002.09797
    """
    scans = [latent_scores(model, real, seed, size=size) for seed, model in enumerate(models)]
    profile = {
        radius: Spread.of(
            [
                float(scan.probability(_at_radius(model, radius, seed, number)).mean())
                for seed, (model, scan) in enumerate(zip(models, scans, strict=True))
            ]
        )
        for number, radius in enumerate(RADII)
    }
    covered = [
        result for seed, model in enumerate(models) for result in _coverage(model, real, null, seed, size)
    ]
    return DeadSpace(
        family,
        models[0].latent_dimensions,
        Spread.of([scan.sure for scan in scans]),
        profile,
        Spread.of([value for value, _ in covered]) if covered else None,
        Spread.of([value for _, value in covered]) if covered else None,
    )


def _at_radius(model: TrainedModel, radius: float, seed: int, number: int) -> Sample:
    rng = stream(seed, Purpose.LATENT, model.category, number, _PLACE)
    latents = gaussian_latent(DIRECTIONS, model.latent_dimensions, rng)
    latents *= radius * sqrt(model.latent_dimensions) / torch.linalg.vector_norm(latents, dim=1, keepdim=True)
    symmetric = gaussian_latent(DIRECTIONS, model.representation.symmetric, rng)
    return model.as_sample(model.made_of(latents, symmetric))


def _coverage(
    model: TrainedModel, real: Sample, null: Sample, seed: int, size: int
) -> list[tuple[float, float]]:
    """Coverage and its null; none of samples that are too small."""
    rng = stream(seed, Purpose.SUBSAMPLE, model.category, _PLACE)
    generated = model.sample(size, seed)
    found = Coverage(seed=seed)(real, generated, at_most(size, null, rng)).results
    return [(each.value, each.null) for each in found if each.null is not None]


def _pair(spread: Spread) -> list[float]:
    return [spread.mean, spread.deviation if np.isfinite(spread.deviation) else 0.0]
