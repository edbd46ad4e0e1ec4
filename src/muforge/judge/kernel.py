"""The kernel physics distance: an unbiased maximum mean discrepancy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.checks import one_category
from muforge.judge.quantities import quantities
from muforge.judge.replicas import events
from muforge.judge.result import Findings, Result
from muforge.judge.sides import OTHERS
from muforge.judge.standardise import NormalScores
from muforge.rng import Purpose, stream
from muforge.sample import Sample

Floats = NDArray[np.float64]

BLOCK = 500
"""Rows of a block: large blocks are more powerful, many blocks have a mean that is nearer to normal."""

MOST_BLOCKS, FEWEST_BLOCKS = 200, 20

_PLACE = 7


@dataclass(frozen=True)
class Kernel:
    """KPD: squared maximum mean discrepancy of normal scores with the kernel (x.y / d + 1)^4 of JetNet.

    It is the mean over disjoint blocks of the unbiased estimator. Blocks are of whole events, and pairs of muons of one
    event are left out, so neither needs extrapolation nor forgets correlations. Error and p-value are from the spread
    of the blocks (Student's t, one-sided). Samples too small for 20 blocks of 2 rows have no result.

    References:
        Kansal et al., Evaluating generative models in high energy physics | https://arxiv.org/abs/2211.10295
        Gretton et al., A kernel two-sample test | https://jmlr.org/papers/v13/gretton12a.html
        Zaremba, Gretton, Blaschko, B-tests | https://arxiv.org/abs/1307.1954
    """

    seed: int = 0
    family: ClassVar[str] = "kernel"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Compare in blocks."""
        scale = NormalScores.fit(real, quantities(one_category(real)))
        sides = {"real": real, "generated": generated, "null": null}
        blocks = min(MOST_BLOCKS, *(max(FEWEST_BLOCKS, len(sample) // BLOCK) for sample in sides.values()))
        cut = {
            side: _blocks(sample, scale, blocks, stream(self.seed, Purpose.SUBSAMPLE, _PLACE, number))
            for number, (side, sample) in enumerate(sides.items())
        }
        if not scale.names or any(len(block.weight) < 2 for of_side in cut.values() for block in of_side):
            return Findings([])
        found = {
            side: np.array([_discrepancy(a, b) for a, b in zip(cut[side], cut["real"], strict=True)])
            for side in OTHERS
        }
        if not all(np.isfinite(each).all() and each.std() > 0 for each in found.values()):
            return Findings([])
        return Findings([_result(found["generated"], found["null"], min(real.n_eff, generated.n_eff))])


def _result(generated: Floats, null: Floats, n_eff: float) -> Result:
    from scipy.stats import t

    value, error = _mean(generated)
    null_value, null_error = _mean(null)
    return Result(
        family=Kernel.family,
        name="kernel physics distance",
        of="",
        value=value,
        error=error,
        null=null_value,
        null_error=null_error,
        p_value=float(t.sf(value / error, len(generated) - 1)),
        n_eff=n_eff,
        perfect=0.0,
    )


def _mean(blocks: Floats) -> tuple[float, float]:
    return float(blocks.mean()), float(blocks.std(ddof=1) / np.sqrt(len(blocks)))


@dataclass(frozen=True, eq=False)
class _Block:
    scores: Floats
    weight: Floats
    event: NDArray[np.int64]


def _blocks(sample: Sample, scale: NormalScores, number: int, generator: np.random.Generator) -> list[_Block]:
    """Whole events dealt into blocks, of which at most `BLOCK` rows are kept."""
    distinct, index = np.unique(events(sample), return_inverse=True)
    block = (generator.permutation(len(distinct)) % number)[index]
    order = np.argsort(block, kind="stable")
    ends = np.searchsorted(block[order], np.arange(number + 1))
    scores = scale.transform(sample)
    out = []
    for first, last in pairwise(ends):
        rows = order[first : min(last, first + BLOCK)]
        out.append(_Block(scores[rows], sample.weight[rows], index[rows]))
    return out


def _discrepancy(a: _Block, b: _Block) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy."""
    return _within(a) + _within(b) - 2 * _across(a, b)


def _within(block: _Block) -> float:
    weight = np.outer(block.weight, block.weight)
    weight[block.event[:, None] == block.event[None, :]] = 0.0
    total = float(weight.sum())
    return float((weight * _kernel(block.scores, block.scores)).sum() / total) if total > 0 else np.nan


def _across(a: _Block, b: _Block) -> float:
    total = float(a.weight.sum() * b.weight.sum())
    return float(a.weight @ _kernel(a.scores, b.scores) @ b.weight / total)


def _kernel(x: Floats, y: Floats) -> Floats:
    base = x @ y.T / x.shape[1] + 1
    return np.asarray(base * base * base * base)
