"""Figures of the study of options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from muforge.report.studies.drawing import by_seed, empty, rows_height
from muforge.report.study import StudyFigure
from muforge.report.style import REAL, house_style

_WIDTH = 7.0
"""Inches."""


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """The networks of each family."""
    with house_style():
        return [
            StudyFigure(
                family.lower(),
                _networks(factors),
                f"{family}: excess AUC of networks that differ from the base in one option; ticks are seeds, points "
                "and bars their mean and standard deviation, the line is the base",
            )
            for family, factors in details.items()
        ]


def _networks(factors: Sequence[Mapping[str, Any]]) -> Figure:
    base = factors[0]["networks"][0]
    shown = [("base", base)] + [
        (f"{each['factor']}: {network['label']}", network)
        for each in factors
        for network in each["networks"]
        if not network["base"]
    ]
    figure = empty(_WIDTH, rows_height(len(shown)))
    axes = figure.subplots()
    by_seed(
        axes,
        [name for name, _ in shown],
        [network["excess_auc"] for _, network in shown],
        "excess AUC, test events",
    )
    axes.axvline(float(np.mean(base["excess_auc"])), color=REAL, linewidth=0.8)
    return figure
