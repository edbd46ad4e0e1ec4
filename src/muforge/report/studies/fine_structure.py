"""Figures of the study of the target's fine structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muforge.report.fine_structure import fine_structure
from muforge.report.study import StudyFigure


def figures(details: Mapping[str, Any]) -> list[StudyFigure]:
    """Spectra at each place, of one seed of each model."""
    drawn = details["drawn"]
    places = {
        place: {**found, "arms": {name: found["arms"][name] for name in drawn}}
        for place, found in details["places"].items()
    }
    figure = fine_structure({**details, "arms": drawn, "places": places})
    caption = (
        "Momentum, transverse momentum and distance from the axis behind absorber and shield, of unit area, and their "
        "ratio to real muons. The rates over the real one stand in the first panel of each place."
    )
    return [StudyFigure("spectra", figure, caption)]
