"""Lost modes, counted while a network trains: cells of real muons that generated ones hardly enter."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Self

import numpy as np
from numpy.typing import NDArray

from muforge.judge.checks import one_category
from muforge.sample import Sample, features

Floats = NDArray[np.float64]

DEEPEST = 8
"""256 cells: in six columns each is cut once, and two of them twice."""

MUONS_PER_CELL = 40
"""Effective muons of the smallest sample in a cell. With so many, fewer than a tenth is a chance below 1e-13."""

LOST = 0.1
"""A cell is lost if its share of the generated muons is below this part of its share of the real ones."""


@dataclass(frozen=True, eq=False)
class Modes:
    """A partition of space into cells that hold equal shares of the real muons: medians of one column after the other.

    Since only the order of values matters, no scale of the columns does. A generator that has lost a mode, or makes
    muons on a surface of fewer dimensions, leaves cells empty. One that has its widths slightly wrong does not.

    Arguments:
        columns: Of the cuts, one for each level.
        cuts: Of each level those of the cells above, shape (2**level,).
        real: Share of the real weight in each cell, shape (2**levels,).

    References:
        Bentley, Multidimensional binary search trees | https://doi.org/10.1145/361002.361007
        Richardson, Weiss, On GANs and GMMs (the number of bins that differ) | https://arxiv.org/abs/1805.12462
    """

    columns: tuple[str, ...]
    cuts: tuple[Floats, ...]
    real: Floats

    @classmethod
    def fit(cls, real: Sample, n_eff: float) -> Self:
        """Cells of the real muons of one category.

        Arguments:
            real: Which the cells are made of.
            n_eff: Of the smallest sample whose coverage is asked for.

        Raises:
            SampleError: The muons are of several categories.
        """
        names = features(one_category(real))
        levels = int(np.clip(log2(max(1.0, min(n_eff, real.n_eff) / MUONS_PER_CELL)), 0, DEEPEST))
        columns = tuple(names[level % len(names)] for level in range(levels))
        cuts: list[Floats] = []
        cell = np.zeros(len(real), np.intp)
        for name in columns:
            cuts.append(_medians(real[name], real.weight, cell, 2 ** len(cuts)))
            cell = 2 * cell + (real[name] > cuts[-1][cell])
        return cls(columns, tuple(cuts), _shares(cell, real.weight, 2**levels))

    def cells(self, sample: Sample) -> NDArray[np.intp]:
        """The cell of each muon, shape (n,)."""
        cell = np.zeros(len(sample), np.intp)
        for name, cuts in zip(self.columns, self.cuts, strict=True):
            cell = 2 * cell + (sample[name] > cuts[cell])
        return cell

    def coverage(self, sample: Sample) -> float:
        """Share of the real muons in cells that are not lost, from 0 to 1."""
        shares = _shares(self.cells(sample), sample.weight, len(self.real))
        return 1.0 - float(self.real[shares < LOST * self.real].sum())


def _medians(values: NDArray[np.floating], weight: Floats, cell: NDArray[np.intp], cells: int) -> Floats:
    """Weighted median in each cell; one that is empty is cut at zero, which cuts nothing."""
    order = np.argsort(cell, kind="stable")
    ends = np.searchsorted(cell[order], np.arange(1, cells))
    return np.array(
        [_median(values[rows], weight[rows]) if len(rows) else 0.0 for rows in np.split(order, ends)]
    )


def _median(values: NDArray[np.floating], weight: Floats) -> float:
    """In the middle between the two values that it lies between."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weight[order])
    below = int(np.searchsorted(cumulated, cumulated[-1] / 2))
    above = min(below + 1, len(values) - 1)
    return float(values[order[below]] / 2 + values[order[above]] / 2)


def _shares(cell: NDArray[np.intp], weight: Floats, cells: int) -> Floats:
    total = np.bincount(cell, weight, cells)
    return np.asarray(total / total.sum(), np.float64)
