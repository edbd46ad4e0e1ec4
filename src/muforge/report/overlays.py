"""One-dimensional distributions as the judge binned them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from muforge.report.density import Density
from muforge.report.labels import axis_label, density_label
from muforge.report.layout import head_legend, panel_grid
from muforge.report.panel import draw_densities, draw_ratio, ratio_panel
from muforge.report.style import GENERATED, house_style

_PANEL = (3.0, 2.7)
"""Width and height in inches, so that three abreast can be read on a page and one on a phone."""


def overlay(contents: Mapping[str, Mapping[str, Sequence[float]]], *, title: str = "") -> Figure:
    """Real and generated densities of quantities with their ratios; errors are over events.

    Arguments:
        contents: For each column, or quantity derived from columns, `edges`, `real`, `generated` and their errors, as
            `OneDimensional` gives them.
    """
    with house_style():
        figure, places = panel_grid(len(contents), _PANEL, title)
        for (quantity, content), place in zip(contents.items(), places, strict=True):
            real, generated = (_density(content, side) for side in ("real", "generated"))
            main, below = ratio_panel(figure, place)
            handles = draw_densities(main, real, generated, GENERATED)
            draw_ratio(below, real, generated, GENERATED)
            main.set_xlim(real.edges[0], real.edges[-1])
            main.set_ylabel(density_label(quantity))
            below.set_xlabel(axis_label(quantity))
            below.set_ylabel("ratio", loc="center")
        head_legend(figure, title, handles, ["real", "generated"])
    return figure


def _density(content: Mapping[str, Any], side: str) -> Density:
    edges, values, errors = (np.asarray(content[key], np.float64) for key in ("edges", side, f"{side}_error"))
    return Density(edges, values, errors, 0.0)
