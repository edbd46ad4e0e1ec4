"""A panel with two densities and, below it, their ratio."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from numpy.typing import NDArray

from muforge.report.density import Density, ratio
from muforge.report.style import REAL, REAL_FILL

RATIO_ENDS = (0.0, 2.0)
RATIO_TICKS = (0.5, 1.0, 1.5)

_HEIGHTS = (3.0, 1.0)
_GAP = 0.06
_HEADROOM = 3.0
_BAND_ALPHA = 0.25
_POINT = 2.5
_TRIANGLE = 4.0
_TRIANGLE_AT = 1.9


def ratio_panel(figure: Figure, place: SubplotSpec) -> tuple[Axes, Axes]:
    """Axes for densities, logarithmic, and below them axes for the ratio, with a common abscissa."""
    grid = place.subgridspec(2, 1, height_ratios=_HEIGHTS, hspace=_GAP)
    main = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1], sharex=main)
    main.set_yscale("log")
    main.tick_params(axis="x", which="both", labelbottom=False)
    return main, below


def draw_densities(main: Axes, reference: Density, other: Density, colour: str) -> tuple[Artist, Artist]:
    """The reference filled, the other one as a line with error bars; the two handles for a legend."""
    filled = main.stairs(
        reference.values, reference.edges, fill=True, facecolor=REAL_FILL, edgecolor=REAL, linewidth=0
    )
    main.stairs(reference.values, reference.edges, color=REAL, baseline=None)
    line = main.stairs(other.values, other.edges, color=colour, baseline=None)
    seen = np.where(other.values > 0, other.values, np.nan)
    main.errorbar(centres(other.edges), seen, other.errors, fmt="none", ecolor=colour, elinewidth=1)
    contents = np.concatenate([reference.values, other.values])
    positive = contents[contents > 0]
    if len(positive):
        main.set_ylim(positive.min() / _HEADROOM, positive.max() * _HEADROOM)
    return filled, line


def draw_ratio(below: Axes, reference: Density, other: Density, colour: str) -> None:
    """Other over reference; the band is the reference's error, triangles stand for points above the axis."""
    quotient = ratio(other, reference)
    middle = centres(reference.edges)
    below.stairs(
        1 + quotient.band,
        reference.edges,
        baseline=1 - quotient.band,
        fill=True,
        color=REAL,
        alpha=_BAND_ALPHA,
        linewidth=0,
    )
    below.axhline(1, color=REAL, linewidth=0.8)
    below.errorbar(
        middle, quotient.values, quotient.errors, fmt="o", markersize=_POINT, color=colour, elinewidth=1
    )
    above = middle[quotient.values > RATIO_ENDS[1]]
    below.plot(above, np.full(len(above), _TRIANGLE_AT), "^", markersize=_TRIANGLE, color=colour)
    below.set_ylim(*RATIO_ENDS)
    below.set_yticks(RATIO_TICKS)


def centres(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middles of the bins, shape (n,)."""
    return (edges[1:] + edges[:-1]) / 2
