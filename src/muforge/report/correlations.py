"""Matrices of rank correlations, real, generated and their difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from muforge.report.labels import SYMBOLS
from muforge.report.layout import panel_grid
from muforge.report.style import house_style

COLOURS = "RdBu_r"
_PANEL = (2.9, 2.9)
_RIGHT, _HEAD = 1.2, 0.35
"""Inches."""

_SHORT = {"phi": r"$\phi_p$", "angle": r"$\Delta\phi$"}


def correlations(content: Mapping[str, Any], *, title: str = "") -> Figure:
    """Three matrices on one scale of colours.

    Arguments:
        content: `columns`, `real` and `generated`, as `Correlation` gives them.
    """
    real, generated = (np.array(content[side]) for side in ("real", "generated"))
    names = [_SHORT.get(name, SYMBOLS[name]) for name in content["columns"]]
    norm = Normalize(-1, 1)
    with house_style():
        figure, places = panel_grid(3, _PANEL, title, right=_RIGHT, head=_HEAD)
        panels = {"real": real, "generated": generated, "generated - real": generated - real}
        for (name, matrix), place in zip(panels.items(), places, strict=True):
            axes = figure.add_subplot(place)
            axes.imshow(matrix, norm=norm, cmap=COLOURS)
            axes.set_title(name, pad=6)
            axes.set_xticks(range(len(names)), names, rotation=90)
            axes.set_yticks(range(len(names)), names)
            axes.minorticks_off()
            axes.tick_params(length=0)
        figure.colorbar(
            ScalarMappable(norm, COLOURS), ax=figure.axes, label="rank correlation", fraction=0.02, pad=0.02
        )
    return figure
