"""Momenta of an enriched sample: where its muons are, and what the weighted ones look like in the region."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.judge.quantities import values
from muforge.sample import Sample

P_EDGES = np.geomspace(10, 400, 41)
PT_EDGES = np.geomspace(0.02, 6, 41)
"""GeV."""

QUANTITIES = ("p", "pt")
BINS = 8


def plane(sample: Sample, weight: NDArray[np.float64]) -> list[list[float]]:
    """Share of the weight in cells of momentum and transverse momentum, momentum along the first axis."""
    counts, _, _ = np.histogram2d(
        values(sample, "p"), values(sample, "pt"), bins=[P_EDGES, PT_EDGES], weights=weight / weight.sum()
    )
    return [[float(each) for each in row] for row in counts]


def spectrum_edges(inside: Sample) -> dict[str, list[float]]:
    """Edges of equal bins between the ends of the muons inside, by quantity."""
    found = {}
    for quantity in QUANTITIES:
        of_muons = values(inside, quantity)
        low, high = float(of_muons.min()), float(of_muons.max())
        found[quantity] = np.linspace(low, max(high, np.nextafter(low, np.inf)), BINS + 1).tolist()
    return found


def spectra(sample: Sample, inside: NDArray[np.bool_], edges: dict[str, list[float]]) -> dict[str, Any]:
    """Share of a sample's weight per GeV and inside, and its standard error, by quantity."""
    weight = sample.weight[inside] / sample.sum_of_weights
    part = sample.select(inside)
    found = {}
    for quantity, ends in edges.items():
        width = np.diff(ends)
        first, second = (
            np.histogram(values(part, quantity), ends, weights=weight**power)[0] for power in (1, 2)
        )
        found[quantity] = {
            "value": (first / width).tolist(),
            "error": (np.sqrt(second) / width).tolist(),
        }
    return found
