"""Figures of the study of noise on labels and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muforge.report.studies.drawing import by_seed, empty, learning_curves, rows_height, tail_ratios
from muforge.report.study import StudyFigure
from muforge.report.style import house_style


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """Excess AUC and stability by network, learning curves, tails."""
    arms = details["arms"]
    names = [arm["name"] for arm in arms]
    seeds = len(arms[0]["excess_auc"])
    over = f"mean and standard deviation over {seeds} seeds"
    with house_style():
        values = empty(9.5, rows_height(len(arms)))
        left, right = values.subplots(1, 2, sharey=True)
        by_seed(left, names, [arm["excess_auc"] for arm in arms], "excess AUC, test events")
        by_seed(right, names, [arm["swing"] for arm in arms], "swing of the AUC at the end")
        curves = empty(7.5, 4.2)
        learning_curves(curves.subplots(), arms)
        tails = empty(10.5, 4.2)
        axes = tails.subplots()
        tail_ratios(axes, names, [arm["tails"] for arm in arms])
        axes.legend(loc="best", ncols=3)
    return [
        StudyFigure(
            "excess_auc",
            values,
            f"Excess AUC and how much it swings during the last monitor calls: {over}; ticks are seeds",
        ),
        StudyFigure("curves", curves, f"Excess AUC during training: {over}"),
        StudyFigure("tails", tails, f"Yields in the tails: {over}, and the error over events"),
    ]
