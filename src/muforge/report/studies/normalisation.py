"""Figures of the study of normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muforge.report.studies.drawing import by_seed, empty, heat_map, rows_height, tail_ratios
from muforge.report.study import StudyFigure
from muforge.report.style import house_style

_MAP = 3.6
"""Inches of a heat map."""


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """Excess AUC and muons outside of the training range by bound, tails, scans of latent space."""
    bounds = details["bounds"]
    names = [each["name"] for each in bounds]
    over = f"mean and standard deviation over {len(bounds[0]['excess_auc'])} seeds"
    with house_style():
        values = empty(9.5, rows_height(len(bounds)))
        left, right = values.subplots(1, 2, sharey=True)
        by_seed(left, names, [each["excess_auc"] for each in bounds], "excess AUC, test events")
        outside = [[100 * share for share in each["outside"]] for each in bounds]
        by_seed(right, names, outside, "outside of the training range [%]")
        tails = empty(10.5, 4.2)
        axes = tails.subplots()
        tail_ratios(axes, names, [each["tails"] for each in bounds])
        axes.legend(loc="best", ncols=3)
        scans = empty(2 * (_MAP + 1.2), _MAP * len(bounds))
        for pair, each in zip(scans.subplots(len(bounds), 2, squeeze=False), bounds, strict=True):
            scan = each["scan"]
            heat_map(
                scans,
                pair[0],
                scan["score"],
                edges=scan["edges"],
                label="BDT output (1: generated)",
                ends=(0, 1),
            )
            heat_map(
                scans,
                pair[1],
                scan["outside"],
                edges=scan["edges"],
                label="share outside of the range",
                ends=(0, 1),
            )
            for axes in pair:
                axes.set_title(each["name"])
                axes.set_xlabel(f"latent {scan['dims'][0]}")
                axes.set_ylabel(f"latent {scan['dims'][1]}")
    return [
        StudyFigure(
            "excess_auc",
            values,
            f"Excess AUC, and share of muons outside of the range of the training muons: {over}; ticks are seeds",
        ),
        StudyFigure("tails", tails, f"Yields in the tails: {over}, and the error over events"),
        StudyFigure(
            "latent_scan",
            scans,
            "Mean BDT output, and share of muons outside of the training range, over the two latent dimensions that "
            "the output depends on most; the others are drawn; seed 0",
        ),
    ]
