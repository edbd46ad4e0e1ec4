"""Figures of the study of dangerous muons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from muforge.report.density import Density
from muforge.report.labels import axis_label, unit
from muforge.report.layout import LEGEND, head_legend, head_line, legend_depth, panel_grid
from muforge.report.panel import centres
from muforge.report.study import StudyFigure
from muforge.report.style import FURTHER, GENERATED, NULL, REAL, REAL_FILL, house_style

_COLOURS = (REAL, GENERATED, NULL, *FURTHER)
"""Of the methods, the plain flow first."""

_PLANE = (3.0, 2.6)
_SPECTRUM = (4.4, 3.4)
"""Width and height in inches."""

_LINE = 0.32
"""Height in inches of a method's line."""

_LEAST = 1e-6
"""Share of the muons below which a cell is not drawn."""

_HEADROOM = 3.0


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """The methods side by side, and for each region where its muons are made and their weighted spectra."""
    found = [_methods(details["regions"])]
    for region in details["regions"]:
        found.append(_planes(region, details["p_edges"], details["pt_edges"]))
        found.append(_spectra(region))
    return found


def _methods(regions: Sequence[Mapping[str, Any]]) -> StudyFigure:
    methods = {each["method"]: each["title"] for region in regions for each in region["methods"]}
    columns = (
        ("gain in $N_{\\mathrm{eff}}$ inside", _gains, 1.0),
        ("yield inside / held-out", _numbers("ratio"), 1.0),
        ("excess AUC inside", _excess("inside"), 0.0),
        ("excess AUC outside", _excess("outside"), 0.0),
    )
    with house_style():
        height = 1.25 + _LINE * (len(methods) * len(regions) + 1)
        figure = Figure(figsize=(13, height))
        axes = figure.subplots(1, len(columns), sharey=True)
        figure.subplots_adjust(left=0.17, right=0.985, bottom=0.6 / height, top=1 - 0.4 / height, wspace=0.1)
        for ax, (label, numbers, expected) in zip(axes, columns, strict=True):
            ax.axvline(expected, color=REAL, linewidth=0.8, linestyle="--")
            ax.set_xlabel(label, loc="center")
            for number, region in enumerate(regions):
                _column(ax, region, list(methods), numbers, (number - (len(regions) - 1) / 2), number)
        axes[0].set_xscale("log")
        axes[1].set_xlim(left=0)
        axes[0].set_yticks(range(len(methods)), list(methods.values()))
        axes[0].set_ylim(len(methods) - 0.5, -0.5)
        for ax in axes:
            ax.tick_params(axis="y", which="both", length=0)
        handles = [
            Line2D([], [], color=_colour(number), marker="o", linestyle="none")
            for number in range(len(regions))
        ]
        head_legend(figure, "", handles, [f"region '{each['name']}'" for each in regions])
    return StudyFigure(
        "methods",
        figure,
        "Ways to enrich dangerous muons: gain in their effective number per muon made, weighted yield over that of "
        "held-out muons, and excess AUC of the note's BDT inside and outside of the region. Points are means over "
        "seeds, thick bars standard deviations, thin bars errors over events, which all methods share. Where a point "
        "is missing there are too few muons.",
    )


def _column(
    ax: Axes,
    region: Mapping[str, Any],
    order: Sequence[str],
    numbers: Any,
    offset: float,
    number: int,
) -> None:
    for method in region["methods"]:
        values, errors = numbers(method)
        if not values:
            continue
        y = order.index(method["method"]) + 0.3 * offset
        mean, deviation = float(np.mean(values)), float(np.std(values, ddof=min(1, len(values) - 1)))
        colour = _colour(number)
        if errors:
            ax.errorbar(mean, y, xerr=float(np.mean(errors)), fmt="none", ecolor=colour, elinewidth=0.8)
        ax.errorbar(mean, y, xerr=deviation, fmt="o", color=colour, markersize=4, elinewidth=2.5)


