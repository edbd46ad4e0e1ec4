"""Figures of the study of mode collapse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from muforge.report.layout import panel_grid
from muforge.report.study import StudyFigure
from muforge.report.style import FURTHER, GENERATED, NULL, REAL, house_style

PANELS: Mapping[str, str] = {
    "coverage": "share of muons in cells not lost",
    "d_accuracy_real": "real muons told right by D",
    "d_accuracy_generated": "generated muons told right by D",
    "d_gradient_norm": "norm of the gradient of D",
    "g_gradient_norm": "norm of the gradient of G",
}
LOGARITHMIC = ("d_gradient_norm", "g_gradient_norm")
COLOURS = (NULL, *FURTHER, "#a96b59")
PLANTED = ((GENERATED, "--"), ("#832434", "-."))
"""Colour and line of networks made to fail."""

_PANEL = (4.8, 3.0)
_HEAD = 0.8
_PER_LINE = 4


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """The diagnostics against the training step."""
    return [
        StudyFigure(
            "diagnostics",
            _diagnostics(details),
            "Diagnostics while the networks train, a line for each seed; broken lines are networks made to fail. Below "
            f"{details['collapsed']:g} of the null's coverage a network has collapsed; a discriminator that tells "
            f"{100 * details['perfect']:g}% right is perfect. A gradient of zero is not drawn.",
        )
    ]


def _diagnostics(details: Mapping[str, Any]) -> Figure:
    arms: Sequence[Mapping[str, Any]] = details["arms"]
    with house_style():
        figure, places = panel_grid(len(PANELS), _PANEL, "", head=_HEAD)
        for name, place in zip(PANELS, places, strict=True):
            _draw(figure.add_subplot(place), arms, name, details)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        _legend(figure, handles, labels)
    return figure


def _draw(axes: Axes, arms: Sequence[Mapping[str, Any]], name: str, details: Mapping[str, Any]) -> None:
    looks = {True: cycle(PLANTED), False: cycle((colour, "-") for colour in COLOURS)}
    for arm in arms:
        colour, line = next(looks[arm["planted"]])
        for seed, history in enumerate(arm["history"]):
            steps = [row["step"] for row in history]
            values = np.array([row.get(name, np.nan) for row in history], np.float64)
            axes.plot(
                steps,
                values,
                line,
                color=colour,
                alpha=1.0 if seed == 0 else 0.45,
                label=arm["name"] if seed == 0 else "_",
            )
    if name in LOGARITHMIC:
        axes.set_yscale("log")
    else:
        axes.set_ylim(-0.03, 1.05)
        axes.axhline(details["collapsed" if name == "coverage" else "perfect"], color=REAL, lw=0.8, ls=":")
    axes.set_ylabel(PANELS[name])
    axes.set_xlabel("training step")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _legend(figure: Figure, handles: list[Any], labels: list[str]) -> None:
    figure.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - 0.1 / figure.get_figheight()),
        ncols=_PER_LINE,
        borderpad=0,
    )
