from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from muforge.report.overlays import overlay

EDGES = np.linspace(0.0, 4.0, 5)
CONTENT = {
    "edges": EDGES.tolist(),
    "real": [0.1, 0.4, 0.3, 0.2],
    "real_error": [0.01] * 4,
    "generated": [0.2, 0.4, 0.3, 0.1],
    "generated_error": [0.02] * 4,
}


def test_densities_and_their_ratio_are_drawn_with_the_unit() -> None:
    figure = overlay({"pt": CONTENT})
    figure.draw_without_rendering()
    main, below = figure.axes
    _, real, generated = (patch.get_data()[0] for patch in main.patches if isinstance(patch, StepPatch))
    assert real.tolist() == CONTENT["real"]
    assert generated.tolist() == CONTENT["generated"]
    assert np.asarray(below.lines[1].get_ydata(), float) == pytest.approx([2.0, 1.0, 1.0, 0.5])
    assert below.get_xlabel() == "$p_T$ [GeV]"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["real", "generated"]
