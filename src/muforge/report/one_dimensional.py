"""Every column's distribution, real and generated."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from muforge.report.density import Density, density, histogram
from muforge.report.labels import axis_label, density_label
from muforge.report.layout import check_samples, head_legend, panel_grid, with_n_eff
from muforge.report.panel import draw_densities, draw_ratio, ratio_panel
from muforge.report.ranges import FULL_RANGE, axis_range
from muforge.report.style import GENERATED, REAL, REAL_FILL, house_style
from muforge.sample import Sample

BINS = 60
BINS_FULL_RANGE = 130
"""Fine enough to show the slits between the target's blocks."""

_PANEL = (4.6, 3.9)
"""Width and height in inches."""


def one_dimensional(real: Sample, generated: Sample, columns: Sequence[str], *, title: str = "") -> Figure:
    """Weighted distributions of each column, overlaid, each over a panel with the ratio generated / real.

    Both are normalised to unit area, muons beyond the ends of the axis counted in; their share is written in
    the panel. The axes span the central 99.8% of the real weight, or all of it for the start in z.

    Raises:
        SampleError: A sample has no weight or lacks a column.
    """
    check_samples(real, generated)
    with house_style():
        figure, places = panel_grid(len(columns), _PANEL, title)
        for column, place in zip(columns, places, strict=True):
            main, below = ratio_panel(figure, place)
            _draw(main, below, column, real, generated)
        handles = [Patch(facecolor=REAL_FILL, edgecolor=REAL), Line2D([], [], color=GENERATED)]
        labels = [with_n_eff("real", real), with_n_eff("generated", generated)]
        head_legend(figure, title, handles, labels)
    return figure


def _draw(main: Axes, below: Axes, column: str, real: Sample, generated: Sample) -> None:
    ends = axis_range(real, column)
    bins = BINS_FULL_RANGE if column in FULL_RANGE else BINS
    of_real, of_generated = (density(histogram(sample, column, bins, ends)) for sample in (real, generated))
    draw_densities(main, of_real, of_generated, GENERATED)
    draw_ratio(below, of_real, of_generated, GENERATED)
    main.set_xlim(*ends)
    main.set_ylabel(density_label(column))
    below.set_ylabel("gen. / real", loc="center")
    below.set_xlabel(axis_label(column))
    _note_outside(main, of_real, of_generated)


def _note_outside(main: Axes, real: Density, generated: Density) -> None:
    text = f"beyond the axis: real {real.outside:.1%}, generated {generated.outside:.1%}"
    main.text(0.97, 0.96, text, transform=main.transAxes, ha="right", va="top", fontsize="x-small")
