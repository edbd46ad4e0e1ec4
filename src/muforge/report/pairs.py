"""How the columns hang together: every pair, real beside generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from hist import Hist
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.report.labels import axis_label
from muforge.report.layout import BOTTOM, check_samples, head_line, legend_depth, panel_grid, with_n_eff
from muforge.report.ranges import axis_range
from muforge.report.style import house_style
from muforge.sample import Sample

BINS = 40
COLOURS = "viridis"
DECADES = 5
"""At most so many decades of colour below the fullest bin."""

# All lengths are in inches.
_PANEL = 2.05
_BETWEEN_TWINS = 0.1
_RIGHT = 1.25
_HEAD = 0.5
_COLOUR_BAR_GAP, _COLOUR_BAR = 0.2, 0.18

_TICKS = 4
_TICK_STEPS = (1, 2, 5, 10)


def pairs(real: Sample, generated: Sample, columns: Sequence[str], *, title: str = "") -> Figure:
    """Two-dimensional weighted histograms of every pair of columns, real and generated side by side.

    Colour is the share of the sample's weight in a bin, on one logarithmic scale for the whole figure; white
    bins are empty. The axes are those of `one_dimensional`.

    Raises:
        SampleError: A sample has no weight or lacks a column.
        ConfigError: There are fewer than two columns.
    """
    check_samples(real, generated)
    if len(columns) < 2:
        raise ConfigError(f"columns {', '.join(columns) or '(none)'}: pairs need at least two")
    ends = {column: axis_range(real, column) for column in columns}
    drawn = list(combinations(columns, 2))
    shares = [[_shares(sample, pair, ends) for sample in (real, generated)] for pair in drawn]
    norm = _colour_scale([share for twins in shares for share, _, _ in twins])
    with house_style():
        figure, places = panel_grid(
            len(drawn), (2 * _PANEL + _BETWEEN_TWINS, _PANEL), title, right=_RIGHT, head=_HEAD
        )
        for pair, twins, place in zip(drawn, shares, places, strict=True):
            _draw_twins(figure, place, pair, twins, norm)
        _draw_colour_bar(figure, norm, title)
        sizes = [with_n_eff("real", real), with_n_eff("generated", generated)]
        head_line(figure, title, "      ".join(sizes))
    return figure


_Share = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _shares(sample: Sample, pair: tuple[str, str], ends: Mapping[str, tuple[float, float]]) -> _Share:
    """Share of the weight per bin, shape (BINS, BINS), and the edges of both axes."""
    filled = Hist.new.Reg(BINS, *ends[pair[0]]).Reg(BINS, *ends[pair[1]]).Weight()
    filled.fill(*(sample[column].astype(np.float64) for column in pair), weight=sample.weight)
    x, y = (axis.edges for axis in filled.axes)
    return filled.values() / sample.sum_of_weights, x, y


def _colour_scale(shares: Sequence[NDArray[np.float64]]) -> LogNorm:
    positive = np.concatenate([share[share > 0] for share in shares])
    highest = float(positive.max())
    lowest = min(float(positive.min()), highest / 10)
    return LogNorm(max(lowest, highest / 10**DECADES), highest)


def _draw_twins(
    figure: Figure, place: SubplotSpec, pair: tuple[str, str], twins: Sequence[_Share], norm: LogNorm
) -> None:
    grid = place.subgridspec(1, 2, wspace=_BETWEEN_TWINS / _PANEL)
    left = figure.add_subplot(grid[0])
    right = figure.add_subplot(grid[1], sharex=left, sharey=left)
    for axes, (share, x, y), name in zip((left, right), twins, ("real", "generated"), strict=True):
        seen = np.ma.masked_less_equal(share.T, 0)
        axes.pcolormesh(x, y, seen, norm=norm, cmap=COLOURS, rasterized=True)
        axes.set_title(name, fontsize="small", pad=5)
        axes.set_xlabel(axis_label(pair[0]))
        axes.xaxis.set_major_locator(MaxNLocator(_TICKS, steps=_TICK_STEPS))
        axes.yaxis.set_major_locator(MaxNLocator(_TICKS, steps=_TICK_STEPS))
    left.set_ylabel(axis_label(pair[1]))
    right.tick_params(axis="y", which="both", labelleft=False)


def _draw_colour_bar(figure: Figure, norm: LogNorm, title: str) -> None:
    width, height = figure.get_size_inches()
    top = legend_depth(title) + _HEAD
    place = (
        1 - (_RIGHT - _COLOUR_BAR_GAP) / width,
        BOTTOM / height,
        _COLOUR_BAR / width,
        1 - (top + BOTTOM) / height,
    )
    figure.colorbar(ScalarMappable(norm, COLOURS), cax=figure.add_axes(place), label="share of muons per bin")
