"""The sliced Wasserstein distance: one-dimensional distances along many directions of phase space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.quantities import quantities
from muforge.judge.replicas import Difference, tail_p_value
from muforge.judge.result import Findings
from muforge.judge.sides import OTHERS, Sides
from muforge.judge.standardise import NormalScores
from muforge.rng import Purpose, stream
from muforge.sample import Sample

Floats = NDArray[np.float64]

DIRECTIONS = 50
BINS = 200
_PLACE = 5


@dataclass(frozen=True)
class SlicedWasserstein:
    """Wasserstein-1 distance of the projections of normal scores on random directions: their mean and the largest.

    Replicas are joint over directions, so the largest has a p-value that knows how many were looked at.

    References:
        Bonneel, Rabin, Peyre, Pfister, Sliced and Radon Wasserstein barycenters | https://doi.org/10.1007/s10851-014-0506-3
        Deshpande et al., Max-sliced Wasserstein distance | https://arxiv.org/abs/1904.05877
    """

    directions: int = DIRECTIONS
    seed: int = 0
    family: ClassVar[str] = "sliced_wasserstein"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare all slices; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        scale = NormalScores.fit(real, quantities(sides.category))
        if not scale.names:
            return Findings([])
        scores = {side: scale.transform(sample) for side, sample in sides.samples.items()}
        normal = stream(self.seed, Purpose.PROJECTION, _PLACE).standard_normal(
            (self.directions, len(scale.names))
        )
        slices: dict[str, list[tuple[Floats, Floats, Floats]]] = {side: [] for side in OTHERS}
        for direction in normal / np.linalg.norm(normal, axis=1, keepdims=True):
            for side, distances in self._along(direction, scores, sides).items():
                slices[side].append(distances)
        mean = {side: _summary(slices[side], lambda rows: rows.mean(axis=0)) for side in OTHERS}
        largest = {side: _summary(slices[side], lambda rows: rows.max(axis=0)) for side in OTHERS}
        return Findings(
            [
                sides.result(self.family, "sliced Wasserstein-1 distance", "", mean, 0.0),
                sides.result(self.family, "largest slice", "", largest, 0.0),
            ]
        )

    def _along(
        self, direction: Floats, scores: dict[str, Floats], sides: Sides
    ) -> dict[str, tuple[Floats, Floats, Floats]]:
        """Distance, its replicas, and replicas of equal distributions, along one direction, by side."""
        projected = {side: of_side @ direction for side, of_side in scores.items()}
        low = min(float(of_side.min()) for of_side in projected.values())
        width = (max(float(of_side.max()) for of_side in projected.values()) - low) / BINS or 1.0
        place = {
            side: np.minimum(((of_side - low) / width).astype(np.intp), BINS - 1)
            for side, of_side in projected.items()
        }
        shares = {
            side: of_side.map(lambda rows: np.cumsum(rows, axis=1))
            for side, of_side in sides.shares(place, BINS).items()
        }
        noise = {side: of_side.fluctuations(sides.multipliers[side]) for side, of_side in shares.items()}
        found = {}
        for side in OTHERS:
            observed = (shares[side].value - shares["real"].value)[None]
            both = noise[side] - noise["real"]
            found[side] = (
                np.abs(observed).sum(axis=1) * width,
                np.abs(observed + both).sum(axis=1) * width,
                np.abs(both).sum(axis=1) * width,
            )
        return found


def _summary(slices: list[tuple[Floats, Floats, Floats]], over: Callable[[Floats], Floats]) -> Difference:
    """The mean or the largest over slices, jointly in each replica."""
    observed, replicas, noise = (over(np.stack(part)) for part in zip(*slices, strict=True))
    value = float(observed[0])
    return Difference(value, float(replicas.std(ddof=1)), tail_p_value(value, noise))
