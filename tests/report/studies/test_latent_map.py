from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from muforge.report.studies.latent_map import figures

EDGES = [-3.0, 0.0, 3.0]
SHARES = [[0.1, 0.2], [0.3, 0.4]]


def look(**further: Any) -> dict[str, Any]:
    return {
        "name": "GAN",
        "grid": {
            "dimensions": [4, 1],
            "edges": EDGES,
            "averaged": [[0.2, 0.5], [0.95, 0.97]],
            "held": [[0.2, 0.5], [0.3, 0.97]],
            "dead": 0.4,
            "dead_held": 0.2,
            "sure": 0.9,
        },
        "effects": {"score": [0.1, 0.3, -0.001], "muons": {"px": [0.0, 0.2, 0.4], "p": [0.5, 0.1, 0.0]}},
        "box": None,
        **further,
    }


def codes() -> dict[str, Any]:
    return {
        "edges": EDGES,
        "marginals": [[0.1, 0.2], [0.3, 0.0]],
        "groups": {"all": SHARES, "dangerous": [[0.0, 0.0], [0.0, 1.0]]},
        "summary": [{"name": "all", "muons": 1000}, {"name": "dangerous", "muons": 7}],
    }


def test_dead_cells_are_hatched_where_they_are() -> None:
    made = figures({"looks": [look()]})
    assert [each.name for each in made] == ["gan-map", "gan-effects"]
    averaged, held = made[0].figure.axes[:2]
    hatched = [each.get_xy() for each in averaged.patches if isinstance(each, Rectangle)]
    assert sorted(hatched) == [(0.0, -3.0), (0.0, 0.0)]
    assert len(held.patches) == 1
    assert averaged.get_xlabel() == "$z_{4}$"
    assert averaged.get_title() == "others from the prior: 40.0% dead"


def test_scores_have_the_first_dimension_along_x() -> None:
    mesh = figures({"looks": [look()]})[0].figure.axes[0].collections[0]
    np.testing.assert_allclose(np.asarray(mesh.get_array()).reshape(2, 2), [[0.2, 0.95], [0.5, 0.97]])


def test_effects_are_in_order() -> None:
    axes = figures({"looks": [look()]})[1].figure.axes[0]
    assert [each.get_text() for each in axes.get_xticklabels()] == ["0", "2", "1"]
    assert [each.get_text() for each in axes.texts] == ["$p$", "$p_x$", "$p_x$"]


def test_codes_and_the_box() -> None:
    box = {"box": {"4": [-1.0, 2.0]}}
    made = figures({"looks": [look(name="VAE", codes=codes(), box=box)]})
    assert [each.name for each in made[2:]] == ["vae-codes", "vae-posterior"]
    first, second = made[2].figure.axes[:2]
    assert second.get_title() == "dangerous: 7 muons"
    (frame,) = [each for each in first.patches if isinstance(each, Rectangle)]
    assert (frame.get_x(), frame.get_width()) == (-1.0, 3.0)
    assert len(made[3].figure.axes) == 2
