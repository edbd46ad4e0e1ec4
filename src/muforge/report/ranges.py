"""How much of a column's axis is drawn."""

from __future__ import annotations

from muforge.judge.binning import TAIL, weighted_quantile
from muforge.sample import Sample

MARGIN = 0.02
"""Space beyond each end, as a share of the axis."""

FULL_RANGE = frozenset({"start_z"})
"""Columns drawn whole: the target has two ends, and both are of interest."""


def axis_range(real: Sample, column: str) -> tuple[float, float]:
    """Ends of the axis of a column: set by the real muons alone, so that a bad generator cannot stretch it."""
    values = real[column][real.weight > 0]
    if column in FULL_RANGE:
        low, high = float(values.min()), float(values.max())
    else:
        low, high = weighted_quantile(values, real.weight[real.weight > 0], (TAIL, 1 - TAIL))
    margin = MARGIN * (high - low) if high > low else 0.5
    return float(low - margin), float(high + margin)
