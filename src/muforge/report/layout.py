"""Figures of several panels with a title and a legend above them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from muforge.sample import Sample

# All lengths are in inches.
LEFT, RIGHT, BOTTOM = 0.8, 0.25, 0.6
LEGEND, TITLE, EDGE = 0.3, 0.32, 0.1
SPACE_X, SPACE_Y = 0.85, 0.75

_TWO_ABREAST = (2, 4)
_THREE = 3


def check_samples(real: Sample, generated: Sample) -> None:
    """Raise `SampleError` if one of the samples has no weight to draw."""
    real.require_muons("real sample")
    generated.require_muons("generated sample")


def panel_grid(
    panels: int, size: tuple[float, float], title: str, *, right: float = RIGHT, head: float = LEGEND
) -> tuple[Figure, list[SubplotSpec]]:
    """A figure and the places of its panels, each of width and height `size`, margins around them.

    Above the panels is space for a legend of height `head` and, if there is one, the title.
    """
    across = 2 if panels in _TWO_ABREAST else min(panels, _THREE)
    rows = math.ceil(panels / across)
    top = legend_depth(title) + head
    width = LEFT + across * size[0] + (across - 1) * SPACE_X + right
    height = top + rows * size[1] + (rows - 1) * SPACE_Y + BOTTOM
    figure = Figure(figsize=(width, height))
    grid = figure.add_gridspec(
        rows,
        across,
        left=LEFT / width,
        right=1 - right / width,
        bottom=BOTTOM / height,
        top=1 - top / height,
        wspace=SPACE_X / size[0],
        hspace=SPACE_Y / size[1],
    )
    if title:
        figure.suptitle(title, y=1 - EDGE / height, va="top")
    return figure, [grid[panel // across, panel % across] for panel in range(panels)]


def legend_depth(title: str) -> float:
    """How far below the figure's upper edge the line of legend begins."""
    return EDGE + (TITLE if title else 0)


def head_legend(figure: Figure, title: str, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """One legend for all panels, in a line below the title."""
    top = 1 - legend_depth(title) / figure.get_figheight()
    figure.legend(
        handles, labels, loc="upper center", bbox_to_anchor=(0.5, top), ncols=len(labels), borderpad=0
    )


def head_line(figure: Figure, title: str, text: str) -> None:
    """A line of text below the title."""
    top = 1 - legend_depth(title) / figure.get_figheight()
    figure.text(0.5, top, text, ha="center", va="top", fontsize="small")


def with_n_eff(name: str, sample: Sample) -> str:
    """Name, number of muons and effective sample size, for a legend."""
    return f"{name}: {len(sample):,} muons, $N_{{\\mathrm{{eff}}}}$ = {sample.n_eff:,.0f}"
