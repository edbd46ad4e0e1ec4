"""Memorisation: are generated muons copies of training muons?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from muforge.judge.auc import Area, area, scores
from muforge.judge.checks import one_category
from muforge.judge.result import Findings, Result
from muforge.judge.split import at_most, cut_in_two
from muforge.judge.standardise import NormalScores
from muforge.rng import Purpose, stream
from muforge.sample import Sample, features

Floats = NDArray[np.float64]

QUERIES = 20_000
"""Muons of each side whose nearest training muon is looked for."""

DRAWN_BINS = 40
_NOTHING = 1e-9
"""Distance, in standard deviations, below which a muon is a copy."""

_PLACE = 9


@dataclass(frozen=True, eq=False)
class Memorisation:
    """Distances to the nearest training muon: generated muons against held-out real ones, and exact copies.

    The figure is the probability that a generated muon lies nearer to a training muon than a held-out real one does. It
    is measured in normal scores of the columns that a generator learns. The p-value is of memorisation, a figure above
    0.5; its null is that of one half of the held-out events against the other.

    Details: `distance`, densities of log10 of the distance: `edges`, `generated`, `real`.

    Arguments:
        train: The muons that the generator learned from, of all weights.

    References:
        Meehan, Chaudhuri, Dasgupta, A non-parametric test to detect data-copying | https://arxiv.org/abs/2004.05675
    """

    train: Sample
    seed: int = 0
    family: ClassVar[str] = "memorisation"

    def __call__(self, real: Sample, generated: Sample, null: Sample) -> Findings:
        """Look for copies; `null` is not used, since it often is the training sample itself."""
        from scipy.spatial import cKDTree

        names = features(one_category(real))
        scale = NormalScores.fit(self.train, names)
        if not scale.names:
            return Findings([])
        tree = cKDTree(scale.transform(self.train))
        generator = stream(self.seed, Purpose.SUBSAMPLE, _PLACE)
        asked = {
            "real": at_most(QUERIES, real, generator),
            "generated": at_most(QUERIES, generated, generator),
        }
        distance = {
            side: np.asarray(tree.query(scale.transform(sample))[0]) for side, sample in asked.items()
        }
        nearness = area(
            scores(asked["generated"], -distance["generated"]), scores(asked["real"], -distance["real"])
        )
        halves = [
            scores(half, -np.asarray(tree.query(scale.transform(half))[0]))
            for half in cut_in_two(asked["real"], generator)
        ]
        n_eff = min(sample.n_eff for sample in asked.values())
        copies = _copies(self.train, real, generated, names)
        return Findings(
            [self._nearness(nearness, area(*halves), n_eff), *copies],
            {"distance": _densities(distance, {side: sample.weight for side, sample in asked.items()})},
        )

    def _nearness(self, found: Area, null: Area, n_eff: float) -> Result:
        return Result(
            family=self.family,
            name="nearer to training muons than held-out ones",
            of="",
            value=found.value,
            error=found.error,
            null=null.value,
            null_error=null.error,
            p_value=found.p_value,
            n_eff=n_eff,
            perfect=0.5,
        )


def _copies(train: Sample, real: Sample, generated: Sample, names: tuple[str, ...]) -> list[Result]:
    """Shares of the weight of muons that equal a training muon, or repeat another of their own sample."""
    known = _fingerprint(train, names)
    marks = {side: _fingerprint(sample, names) for side, sample in (("real", real), ("generated", generated))}
    shares = {
        "copies of training muons": (
            _share(generated, np.isin(marks["generated"], known)),
            _share(real, np.isin(marks["real"], known)),
        ),
        "repeated muons": (
            _share(generated, _repeated(marks["generated"])),
            _share(real, _repeated(marks["real"])),
        ),
    }
    return [
        Result(
            family=Memorisation.family,
            name=name,
            of="",
            value=value,
            error=None,
            null=null,
            null_error=None,
            p_value=None,
            n_eff=generated.n_eff,
            perfect=0.0,
        )
        for name, (value, null) in shares.items()
    ]


def _fingerprint(sample: Sample, names: tuple[str, ...]) -> NDArray[np.void]:
    """The bytes of each row, to be compared as one thing, shape (n,)."""
    rows = np.ascontiguousarray(sample.matrix(names)) + np.float32(0)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()


def _repeated(marks: NDArray[np.void]) -> NDArray[np.bool_]:
    _, index, counts = np.unique(marks, return_inverse=True, return_counts=True)
    return np.asarray(counts[index] > 1)


def _share(sample: Sample, rows: NDArray[np.bool_]) -> float:
    return float(sample.weight[rows].sum() / sample.sum_of_weights)


def _densities(distance: dict[str, Floats], weight: dict[str, Floats]) -> dict[str, list[float]]:
    logarithm = {side: np.log10(np.maximum(of_side, _NOTHING)) for side, of_side in distance.items()}
    low = min(float(of_side.min()) for of_side in logarithm.values())
    high = max(float(of_side.max()) for of_side in logarithm.values())
    edges = np.linspace(low, max(high, low + 1), DRAWN_BINS + 1)
    out = {"edges": edges.tolist()}
    for side, of_side in logarithm.items():
        out[side] = np.histogram(of_side, edges, weights=weight[side], density=True)[0].tolist()
    return out
