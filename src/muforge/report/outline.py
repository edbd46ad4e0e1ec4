"""Densities of several samples as outlines on a logarithmic ordinate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from muforge.report.layout import panel_grid
from muforge.report.style import GENERATED, NULL, REAL, house_style

COLOURS = {"real": REAL, "generated": GENERATED, "null": NULL}
NAMES = {"real": "real", "generated": "generated", "null": "null: real, other events"}

_PANEL = (6.4, 3.8)
"""Width and height in inches."""

_HEADROOM = 20.0


def outline(
    densities: Mapping[str, Sequence[float]], label: str, *, marks: Sequence[float] = (), title: str = ""
) -> Figure:
    """Stairs of each side on common edges.

    Arguments:
        densities: `edges`, and any of `real`, `generated` and `null`.
        label: Of the abscissa.
        marks: Abscissae of dotted lines.
    """
    with house_style():
        figure, places = panel_grid(1, _PANEL, title, head=0)
        axes = figure.add_subplot(places[0])
        edges = np.asarray(densities["edges"])
        highest = 0.0
        for side, colour in COLOURS.items():
            if side in densities:
                values = np.asarray(densities[side], np.float64)
                shown = np.where(values > 0, values, np.nan)
                axes.stairs(shown, edges, color=colour, baseline=None, label=NAMES[side], linewidth=1.4)
                highest = max(highest, float(values.max()))
        for mark in marks:
            axes.axvline(mark, color=REAL, linewidth=0.8, linestyle=":")
        axes.set_yscale("log")
        axes.set_ylim(top=highest * _HEADROOM)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(label)
        axes.set_ylabel("probability density")
        axes.legend(loc="upper right", ncols=3)
    return figure
