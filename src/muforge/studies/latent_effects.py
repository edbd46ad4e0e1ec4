"""How much each latent dimension decides: of the BDT's score, and of the muons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muforge.judge.quantities import quantities, values
from muforge.sample import Sample

Floats = NDArray[np.float64]

BINS = 20
"""Of equal numbers of latents, in which a mean is taken."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Shares of variance that a latent dimension decides by itself, its first-order Sobol indices.

    A share of zero can still be one that decides together with others. Noise may make it slightly negative.

    Arguments:
        score: Of the BDT's score, by dimension.
        muons: Of the ranks of each quantity, by dimension.

    References:
        Sobol, Sensitivity estimates for nonlinear mathematical models, MMCE 1 (1993) 407
        Kelley, An unbiased correlation ratio measure | https://doi.org/10.1073/pnas.21.9.554
    """

    score: Floats
    muons: Mapping[str, Floats]

    @property
    def of_muons(self) -> Floats:
        """The largest share of any quantity, by dimension."""
        return np.asarray(np.max(list(self.muons.values()), axis=0))

    def strongest(self, number: int = 2) -> tuple[int, ...]:
        """The dimensions that decide most of the score or of a quantity, first the one that decides most."""
        order = np.argsort(-np.maximum(self.score, self.of_muons), kind="stable")
        return tuple(int(each) for each in order[:number])


def effects(latents: NDArray[np.floating], muons: Sample, scores: Floats) -> Effects:
    """What each dimension decides.

    Arguments:
        latents: Standard normal, shape (n, dimensions).
        muons: Made of them.
        scores: Of the muons, shape (n,).
    """
    names = quantities(int(muons.category[0]))
    ranks = {name: _ranks(values(muons, name)) for name in names}
    columns = [scores, *ranks.values()]
    shares = np.array([_shares(dimension, columns) for dimension in latents.T])
    return Effects(shares[:, 0], {name: shares[:, 1 + number] for number, name in enumerate(names)})


def _shares(latent: NDArray[np.floating], columns: list[Floats]) -> list[float]:
    """Epsilon squared: the correlation ratio, less what chance gives it."""
    n = len(latent)
    bins = np.argsort(np.argsort(latent, kind="stable"), kind="stable") * BINS // n
    counts = np.bincount(bins, minlength=BINS)
    return [_share(column, bins, counts) for column in columns]


def _share(column: Floats, bins: NDArray[np.intp], counts: NDArray[np.intp]) -> float:
    n, off = len(column), column - column.mean()
    total = float(off @ off)
    if total == 0:
        return 0.0
    sums = np.bincount(bins, off, BINS)
    between = float((sums**2 / counts).sum())
    return 1 - (total - between) / (n - BINS) / (total / (n - 1))


def _ranks(column: Floats) -> Floats:
    _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - counts / 2)[place], np.float64)
