"""Generated over real shares in cells, with statistical and systematic errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from muforge.report.labels import symbol
from muforge.report.layout import head_legend, panel_grid
from muforge.report.style import GENERATED, REAL, house_style

_PANEL = (3.0, 2.2)
_BAND_ALPHA = 0.25
_POINT = 2.5


def uncertainty(contents: Mapping[str, Mapping[str, Any]], *, title: str = "") -> Figure:
    """Ratios of shares in cells of equal weight, drawn side by side, whatever they span.

    The grey band is the statistical error of the real share, the coloured one the systematic error of the generated
    one; bars are the generated one's statistical and systematic errors together.

    Arguments:
        contents: For each quantity `real`, `generated`, `real_error`, `generated_error` and `systematic`, as
            `Uncertainty` gives them.
    """
    with house_style():
        figure, places = panel_grid(len(contents), _PANEL, title)
        for (quantity, content), place in zip(contents.items(), places, strict=True):
            axes = figure.add_subplot(place)
            real, generated, of_real, of_generated, systematic = (
                np.array(content[name], np.float64)
                for name in ("real", "generated", "real_error", "generated_error", "systematic")
            )
            safe = np.where(real > 0, real, np.nan)
            edges = np.arange(len(real) + 1)
            ratio, band = generated / safe, of_real / safe
            grey = axes.stairs(
                1 + band, edges, baseline=1 - band, fill=True, color=REAL, alpha=_BAND_ALPHA, linewidth=0
            )
            high, low = ratio + systematic / safe, ratio - systematic / safe
            coloured = axes.stairs(
                high, edges, baseline=low, fill=True, color=GENERATED, alpha=_BAND_ALPHA, linewidth=0
            )
            total = np.hypot(of_generated, systematic) / safe
            points = axes.errorbar(
                edges[:-1] + 0.5, ratio, total, fmt="o", markersize=_POINT, color=GENERATED, elinewidth=1
            )
            axes.axhline(1, color=REAL, linewidth=0.8)
            axes.set_xlabel(f"cell, from low to high {symbol(quantity)}")
            axes.set_ylabel("generated / real")
        head_legend(
            figure,
            title,
            [grey, coloured, points.lines[0]],
            ["real, statistical", "systematic", "all errors"],
        )
    return figure
