"""Figures of the study of latent space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from muforge.report.labels import symbol
from muforge.report.layout import head_line, panel_grid
from muforge.report.study import StudyFigure
from muforge.report.style import GENERATED, NULL, REAL, house_style

Floats = NDArray[np.float64]
Look = Mapping[str, Any]

# All lengths are in inches.
_MAP = (3.6, 3.6)
_CODES = (2.9, 2.9)
_RIGHT = 1.25
_COLOUR_BAR_GAP, _COLOUR_BAR = 0.25, 0.18
_BOTTOM, _HEAD = 0.6, 0.4
_BARS = (9.0, 2.2)
_MARGINAL = (3.0, 2.2)

_DECADES = 4
_MOST_BARS = 24
_GAUSS_POINTS = 200


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """Maps, effects and, of models with an encoder, where muons are encoded."""
    out = []
    for look in details["looks"]:
        name, slug = look["name"], look["name"].lower().replace("_", "-")
        first, second = look["grid"]["dimensions"]
        out += [
            StudyFigure(
                f"{slug}-map",
                _maps(look),
                f"{name}: mean score of the BDT (1 = generated) of muons from each cell of latent dimensions {first} "
                f"and {second}, with the other dimensions from the prior (left) and at zero (right). Dead cells are "
                f"hatched: their score is above {look['grid']['sure']:.2f}, which 1% of real muons exceed. The circles "
                "hold 39% and 86% of the prior.",
            ),
            StudyFigure(
                f"{slug}-effects",
                _effects(look),
                f"{name}: share of variance that each latent dimension decides by itself, of the BDT's score and of "
                "the rank of the quantity that it decides most.",
            ),
        ]
        if "codes" in look:
            out += [
                StudyFigure(
                    f"{slug}-codes",
                    _codes(look),
                    f"{name}: where muons of each kind are encoded, share of their weight per cell. The circles are "
                    "the prior's; the frame is the box that is generated from.",
                ),
                StudyFigure(
                    f"{slug}-posterior",
                    _marginals(look),
                    f"{name}: latents of all training muons (aggregate posterior) and the prior that samples are "
                    "drawn from.",
                ),
            ]
    return out


def _maps(look: Look) -> Figure:
    grid = look["grid"]
    edges = np.asarray(grid["edges"])
    norm = Normalize(0, 1)
    titles = {"averaged": "others from the prior", "held": "others at zero"}
    dead = {"averaged": grid["dead"], "held": grid["dead_held"]}
    with house_style():
        figure, places = panel_grid(2, _MAP, "", right=_RIGHT, head=_HEAD)
        for (key, title), place in zip(titles.items(), places, strict=True):
            axes = figure.add_subplot(place)
            scores = np.asarray(grid[key])
            axes.pcolormesh(edges, edges, scores.T, norm=norm, cmap="viridis", rasterized=True)
            _hatch(axes, edges, scores > grid["sure"])
            _prior(axes, "white")
            _label(axes, grid["dimensions"])
            axes.set_title(f"{title}: {dead[key]:.1%} dead", fontsize="small", pad=5)
        _colour_bar(figure, ScalarMappable(norm, "viridis"), "probability of being generated", _HEAD)
    return figure


def _hatch(axes: Axes, edges: Floats, dead: NDArray[np.bool_]) -> None:
    for row, column in np.argwhere(dead):
        axes.add_patch(
            Rectangle(
                (edges[row], edges[column]),
                edges[row + 1] - edges[row],
                edges[column + 1] - edges[column],
                fill=False,
                hatch="////",
                edgecolor=GENERATED,
                linewidth=0,
            )
        )


def _prior(axes: Axes, colour: str) -> None:
    angle = np.linspace(0, 2 * np.pi, _GAUSS_POINTS)
    for radius in (1, 2):
        axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=colour, lw=0.8, ls="--")


def _label(axes: Axes, dimensions: Sequence[int]) -> None:
    axes.set_xlabel(f"$z_{{{dimensions[0]}}}$")
    axes.set_ylabel(f"$z_{{{dimensions[1]}}}$")


def _colour_bar(figure: Figure, scale: ScalarMappable, label: str, head: float) -> None:
    width, height = figure.get_size_inches()
    place = (
        1 - (_RIGHT - _COLOUR_BAR_GAP) / width,
        _BOTTOM / height,
        _COLOUR_BAR / width,
        1 - (head + 0.1 + _BOTTOM) / height,
    )
    figure.colorbar(scale, cax=figure.add_axes(place), label=label)


def _effects(look: Look) -> Figure:
    score = np.asarray(look["effects"]["score"])
    quantities = list(look["effects"]["muons"])
    muons = np.array([look["effects"]["muons"][each] for each in quantities])
    largest, which = muons.max(axis=0), muons.argmax(axis=0)
    order = np.argsort(-np.maximum(score, largest), kind="stable")[:_MOST_BARS]
    at = np.arange(len(order))
    top = 160 * max(float(largest.max()), float(score.max()), 0.001)
    with house_style():
        figure, (place,) = panel_grid(1, _BARS, "", head=_HEAD)
        axes = figure.add_subplot(place)
        axes.bar(at - 0.2, 100 * score[order], 0.4, color=GENERATED, label="score of the BDT")
        axes.bar(at + 0.2, 100 * largest[order], 0.4, color=NULL, label="a quantity, named")
        for x, number in zip(at, order, strict=True):
            axes.text(
                x + 0.2,
                100 * max(largest[number], 0.0) + 0.01 * top,
                symbol(quantities[which[number]]),
                rotation=90,
                ha="center",
                va="bottom",
                fontsize="x-small",
            )
        axes.set_xticks(at, [str(number) for number in order])
        axes.tick_params(axis="x", which="minor", bottom=False, top=False)
        axes.set_ylim(0, top)
        axes.set_xlabel("latent dimension")
        axes.set_ylabel("% of variance")
        axes.legend(loc="upper right", ncols=2)
    return figure


def _codes(look: Look) -> Figure:
    codes = look["codes"]
    edges = np.asarray(codes["edges"])
    shares = {name: np.asarray(each) for name, each in codes["groups"].items()}
    highest = max(float(each.max()) for each in shares.values())
    norm = LogNorm(highest / 10**_DECADES, highest)
    muons = {each["name"]: each["muons"] for each in codes["summary"]}
    with house_style():
        figure, places = panel_grid(len(shares), _CODES, "", right=_RIGHT, head=_HEAD)
        for (name, share), place in zip(shares.items(), places, strict=True):
            axes = figure.add_subplot(place)
            seen = np.ma.masked_less_equal(share.T, 0)
            axes.pcolormesh(edges, edges, seen, norm=norm, cmap="viridis", rasterized=True)
            _prior(axes, REAL)
            _frame(axes, look)
            _label(axes, look["grid"]["dimensions"])
            axes.set_xlim(edges[0], edges[-1])
            axes.set_ylim(edges[0], edges[-1])
            axes.set_title(f"{name}: {muons[name]:,} muons", fontsize="small", pad=5)
        _colour_bar(figure, ScalarMappable(norm, "viridis"), "share of the weight per cell", _HEAD)
    return figure


def _frame(axes: Axes, look: Look) -> None:
    """The box, where it is bounded in the dimensions of the map."""
    if look["box"] is None:
        return
    ends = [axes.get_xlim(), axes.get_ylim()]
    dimensions = look["grid"]["dimensions"]
    sides = [look["box"]["box"].get(str(number), end) for number, end in zip(dimensions, ends, strict=True)]
    (left, right), (low, high) = sides
    axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=GENERATED, lw=1.3))


def _marginals(look: Look) -> Figure:
    codes = look["codes"]
    edges = np.asarray(codes["edges"])
    z = np.linspace(edges[0], edges[-1], _GAUSS_POINTS)
    with house_style():
        figure, places = panel_grid(len(codes["marginals"]), _MARGINAL, "")
        for number, (density, place) in enumerate(zip(codes["marginals"], places, strict=True)):
            axes = figure.add_subplot(place)
            axes.stairs(density, edges, color=REAL)
            axes.plot(z, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), color=GENERATED, ls="--")
            axes.set_xlabel(f"$z_{{{number}}}$")
            axes.set_ylabel("density")
        head_line(figure, "", "full line: encoded training muons; broken line: the prior")
    return figure
