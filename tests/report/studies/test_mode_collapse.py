from __future__ import annotations

from typing import Any

import numpy as np

from muforge.report.studies.mode_collapse import PANELS, figures

ROWS = [
    {"step": step, "coverage": 0.5, "d_gradient_norm": 1.0, "g_gradient_norm": 0.1 * step} for step in (1, 2)
]


def details() -> dict[str, Any]:
    told = [row | {"d_accuracy_real": 0.6, "d_accuracy_generated": 0.7} for row in ROWS]
    arms = [
        {"name": "plain", "planted": False, "history": [told, told]},
        {"name": "critic", "planted": False, "history": [ROWS]},
        {"name": "to fail", "planted": True, "history": [told]},
    ]
    return {"arms": arms, "collapsed": 0.35, "perfect": 0.99}


def test_a_line_for_each_seed_and_number() -> None:
    (made,) = figures(details())
    axes = made.figure.axes
    assert [each.get_ylabel() for each in axes] == list(PANELS.values())
    drawn = {
        each.get_ylabel(): [line for line in each.lines if np.size(line.get_xdata()) == 2] for each in axes
    }
    coverage = [line for line in drawn[PANELS["coverage"]] if line.get_linestyle() != ":"]
    assert [line.get_linestyle() for line in coverage] == ["-", "-", "-", "--"]
    assert axes[-1].get_yscale() == "log"
    assert "0.35" in made.caption


def test_each_network_is_once_in_the_legend() -> None:
    (made,) = figures(details())
    (legend,) = made.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["plain", "critic", "to fail"]
