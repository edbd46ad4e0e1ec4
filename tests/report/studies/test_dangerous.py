"""Figures of dangerous muons are drawn of what a study found, also where there is little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from muforge.report.studies.dangerous import figures
from muforge.studies.enriched_spectra import P_EDGES, PT_EDGES, plane, spectra, spectrum_edges
from tests.studies.small import REGION, muons

JUDGED = {"excess_auc": 0.01, "error": 0.05}


def method(name: str, measured: list[dict[str, Any]]) -> dict[str, Any]:
    return {"method": name, "title": f"a {name}", "gain": [10.0] * len(measured), "measured": measured}


def details(windows: bool = True) -> dict[str, Any]:
    sample = muons(500)
    inside = REGION.contains(sample)
    edges = spectrum_edges(sample.select(inside))
    drawn = {"plane": plane(sample, sample.weight), "spectra": spectra(sample, inside, edges)}
    known = {"ratio": 1.1, "ratio_error": 0.2, "judged_inside": JUDGED, "judged_outside": JUDGED}
    unknown = {"ratio": None, "ratio_error": 0.0, "judged_inside": None, "judged_outside": None}
    region = {
        "name": "test",
        "windows": [each.model_dump(mode="json") for each in REGION.windows] if windows else [],
        "drawn": {
            "edges": edges,
            "real": drawn,
            "plain": drawn,
            "vae": drawn,
            "rarity-gan": {**drawn, "spectra": None},
        },
        "methods": [
            method("plain", [known, known]),
            method("vae", [known, unknown]),
            method("rarity-gan", []),
        ],
    }
    return {"p_edges": P_EDGES.tolist(), "pt_edges": PT_EDGES.tolist(), "regions": [region]}


@pytest.mark.parametrize("windows", [True, False])
def test_every_region_has_its_figures(windows: bool) -> None:
    drawn = figures(details(windows=windows))
    assert [each.name for each in drawn] == ["methods", "planes-test", "spectra-test"]
    for each in drawn:
        each.figure.canvas.draw()
        assert each.caption


def test_planes_show_every_method_and_the_frames() -> None:
    planes = figures(details())[1].figure
    panels = [ax for ax in planes.axes if ax.get_title()]
    assert [ax.get_title() for ax in panels] == ["real, by weight", "a plain", "a vae", "a rarity-gan"]
    for ax in panels:
        assert len(ax.patches) == len(REGION.windows)


def test_planes_and_spectra_hold_the_weight() -> None:
    sample = muons(500)
    inside = REGION.contains(sample)
    pt = np.hypot(sample["px"], sample["py"])
    drawn = sample.weight[(pt > PT_EDGES[0]) & (pt < PT_EDGES[-1])].sum() / sample.sum_of_weights
    assert np.sum(plane(sample, sample.weight)) == pytest.approx(drawn)
    edges = spectrum_edges(sample.select(inside))
    share = sample.weight[inside].sum() / sample.sum_of_weights
    for quantity, content in spectra(sample, inside, edges).items():
        assert np.sum(np.asarray(content["value"]) * np.diff(edges[quantity])) == pytest.approx(share)


def test_only_methods_with_spectra_are_in_that_figure() -> None:
    spectra_of = figures(details())[2].figure
    (legend,) = spectra_of.legends
    assert [text.get_text() for text in legend.get_texts()] == ["held-out muons", "a plain", "a vae"]
