"""Polar coordinates: what each is, and exact inversion."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, norm

from muforge.errors import RepresentationError
from muforge.representation import Polar
from muforge.sample import features
from tests.muons import make_sample

FRONT = -0.25
RADIUS = 1e3


def physical(category: int, rows: int = 2000) -> np.ndarray:
    sample = make_sample(rows, category=category, seed=category)
    matrix = sample.matrix(features(category)).astype(np.float64)
    turn = np.random.default_rng(0).normal(0, 1, (rows, 2))
    matrix[:, -3:-1] += 0.1 * turn
    return matrix


@pytest.mark.parametrize("category", [1, 4])
def test_round_trip(category: int) -> None:
    x = physical(category)
    polar = Polar(x.shape[1], FRONT, RADIUS)
    np.testing.assert_allclose(polar.inverse(polar.forward(x)), x, rtol=1e-9, atol=1e-11)


def test_the_coordinates_by_hand() -> None:
    """A muon at 4 cm, 3 mm off the axis along x, flying in the plane at 45 degrees to it."""
    x = np.array([[0.3, 0.0, 4.0 + FRONT, 1.0, 1.0, 20.0]])
    depth, p, log_q, log_f, log_across, score = Polar(6, FRONT, RADIUS).forward(x)[0]
    tangent = np.sqrt(2) / 20
    assert depth == pytest.approx(4)
    assert p == pytest.approx(np.sqrt(402))
    assert np.exp(log_q) == pytest.approx(p * tangent)
    assert np.exp(log_f) == pytest.approx(0.3 / (1 - 0.3 / RADIUS) / 4 / tangent)
    assert np.exp(log_across) == pytest.approx(p * tangent * 2 * np.tan(np.pi / 8))
    assert norm.cdf(score) == pytest.approx(1 / 16)


def test_a_straight_line_from_the_front_has_f_of_one() -> None:
    depth = np.array([1.0, 10.0, 70.0])
    same = np.ones(3)
    x = np.stack([0.01 * depth, 0.02 * depth, depth + FRONT, 0.3 * same, 0.6 * same, 30 * same], axis=1)
    x[:, 1] += 1e-9
    y = Polar(6, FRONT, RADIUS).forward(x)
    np.testing.assert_allclose(np.exp(y[:, 3]), 1, rtol=3e-3)
    assert (np.exp(y[:, 4]) < 1e-6).all()


@pytest.mark.parametrize("category", [1, 4])
def test_turning_and_mirroring_change_the_last_coordinate_alone(category: int) -> None:
    x = physical(category)
    polar = Polar(x.shape[1], FRONT, RADIUS)
    angle = 1.234
    turned = x.copy()
    pairs = [(0, 1), (3, 4)] if category == 4 else [(1, 2)]
    for i, j in pairs:
        turned[:, i] = np.cos(angle) * x[:, i] - np.sin(angle) * x[:, j]
        turned[:, j] = np.sin(angle) * x[:, i] + np.cos(angle) * x[:, j]
    mirrored = x.copy()
    mirrored[:, [j for _, j in pairs]] *= -1
    y = polar.forward(x)
    for other in (turned, mirrored):
        z = polar.forward(other)
        np.testing.assert_allclose(z[:, :-1], y[:, :-1], atol=1e-9)
        assert np.abs(z[:, -1] - y[:, -1]).max() > 0.1


def test_the_last_coordinate_of_an_isotropic_sample_is_normal() -> None:
    rng = np.random.default_rng(1)
    rows = 20_000
    azimuth, angle = rng.uniform(0, 2 * np.pi, rows), rng.normal(0, 0.5, rows)
    turned = azimuth + angle
    columns = [np.cos(azimuth), np.sin(azimuth), np.full(rows, 5.0), np.cos(turned), np.sin(turned)]
    x = np.stack([*columns, np.full(rows, 20.0)], axis=1)
    assert kstest(Polar(6, FRONT, RADIUS).forward(x)[:, -1], norm.cdf).pvalue > 1e-3


def test_whatever_is_decoded_is_physical() -> None:
    y = 8 * np.random.default_rng(2).normal(size=(5000, 6))
    y[:, :2] = np.abs(y[:, :2]) + 1e-3
    x = Polar(6, FRONT, RADIUS).inverse(y)
    p = np.sqrt((x[:, 3:] ** 2).sum(axis=1))
    np.testing.assert_allclose(p, y[:, 1], rtol=1e-12)
    assert (np.hypot(x[:, 3], x[:, 4]) <= p * (1 + 1e-12)).all()
    assert (x[:, 5] > 0).all()
    assert (x[:, 2] > FRONT).all()
    assert np.hypot(x[:, 0], x[:, 1]).max() <= RADIUS
    assert np.hypot(x[:, 0], x[:, 1]).max() > RADIUS / 2


def test_state_survives_json() -> None:
    polar = Polar(6, -7084.5321, 17.5)
    again = Polar.from_state(json.loads(json.dumps(polar.state())))
    assert (again.dimensions, again.front, again.radius) == (6, -7084.5321, 17.5)


@pytest.mark.parametrize(
    "change", [{"dimensions": 5}, {"dimensions": "6"}, {"front": None}, {"front": "a"}, {"radius": 0}]
)
def test_damaged_states_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RepresentationError, match="map 'polar'"):
        Polar.from_state(Polar(6, 0.0).state() | change)