def _gains(method: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    return [each for each in method["gain"] if each > 0], []


def _numbers(name: str) -> Any:
    def of(method: Mapping[str, Any]) -> tuple[list[float], list[float]]:
        seen = [each for each in method["measured"] if each[name] is not None]
        return [each[name] for each in seen], [each[f"{name}_error"] for each in seen]

    return of


def _excess(where: str) -> Any:
    def of(method: Mapping[str, Any]) -> tuple[list[float], list[float]]:
        seen = [each[f"judged_{where}"] for each in method["measured"]]
        seen = [each for each in seen if each is not None]
        return [each["excess_auc"] for each in seen], [each["error"] for each in seen]

    return of


def _colour(number: int) -> str:
    return _COLOURS[1:][number % len(_COLOURS[1:])]


def _planes(region: Mapping[str, Any], p_edges: list[float], pt_edges: list[float]) -> StudyFigure:
    drawn = [("real, by weight", region["drawn"]["real"]["plane"])]
    drawn += [(each["title"], region["drawn"][each["method"]]["plane"]) for each in region["methods"]]
    title = f"Region '{region['name']}'"
    with house_style():
        figure, places = panel_grid(len(drawn), _PLANE, title, right=1.1, head=2 * LEGEND)
        meshes = []
        for (name, cells), place in zip(drawn, places, strict=True):
            ax = figure.add_subplot(place)
            ax.set(xscale="log", yscale="log", xlabel=axis_label("p"), ylabel=axis_label("pt"))
            ax.set_title(name)
            share = np.asarray(cells).T
            meshes.append(
                ax.pcolormesh(
                    p_edges, pt_edges, np.where(share >= _LEAST, share, np.nan), norm=LogNorm(_LEAST, 0.1)
                )
            )
            for window in region["windows"]:
                (left, right), (low, high) = window["p"], window["pt"]
                ax.add_patch(Rectangle((left, low), right - left, high - low, fill=False, color=GENERATED))
        width, height = figure.get_size_inches()
        bar = figure.add_axes((1 - 0.85 / width, 0.6 / height, 0.15 / width, 1 - 1.4 / height))
        figure.colorbar(meshes[0], cax=bar, label="share of the muons made")
        head_line(figure, title, "weights of generated muons apart; frames: the region")
    return StudyFigure(
        f"planes-{region['name']}",
        figure,
        f"Where muons are made, before they are weighted, in momentum and transverse momentum; first seed. The frames "
        f"are region '{region['name']}'.",
    )


def _spectra(region: Mapping[str, Any]) -> StudyFigure:
    edges = region["drawn"]["edges"]
    shown = [each for each in region["methods"] if region["drawn"][each["method"]]["spectra"] is not None]
    title = f"Region '{region['name']}', weighted"
    with house_style():
        figure, places = panel_grid(len(edges), _SPECTRUM, title, head=2.2 * LEGEND)
        handles: list[Any] = [Patch(facecolor=REAL_FILL, edgecolor=REAL)]
        handles += [Line2D([], [], color=_of_method(each)) for each in range(len(shown))]
        for (quantity, ends), place in zip(edges.items(), places, strict=True):
            ax = figure.add_subplot(place)
            _real(ax, _density(ends, region["drawn"]["real"]["spectra"][quantity]))
            for number, method in enumerate(shown):
                density = _density(ends, region["drawn"][method["method"]]["spectra"][quantity])
                _method(ax, density, number, len(shown))
            ax.set(
                yscale="log", xlabel=axis_label(quantity), ylabel=f"share of all muons [1/{unit(quantity)}]"
            )
            ax.set_xlim(ends[0], ends[-1])
        names = ["held-out muons", *(each["title"] for each in shown)]
        _legend(figure, title, handles, names)
    return StudyFigure(
        f"spectra-{region['name']}",
        figure,
        f"Momentum and transverse momentum of the muons in region '{region['name']}', weighted, as a share of "
        "all muons; first seed, errors over muons.",
    )


def _density(edges: Sequence[float], content: Mapping[str, Any]) -> Density:
    return Density(np.asarray(edges), np.asarray(content["value"]), np.asarray(content["error"]), 0.0)


def _real(ax: Axes, real: Density) -> None:
    ax.stairs(real.values, real.edges, fill=True, facecolor=REAL_FILL, linewidth=0)
    seen = np.where(real.values > 0, real.values, np.nan)
    ax.stairs(seen, real.edges, color=REAL, baseline=None)
    ax.errorbar(centres(real.edges), seen, real.errors, fmt="none", ecolor=REAL, elinewidth=2)
    if np.isfinite(seen).any():
        ax.set_ylim(np.nanmin(seen) / 10 / _HEADROOM, np.nanmax(seen) * _HEADROOM)


def _method(ax: Axes, density: Density, number: int, of: int) -> None:
    seen = np.where(density.values > 0, density.values, np.nan)
    shift = (number + 1) / (of + 1) - 0.5
    x = centres(density.edges) + shift * 0.8 * np.diff(density.edges)
    ax.errorbar(x, seen, density.errors, fmt="o", markersize=2.5, color=_of_method(number), elinewidth=1)


def _of_method(number: int) -> str:
    """The plain flow in grey, a method each in its own colour."""
    return (FURTHER[2], GENERATED, NULL, FURTHER[0], FURTHER[1], FURTHER[3], "#92dadd")[number % 7]


def _legend(figure: Figure, title: str, handles: Sequence[Any], labels: Sequence[str]) -> None:
    top = 1 - legend_depth(title) / figure.get_figheight()
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, top), ncols=4, borderpad=0)
