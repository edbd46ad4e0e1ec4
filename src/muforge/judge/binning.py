"""Where bins begin and end, and in which one a value lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muforge.judge.replicas import Shares

Floats = NDArray[np.float64]

TAIL = 0.001
"""Share of the real weight that may lie beyond each end of an axis."""


def weighted_quantile(values: NDArray[np.floating], weight: Floats, levels: Sequence[float]) -> Floats:
    """The smallest values up to which at least the shares `levels` of the weight lie, shape (len(levels),)."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weight[order])
    rows = np.searchsorted(cumulated, np.asarray(levels) * cumulated[-1])
    return np.asarray(values[order][np.minimum(rows, len(values) - 1)], np.float64)


def equal_weight_edges(values: Floats, weight: Floats, bins: int) -> Floats:
    """Inner edges of at most so many bins of about equal weight; fewer where values repeat."""
    levels = np.arange(1, bins) / bins
    return np.unique(weighted_quantile(values, weight, levels.tolist()))


def bin_of(values: Floats, inner_edges: Floats) -> NDArray[np.intp]:
    """Bin of each value, 0 to len(inner_edges): the first and the last bin have no end. Edges belong to the left."""
    return np.searchsorted(inner_edges, values, side="left")


def merged(shares: Shares, starts: Sequence[int] | NDArray[np.intp]) -> Shares:
    """Neighbouring bins joined: each new bin begins at one of `starts` and ends before the next."""
    return shares.map(lambda rows: np.add.reduceat(rows, np.asarray(starts), axis=1))
