"""Figures of the study of architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from muforge.report.studies.drawing import COLOURS, by_seed, cell_names, empty, heat_map, rows_height
from muforge.report.study import StudyFigure
from muforge.report.style import GENERATED, REAL, house_style

_GRID = 2
"""Numbers that a place on a grid has."""

_MAP = 4.2
_PANEL = (4.8, 3.4)
"""Inches."""


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """Grids of layers and node factors, the other factors, dead space."""
    factors: Mapping[str, Sequence[Mapping[str, Any]]] = details["factors"]
    grids = {name: cells for name, cells in factors.items() if len(cells[0]["place"]) == _GRID}
    others = {name: cells for name, cells in factors.items() if name not in grids}
    with house_style():
        drawn = [
            StudyFigure(
                "grids",
                _grids(grids),
                "Excess AUC of pairs of generator and discriminator (lower is better); the spread over seeds of the "
                f"base, which is framed, is {_base_spread(grids):.4f}",
            ),
            StudyFigure(
                "factors",
                _factors(others),
                "Excess AUC of networks that differ from the base in one thing; ticks are seeds, points and bars their "
                "mean and standard deviation, the line is the base",
            ),
            StudyFigure(
                "dead_space",
                _dead_space(details["dead_space"]),
                "Left: BDT output of muons made of latents at a distance from the origin in units of sqrt(L), near "
                "which latents lie; right: share of latents whose muons the BDT calls surely generated, and of real "
                "muons that no generated one is near to",
            ),
        ]
    return drawn


def _grids(grids: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    figure = empty(len(grids) * (_MAP + 1.1), _MAP)
    for (name, cells), axes in zip(
        grids.items(), figure.subplots(1, len(grids), squeeze=False)[0], strict=True
    ):
        values = sorted({number for cell in cells for number in cell["place"]})
        matrix: list[list[float | None]] = [[None] * len(values) for _ in values]
        text = [[""] * len(values) for _ in values]
        for cell in cells:
            i, j = (values.index(number) for number in cell["place"])
            matrix[i][j] = mean = float(np.mean(cell["excess_auc"]))
            text[i][j] = f"{mean:.3f}"
            if cell["base"]:
                axes.plot(
                    [i, i + 1, i + 1, i, i], [j, j, j + 1, j + 1, j], color=GENERATED, linewidth=2, zorder=3
                )
        heat_map(figure, axes, matrix, label="excess AUC", text=text)
        cell_names(axes, [f"{value:g}" for value in values], f"{name} of G", f"{name} of D")
    return figure


def _base_spread(grids: Mapping[str, Sequence[Mapping[str, Any]]]) -> float:
    base = next(cell for cells in grids.values() for cell in cells if cell["base"])
    return float(np.std(base["excess_auc"], ddof=1))


def _factors(factors: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    rows = -(-len(factors) // 2)
    most = max(len(cells) for cells in factors.values())
    figure = empty(10, rows * rows_height(most))
    places = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes in places[len(factors) :]:
        axes.set_axis_off()
    for (name, cells), axes in zip(factors.items(), places, strict=False):
        ordered = sorted(cells, key=lambda cell: cell["place"])
        by_seed(
            axes,
            [cell["label"] for cell in ordered],
            [cell["excess_auc"] for cell in ordered],
            "excess AUC, test events",
        )
        base = next(cell for cell in cells if cell["base"])
        axes.axvline(float(np.mean(base["excess_auc"])), color=REAL, linewidth=0.8)
        axes.set_title(name)
    return figure


def _dead_space(spaces: Sequence[Mapping[str, Any]]) -> Figure:
    families = list(dict.fromkeys(each["family"] for each in spaces))
    figure = empty(2 * _PANEL[0], _PANEL[1] * len(families))
    for family, (left, right) in zip(families, figure.subplots(len(families), 2, squeeze=False), strict=True):
        own = [each for each in spaces if each["family"] == family]
        for number, each in enumerate(own):
            mean, spread = np.array(each["profile"]).T
            left.errorbar(
                each["radii"],
                mean,
                spread,
                marker="o",
                markersize=3,
                color=COLOURS[number % len(COLOURS)],
                linestyle="--" if number >= len(COLOURS) else "-",
                label=f"L = {each['latents']}",
            )
        left.set_xlabel("distance from the origin / $L^{1/2}$")
        left.set_ylabel("BDT output (1: generated)")
        left.set_title(family)
        left.legend(loc="best", ncols=2, fontsize="x-small")
        _shares(right, own)
        right.set_title(family)
    return figure


def _shares(axes: Axes, spaces: Sequence[Mapping[str, Any]]) -> None:
    sizes = [each["latents"] for each in spaces]
    mean, spread = np.array([each["sure"] for each in spaces]).T
    axes.errorbar(sizes, mean, spread, marker="o", color=COLOURS[0], label="surely generated latents")
    covered = [each for each in spaces if each["coverage"] is not None]
    if covered:
        mean, spread = np.array([each["coverage"] for each in covered]).T
        null = np.array([each["null_coverage"][0] for each in covered])
        own = [each["latents"] for each in covered]
        axes.errorbar(own, 1 - mean, spread, marker="s", color=COLOURS[1], label="real muons not covered")
        axes.plot(own, 1 - null, "--", color=COLOURS[1], label="the same, by real muons")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_xlabel("latent dimensions $L$")
    axes.set_ylabel("share")
    axes.set_ylim(bottom=0)
    axes.legend(loc="best", fontsize="x-small")
