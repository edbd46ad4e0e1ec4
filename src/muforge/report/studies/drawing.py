"""What figures of several studies are made of: values by seed, learning curves, tails and heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from muforge.report.style import FURTHER, GENERATED, NULL, REAL

COLOURS = (GENERATED, NULL, *FURTHER)
HEAT = "viridis"

_ROW = 0.34
_MARGIN = 1.0
"""Inches: of a row of values and of what is around them."""

_BAND_ALPHA = 0.18
_POINT = 4.5
_LINEAR = 2.0
_RATIOS = (0.0, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Ticks of ratios of yields, which are drawn on a linear scale as far as two and on a logarithmic one beyond."""

_DODGE = 0.6
"""Part of the distance of two ticks over which points side by side are spread."""


def empty(width: float, height: float) -> Figure:
    """A figure of so many inches, whose parts make room for their labels."""
    return Figure(figsize=(width, height), layout="constrained")


def rows_height(rows: int) -> float:
    """Height of a figure with so many rows of values, inches."""
    return _MARGIN + _ROW * rows


def by_seed(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    label: str,
    *,
    colours: int = len(COLOURS),
) -> None:
    """A row for each name: a small point for each seed, and mean and standard deviation.

    Arguments:
        names: Of the rows.
        values: Of each row, by seed.
        label: Of the axis.
        colours: After so many rows they come again.
    """
    for row, of_row in enumerate(values):
        colour = COLOURS[row % min(colours, len(COLOURS))]
        axes.plot(of_row, [row] * len(of_row), "|", color=colour, markersize=9, alpha=0.6)
        spread = float(np.std(of_row, ddof=1)) if len(of_row) > 1 else 0.0
        axes.errorbar(
            float(np.mean(of_row)), row, xerr=spread, fmt="o", color=colour, markersize=_POINT, capsize=3
        )
    axes.set_yticks(range(len(names)), list(names))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)


def learning_curves(axes: Axes, arms: Sequence[Mapping[str, Any]], *, of_all: bool = False) -> None:
    """Excess AUC on validation events against the step, mean and standard deviation over seeds.

    Arguments:
        arms: With `name` and `curves`: by seed, pairs of step and excess AUC.
        of_all: Draw against the part of all steps.
    """
    for number, arm in enumerate(arms):
        curves = np.array(arm["curves"], np.float64)
        steps, values = curves[0, :, 0], curves[:, :, 1]
        steps = steps / steps[-1] if of_all else steps
        colour, mean = COLOURS[number % len(COLOURS)], values.mean(axis=0)
        axes.plot(steps, mean, marker=".", color=colour, label=arm["name"])
        if len(values) > 1:
            spread = values.std(axis=0, ddof=1)
            axes.fill_between(
                steps, mean - spread, mean + spread, color=colour, alpha=_BAND_ALPHA, linewidth=0
            )
    axes.axhline(0, color=REAL, linewidth=0.8)
    axes.set_ylabel("excess AUC, validation events")
    axes.set_xlabel("part of all training steps" if of_all else "training step")
    if not of_all:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.legend(loc="best")


def tail_ratios(
    axes: Axes, names: Sequence[str], tails: Sequence[Sequence[Sequence[Mapping[str, Any]]]]
) -> None:
    """Generated over real yields beyond quantiles, side by side for each tail.

    Points are means over seeds; bars are the standard deviation over seeds and the error over events together.

    Arguments:
        names: Of the networks.
        tails: Of each network, by seed, what `TailYield.to_dict` gave.
    """
    first = tails[0][0]
    places = np.arange(len(first))
    for number, (name, of_seeds) in enumerate(zip(names, tails, strict=True)):
        ratio = np.array([[each["ratio"] for each in of_seed] for of_seed in of_seeds])
        error = np.array([[each["error"] for each in of_seed] for of_seed in of_seeds]).mean(axis=0)
        spread = ratio.std(axis=0, ddof=1) if len(ratio) > 1 else np.zeros(len(first))
        shift = _DODGE * ((number + 0.5) / len(names) - 0.5)
        axes.errorbar(
            places + shift,
            ratio.mean(axis=0),
            np.hypot(spread, error),
            fmt="o",
            markersize=_POINT,
            color=COLOURS[number % len(COLOURS)],
            label=name,
        )
    axes.axhline(1, color=REAL, linewidth=0.8)
    labels = [f"{each['quantity']}\n{100 * each['level']:g}%" for each in first]
    axes.set_xticks(places, labels, fontsize="x-small")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("generated / real beyond")
    axes.set_yscale("symlog", linthresh=_LINEAR, linscale=1.5)
    axes.set_ylim(0, max(axes.get_ylim()[1], _LINEAR))
    axes.yaxis.set_major_locator(FixedLocator(_RATIOS))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def heat_map(
    figure: Figure,
    axes: Axes,
    matrix: Sequence[Sequence[float | None]],
    *,
    edges: Sequence[float] | None = None,
    label: str,
    ends: tuple[float, float] | None = None,
    text: Sequence[Sequence[str]] | None = None,
) -> None:
    """A matrix in colour, its first axis to the right; cells that are None are left white.

    Arguments:
        edges: Of the cells in both directions; without them cells have the size of one and text in them.
        label: Of the colours.
        ends: Of the colours.
        text: In the cells.
    """
    values = np.ma.masked_invalid(np.array(matrix, np.float64)).T
    low, high = ends if ends is not None else (None, None)
    at: tuple[NDArray[np.float64], ...] = () if edges is None else (np.asarray(edges, np.float64),) * 2
    mesh = axes.pcolormesh(*at, values, cmap=HEAT, vmin=low, vmax=high, rasterized=True)
    figure.colorbar(mesh, ax=axes, label=label)
    if text is not None:
        middle = (float(values.min()) + float(values.max())) / 2
        for i, column in enumerate(text):
            for j, each in enumerate(column):
                colour = "white" if values[j, i] < middle else "black"
                axes.text(i + 0.5, j + 0.5, each, ha="center", va="center", fontsize=8, color=colour)


def cell_names(axes: Axes, names: Sequence[str], x: str, y: str) -> None:
    """The same names along both sides of a heat map of cells of size one."""
    places = np.arange(len(names)) + 0.5
    axes.set_xticks(places, list(names))
    axes.set_yticks(places, list(names))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel(x)
    axes.set_ylabel(y)
