"""Figures of the study of GAN against VAE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muforge.report.studies.drawing import by_seed, empty, learning_curves, rows_height, tail_ratios
from muforge.report.study import StudyFigure
from muforge.report.style import house_style

_TAILS = 3.3
"""Inches of a category."""


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """Excess AUC by category and family, learning curves of one category, tails."""
    looks = details["looks"]
    categories = list(dict.fromkeys(each["category"] for each in looks))
    seeds = max(len(each["excess_auc"]) for each in looks)
    over = f"mean and standard deviation over {seeds} seeds"
    with house_style():
        values = empty(9.5, rows_height(len(looks)))
        left, right = values.subplots(1, 2, sharey=True)
        names = [f"{each['family']}, category {each['category']}" for each in looks]
        families = len({each["family"] for each in looks})
        by_seed(
            left,
            names,
            [each["excess_auc"] for each in looks],
            "excess AUC, test events",
            colours=families,
        )
        by_seed(
            right,
            names,
            [each["overlap"] for each in looks],
            "overlap of the BDT's outputs",
            colours=families,
        )
        curves = empty(7.5, 4.2)
        learning_curves(
            curves.subplots(),
            [
                {**each, "name": each["family"]}
                for each in looks
                if each["category"] == details["drawn"] and len(each["curves"][0]) > 1
            ],
            of_all=True,
        )
        tails = empty(10.5, _TAILS * len(categories))
        for category, axes in zip(
            categories, tails.subplots(len(categories), 1, squeeze=False)[:, 0], strict=True
        ):
            own = [each for each in looks if each["category"] == category]
            tail_ratios(axes, [each["family"] for each in own], [each["tails"] for each in own])
            axes.set_title(f"category {category}", loc="left")
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(own), borderaxespad=0.2)
    return [
        StudyFigure(
            "excess_auc", values, f"Excess AUC and overlap: {over}, one seed for the flow; ticks are seeds"
        ),
        StudyFigure("curves", curves, f"Excess AUC during training, category {details['drawn']}: {over}"),
        StudyFigure("tails", tails, f"Yields in the tails: {over}, and the error over events"),
    ]
