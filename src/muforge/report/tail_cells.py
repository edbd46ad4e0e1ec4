"""Ratios of yields in cells of momentum and transverse momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from muforge.report.labels import axis_label
from muforge.report.layout import panel_grid
from muforge.report.style import house_style

COLOURS = "RdBu_r"
SIGMAS = 5.0
"""Of the ends of the colour scale."""

_PANEL = (8.6, 4.6)
_RIGHT = 1.3
"""Inches."""

_LONGEST = 4
_DARK = 3.5
"""Sigma beyond which a cell is so dark that its text is white."""


def tail_cells(cells: Mapping[str, Any], *, title: str = "") -> Figure:
    """Each cell with its ratio of generated to real; the colour is its significance in standard deviations.

    Cells are drawn of one size, whatever they span.

    Arguments:
        cells: `p_edges`, `pt_edges` and matrices `ratio` and `significance`, None where nothing can be said, as `Tails`
            gives them.
    """
    significance = np.array(cells["significance"], np.float64)
    norm = TwoSlopeNorm(0.0, -SIGMAS, SIGMAS)
    with house_style():
        figure, places = panel_grid(1, _PANEL, title, right=_RIGHT, head=0)
        axes = figure.add_subplot(places[0])
        seen = np.ma.masked_invalid(significance.T)
        axes.pcolormesh(seen, norm=norm, cmap=COLOURS, edgecolors="white", linewidth=0.5)
        for (i, j), ratio in np.ndenumerate(np.array(cells["ratio"], np.float64)):
            if np.isfinite(significance[i, j]):
                colour = "white" if abs(significance[i, j]) > _DARK else "black"
                text = f"{ratio:.2f}"[:_LONGEST] if np.isfinite(ratio) else "new"
                axes.text(i + 0.5, j + 0.5, text, ha="center", va="center", fontsize=8, color=colour)
        for axis, edges in ((axes.xaxis, cells["p_edges"]), (axes.yaxis, cells["pt_edges"])):
            axis.set_ticks(range(len(edges)), [f"{edge:g}" for edge in edges])
            axis.set_minor_locator(NullLocator())
        axes.set_xlabel(axis_label("p"))
        axes.set_ylabel(axis_label("pt"))
        figure.colorbar(ScalarMappable(norm, COLOURS), ax=axes, label="difference in sigma", extend="both")
    return figure
