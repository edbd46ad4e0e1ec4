from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.geometry import Geometry, Slab
from muforge.reference.walk import LEAVES, free_paths

GEOMETRY = Geometry(
    name="two",
    radius=10.0,
    surroundings="H2O",
    target=(Slab(material="W", length=20.0), Slab(material="Mo", length=10.0, start=30.0)),
    absorber=(Slab(material="Fe", length=100.0),),
)
INDEX = {name: number for number, name in enumerate(GEOMETRY.materials)}
RATES = {"W": 0.1, "Mo": 0.05, "Fe": 0.02, "H2O": 0.01}


def path(position: list[float], direction: list[float], depth: float) -> tuple[float, int]:
    rate = np.array([[RATES[name] for name in GEOMETRY.materials]])
    unit = np.array([direction]) / np.linalg.norm(direction)
    found, medium = free_paths(GEOMETRY.stack(), rate, np.array([position]), unit, np.array([depth]))
    return float(found[0]), int(medium[0])


@pytest.mark.parametrize(
    ("depth", "expected", "medium"),
    [(1.0, 10.0, "W"), (2.25, 35.0, "Mo"), (2.5 + 0.5, 65.0, "Fe")],
)
def test_along_the_axis(depth: float, expected: float, medium: str) -> None:
    """20 cm W are 2 lengths, the 10 cm gap none, 10 cm Mo half a length."""
    found, at = path([0, 0, 0], [0, 0, 1], depth)
    assert found == pytest.approx(expected)
    assert at == INDEX[medium]


def test_it_leaves() -> None:
    found, medium = path([0, 0, 0], [0, 0, 1], 100.0)
    assert found == pytest.approx(140.0)
    assert medium == LEAVES


def test_a_start_inside_and_at_an_angle() -> None:
    for start, direction in (([0, 0, 5.0], [0, 0, 1.0]), ([0, 0, 0.0], [0, 0.3, 1.0])):
        found, medium = path(start, direction, 1.0)
        assert found == pytest.approx(10.0)
        assert medium == INDEX["W"]


def test_beyond_the_radius_is_water() -> None:
    found, medium = path([12.0, 0, 0], [0, 0, 1], 0.1)
    assert found == pytest.approx(10.0)
    assert medium == INDEX["H2O"]


def test_backward_lines_are_not_followed() -> None:
    assert path([0, 0, 50.0], [0, 0, -1], 0.1) == (0.0, LEAVES)


def test_lengths_are_exponential() -> None:
    n = 50_000
    depth = np.random.default_rng(1).standard_exponential(n)
    rate = np.tile([[RATES[name] for name in GEOMETRY.materials]], (n, 1))
    line = np.tile([0.0, 0.0, 1.0], (n, 1))
    found, medium = free_paths(GEOMETRY.stack(), rate, np.zeros((n, 3)), line, depth)
    assert (medium == LEAVES).mean() == pytest.approx(np.exp(-4.5), abs=0.003)
    assert (medium == INDEX["W"]).mean() == pytest.approx(1 - np.exp(-2.0), abs=0.01)
    assert found[medium == INDEX["W"]].max() <= 20.0
