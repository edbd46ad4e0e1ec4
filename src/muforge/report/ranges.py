"""How much of a column's axis is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.sample import Sample

TAIL = 0.001
"""Share of the real weight that may lie beyond each end of an axis."""

MARGIN = 0.02
"""Space beyond each end, as a share of the axis."""

FULL_RANGE = frozenset({"start_z"})
"""Columns drawn whole: the target has two ends, and both are of interest."""


def weighted_quantile(
    values: NDArray[np.floating], weight: NDArray[np.float64], levels: tuple[float, ...]
) -> NDArray[np.float64]:
    """The smallest values up to which at least the shares `levels` of the weight lie, shape (len(levels),)."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weight[order])
    rows = np.searchsorted(cumulated, np.array(levels) * cumulated[-1])
    return np.asarray(values[order][np.minimum(rows, len(values) - 1)], np.float64)


def axis_range(real: Sample, column: str) -> tuple[float, float]:
    """Ends of the axis of a column: set by the real muons alone, so that a bad generator cannot stretch it."""
    values = real[column][real.weight > 0]
    if column in FULL_RANGE:
        low, high = float(values.min()), float(values.max())
    else:
        low, high = weighted_quantile(values, real.weight[real.weight > 0], (TAIL, 1 - TAIL))
    margin = MARGIN * (high - low) if high > low else 0.5
    return float(low - margin), float(high + margin)
