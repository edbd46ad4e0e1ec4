"""Figures of the studies of GANs, from details as the studies give them."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from muforge.report.studies import architecture, gan_vae, normalisation, smearing
from muforge.report.study import StudyFigure
from muforge.report.style import house_style
from muforge.studies.tail_yields import TailYield

TAILS = [[TailYield("p", level, ratio, 0.1).to_dict() for level in (0.95, 0.99)] for ratio in (0.5, 1.5)]


def arm(name: str, **further: Any) -> dict[str, Any]:
    return {
        "name": name,
        "category": 4,
        "excess_auc": [0.2, 0.3],
        "overlap": [0.7, 0.8],
        "curves": [[[10, 0.4], [20, 0.3]], [[10, 0.5], [20, 0.2]]],
        "tails": TAILS,
        **further,
    }


def cell(label: str, place: list[float], *, base: bool = False) -> dict[str, Any]:
    return arm(label, label=label, place=place, base=base)


def dead_space(latents: int, coverage: list[float] | None) -> dict[str, Any]:
    return {
        "family": "GAN",
        "latents": latents,
        "sure": [0.1, 0.02],
        "radii": [0.5, 1.0],
        "profile": [[0.7, 0.1], [0.4, 0.1]],
        "coverage": coverage,
        "null_coverage": coverage,
    }


def texts(figure: Figure) -> set[str]:
    with house_style():
        figure.draw_without_rendering()
    found: list[Any] = figure.findobj(Text)
    return {text.get_text() for text in found}


def by_name(figures: list[StudyFigure]) -> dict[str, Figure]:
    assert all(each.caption for each in figures)
    return {each.name: each.figure for each in figures}


def test_smearing() -> None:
    arms = [arm("labels none, data off", swing=[0.01, 0.02]), arm("labels both, data on", swing=[0.02, 0.02])]
    figures = by_name(smearing.figures({"arms": arms}))
    assert set(figures) == {"excess_auc", "curves", "tails"}
    for figure in figures.values():
        assert "labels both, data on" in texts(figure)


def test_normalisation_has_two_maps_of_each_bound() -> None:
    scan = {
        "dims": [3, 7],
        "edges": [-3.0, 0.0, 3.0],
        "score": [[0.1, None], [0.2, 0.9]],
        "outside": [[0.0, None], [0.0, 0.5]],
    }
    bounds = [arm(f"bound {bound}", bound=bound, outside=[0.0, 0.01], scan=scan) for bound in (1.0, 0.9)]
    figures = by_name(normalisation.figures({"bounds": bounds, "null_outside": 0.0}))
    found = texts(figures["latent_scan"])
    assert {"latent 3", "latent 7", "bound 1.0", "bound 0.9"} <= found
    maps = [axes for axes in figures["latent_scan"].axes if axes.get_title()]
    assert [axes.get_title() for axes in maps] == ["bound 1.0"] * 2 + ["bound 0.9"] * 2


@pytest.mark.parametrize("coverage", [[0.9, 0.01], None])
def test_architecture(coverage: list[float] | None) -> None:
    details = {
        "factors": {
            "layers": [cell("1 and 1", [1, 1], base=True), cell("2 and 1", [2, 1])],
            "batch size": [cell("100", [100], base=True), cell("10", [10])],
        },
        "dead_space": [dead_space(2, coverage), dead_space(100, coverage)],
    }
    figures = by_name(architecture.figures(details))
    grid = figures["grids"].axes[0]
    assert {text.get_text(): text.get_position() for text in grid.texts}["0.250"] in {(0.5, 0.5), (1.5, 0.5)}
    assert "layers of G" in texts(figures["grids"])
    assert [text.get_text() for text in figures["factors"].axes[0].get_yticklabels()] == ["10", "100"]
    assert {"L = 2", "L = 100"} <= texts(figures["dead_space"])


def test_gan_vae_draws_curves_of_one_category() -> None:
    looks = [
        arm(f"{family} category {category}", family=family, category=category)
        for category in (1, 4)
        for family in ("GAN", "VAE")
    ]
    looks.append({**arm("flow", family="flow"), "curves": [[[5, 0.01]]], "excess_auc": [0.01]})
    figures = by_name(gan_vae.figures({"drawn": 4, "looks": looks}))
    (axes,) = figures["curves"].axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["GAN", "VAE"]
    assert {"GAN, category 1", "flow, category 4"} <= texts(figures["excess_auc"])
    assert [axes.get_title(loc="left") for axes in figures["tails"].axes] == ["category 1", "category 4"]
