from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.report.fine_structure import fine_structure

EDGES = [0.0, 1.0, 2.0, 4.0]


def details(arms: list[str]) -> dict[str, Any]:
    density = {"value": [0.5, 0.3, 0.1], "error": [0.05, 0.03, 0.02]}
    row = {"ratio": 1.02, "ratio_error": 0.01}
    place = {
        "arms": dict.fromkeys(arms, row),
        "spectra": {
            quantity: {"edges": EDGES, "densities": dict.fromkeys(("real", *arms), density)}
            for quantity in ("p", "pt", "r", "start_x")
        },
    }
    empty = {"arms": {name: {"ratio": None, "ratio_error": None} for name in arms}, "spectra": {}}
    return {"arms": arms, "places": {"absorber": place, "shield": place, "acceptance": empty}}


def test_each_place_has_its_spectra_over_ratios() -> None:
    figure = fine_structure(details(["null", "flow"]), title="Category 4")
    figure.draw_without_rendering()
    assert len(figure.axes) == 2 * 6
    titles = [axes.get_title() for axes in figure.axes[::2]]
    assert titles == ["behind the absorber"] * 3 + ["behind the shield"] * 3
    assert [axes.get_xlabel() for axes in figure.axes[1:6:2]] == ["$p$ [GeV]", "$p_T$ [GeV]", "$r$ [cm]"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["real", "null", "flow"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["rate / real 1.020 ± 0.010"] * 2
    points = np.asarray(figure.axes[1].containers[0].lines[0].get_ydata())  # type: ignore[attr-defined]
    assert points.tolist() == [1, 1, 1]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ConfigError, match="8 arms: at most 6"):
        fine_structure(details([str(number) for number in range(8)]))
    with pytest.raises(ConfigError, match="too few muons"):
        fine_structure({"arms": [], "places": {}})
