"""Coverage: does every region that real muons populate hold generated ones?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.checks import one_category
from muforge.judge.result import Findings, Result
from muforge.judge.sides import OTHERS
from muforge.judge.standardise import NormalScores
from muforge.rng import Purpose, stream
from muforge.sample import Sample, features

Floats = NDArray[np.float64]

NEIGHBOURS = 5
PARTS = 10
MOST, FEWEST = 5000, 20
"""Muons of a part."""

_PLACE = 10


@dataclass(frozen=True)
class Coverage:
    """Share of real muons in whose ball of nearest real neighbours lies at least one generated muon.

    The balls reach to the fifth neighbour among as many real muons as there are generated ones in a part; a perfect
    generator covers about 1 - 2^-5 of them. Muons are drawn by their weight and dealt into ten parts, each of which
    gives a coverage of the same real muons, so value and error are those of the parts, and the p-value is that of
    Welch's test against the parts of the null: a lower coverage means that modes are missing. Samples too small for
    parts of 20 muons have no result.

    References:
        Naeem et al., Reliable fidelity and diversity metrics for generative models | https://arxiv.org/abs/2002.09797
    """

    seed: int = 0
    family: ClassVar[str] = "coverage"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Count the real muons that are covered."""
        from scipy.spatial import cKDTree

        scale = NormalScores.fit(real, features(one_category(real)))
        drawn = {
            side: _by_weight(sample, stream(self.seed, Purpose.SUBSAMPLE, _PLACE, number))
            for number, (side, sample) in enumerate(
                {"real": real, "generated": generated, "null": null}.items()
            )
        }
        size = min(MOST, len(drawn["real"]), len(drawn["generated"]) // PARTS, len(drawn["null"]) // PARTS)
        if not scale.names or size < FEWEST:
            return Findings([])
        centres = scale.transform(drawn["real"].select(slice(0, size)))
        radius = np.asarray(cKDTree(centres).query(centres, NEIGHBOURS + 1)[0])[:, -1]
        found = {
            side: np.array(
                [_covered(centres, radius, part) for part in _parts(scale.transform(drawn[side]), size)]
            )
            for side in OTHERS
        }
        return Findings([self._result(found["generated"], found["null"], size)])

    def _result(self, generated: Floats, null: Floats, size: int) -> Result:
        from scipy.stats import ttest_ind

        spread = float(generated.std() + null.std())
        p_value = (
            float(ttest_ind(generated, null, equal_var=False, alternative="less").pvalue)
            if spread > 0
            else float(generated.mean() >= null.mean())
        )
        return Result(
            family=self.family,
            name="coverage",
            of="",
            value=float(generated.mean()),
            error=float(generated.std(ddof=1) / np.sqrt(PARTS)),
            null=float(null.mean()),
            null_error=float(null.std(ddof=1) / np.sqrt(PARTS)),
            p_value=p_value,
            n_eff=float(size),
            perfect=1 - 2.0**-NEIGHBOURS,
        )


def _by_weight(sample: Sample, generator: np.random.Generator) -> Sample:
    """Muons kept with a probability in proportion to their weight, in random order: all alike, none twice."""
    kept = np.flatnonzero(generator.random(len(sample)) * sample.weight.max() < sample.weight)
    return sample.select(generator.permutation(kept))


def _parts(scores: Floats, size: int) -> list[Floats]:
    return [scores[part * size : (part + 1) * size] for part in range(PARTS)]


def _covered(centres: Floats, radius: Floats, points: Floats) -> float:
    from scipy.spatial import cKDTree

    nearest = np.asarray(cKDTree(points).query(centres)[0])
    return float((nearest < radius).mean())
