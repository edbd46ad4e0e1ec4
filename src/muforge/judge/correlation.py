"""The matrix of rank correlations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.quantities import quantities
from muforge.judge.replicas import Groups, Shares
from muforge.judge.result import Findings
from muforge.judge.sides import OTHERS, Sides
from muforge.judge.standardise import NormalScores
from muforge.sample import Sample

Floats = NDArray[np.float64]

_PLACE = 4


@dataclass(frozen=True)
class Correlation:
    """Distance of the matrices of correlations of normal scores: root of the sum over pairs of squared differences.

    The scores are those of `NormalScores`, so heavy tails do not decide.

    Details: `columns`, and the matrices `real`, `generated` and `null`.
    """

    seed: int = 0
    family: ClassVar[str] = "correlation"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare the matrices; raises `SampleError` if a sample is of one event."""
        sides = Sides.of(real, generated, null, self.seed, _PLACE)
        scale = NormalScores.fit(real, quantities(sides.category))
        pairs = list(combinations(range(len(scale.names)), 2))
        if not pairs:
            return Findings([])
        found = {
            side: _correlations(sides.groups[side], sample.weight, scale.transform(sample), pairs)
            for side, sample in sides.samples.items()
        }
        compared = {side: sides.compare(found, side, _norm) for side in OTHERS}
        result = sides.result(self.family, "correlation-matrix distance", "", compared, 0.0)
        matrices = {side: _matrix(shares.value, pairs, len(scale.names)) for side, shares in found.items()}
        return Findings([result], {"columns": list(scale.names), **matrices})


def _norm(rows: Floats) -> Floats:
    return np.asarray(np.sqrt((rows**2).sum(axis=1)))


def _correlations(groups: Groups, weight: Floats, scores: Floats, pairs: list[tuple[int, int]]) -> Shares:
    """Correlation of each pair, with its deviations by the first-order expansion in the moments."""
    mean = np.average(scores, axis=0, weights=weight)
    centred = scores - mean
    deviation = np.sqrt(np.average(centred**2, axis=0, weights=weight))
    z = centred / np.where(deviation > 0, deviation, 1.0)
    value = np.empty(len(pairs))
    columns = []
    for number, (i, j) in enumerate(pairs):
        product = z[:, i] * z[:, j]
        value[number] = np.average(product, weights=weight)
        influence = product - value[number] * (z[:, i] ** 2 + z[:, j] ** 2) / 2
        columns.append(groups.means(influence[:, None]).deviation)
    return Shares(value, np.concatenate(columns, axis=1))


def _matrix(value: Floats, pairs: list[tuple[int, int]], size: int) -> list[list[float]]:
    matrix = np.eye(size)
    for (i, j), each in zip(pairs, value, strict=True):
        matrix[i, j] = matrix[j, i] = each
    out: list[list[float]] = matrix.tolist()
    return out
