"""Weighted histograms as probability densities, and their ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hist import Hist
from numpy.typing import NDArray

from muforge.sample import Sample


@dataclass(frozen=True, eq=False)
class Density:
    """A histogram of unit area, under- and overflow counted in.

    Arguments:
        edges: Shape (n + 1,).
        values: Shape (n,), per unit of the axis.
        errors: Standard errors of `values`, shape (n,), entries taken as independent.
        outside: Share of the weight beyond the edges.
    """

    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    outside: float


@dataclass(frozen=True, eq=False)
class Ratio:
    """Bin by bin quotient of two densities, NaN where the denominator is empty.

    Arguments:
        values: Numerator over denominator, shape (n,).
        errors: From the numerator's errors alone, shape (n,).
        band: Relative error of the denominator, shape (n,): drawn around one.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    band: NDArray[np.float64]


def histogram(sample: Sample, column: str, bins: int, ends: tuple[float, float]) -> Hist[Any]:
    """Weighted histogram of a column in equal bins between two ends."""
    filled = Hist.new.Reg(bins, *ends, name=column).Weight()
    filled.fill(sample[column].astype(np.float64), weight=sample.weight)
    return filled


def density(filled: Hist[Any]) -> Density:
    """The density of a one-dimensional histogram with weight storage."""
    edges = np.asarray(filled.axes[0].edges, np.float64)
    total = float(filled.values(flow=True).sum())
    scale = 1 / (total * np.diff(edges))
    errors = np.sqrt(np.asarray(filled.variances(), np.float64))
    outside = 1 - float(filled.values().sum()) / total
    return Density(edges, filled.values() * scale, errors * scale, max(0.0, outside))


def ratio(numerator: Density, denominator: Density) -> Ratio:
    """The ratio of two densities on the same edges."""
    safe = np.where(denominator.values > 0, denominator.values, np.nan)
    return Ratio(numerator.values / safe, numerator.errors / safe, denominator.errors / safe)
