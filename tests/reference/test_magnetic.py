from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.reference.constants import CM_PER_NANOSECOND, c_tau, mass
from muforge.reference.magnetic import GEV_PER_TESLA_CM, bend, path_to, turned
from muforge.reference.muon_tables import muon_tables
from muforge.reference.shield import Magnets, Shield
from muforge.reference.transport import Arrival, propagate
from tests.reference.test_transport import kinetic_of, philox, slabs, width

Float = NDArray[np.float64]

FE = muon_tables(("Fe",))
MASS = mass(13)
WIDE = 1e6
LONGEST = 1e5
"""cm; further on, a circle cannot be told from a line in double precision."""


def box(length: float, by: float, material: str = "Fe", x: tuple[float, float] = (-WIDE, WIDE)) -> Magnets:
    regions = [{"x": x, "y": (-WIDE, WIDE), "by": by}]
    blocks = [{"material": material, "length": length, "regions": regions}]
    return Shield.model_validate({"name": "box", "blocks": blocks}).magnets()


def shot(magnets: Magnets, p: float, n: int, charge: float = 1.0, x: float = 0.0, seed: int = 1) -> Arrival:
    """n muons along z from the front face."""
    momentum = np.tile([0.0, 0.0, p], (n, 1))
    return bend(magnets, FE, np.tile([x, 0.0, 0.0], (n, 1)), momentum, np.full(n, charge), philox(seed))


@pytest.mark.parametrize("charge", [-1.0, 1.0])
def test_in_vacuum_a_muon_follows_the_helix(charge: float) -> None:
    """Analytically: px falls by q B per length of z, pz grows by as much per length of x, py is kept."""
    rng = np.random.default_rng(3)
    n, length, b = 200, 300.0, 1.7
    momentum = np.column_stack([rng.normal(0, 2, n), rng.normal(0, 2, n), rng.uniform(5, 100, n)])
    position = np.column_stack([rng.normal(0, 50, n), rng.normal(0, 50, n), rng.uniform(0, 100, n)])
    arrival = bend(box(length, b, "vacuum"), FE, position, momentum, np.full(n, charge), philox())
    assert arrival.alive.sum() > 0.9 * n
    px, py, pz = momentum[arrival.alive].T
    x, y, z = position[arrival.alive].T
    radius = 1 / (0.299792458e-2 * charge * b)
    end_px = px - (length - z) / radius
    end_pz = np.sqrt(px**2 + pz**2 - end_px**2)
    np.testing.assert_allclose(
        arrival.momentum[arrival.alive], np.column_stack([end_px, py, end_pz]), rtol=1e-9, atol=1e-9
    )
    end_x = x + radius * (end_pz - pz)
    turn = np.arctan2(px, pz) - np.arctan2(end_px, end_pz)
    np.testing.assert_allclose(arrival.position[arrival.alive, 0], end_x, atol=1e-6)
    np.testing.assert_allclose(arrival.position[arrival.alive, 1], y + py * radius * turn, atol=1e-6)
    np.testing.assert_allclose(arrival.position[arrival.alive, 2], length)
    size = np.linalg.norm(momentum, axis=1)
    np.testing.assert_allclose(
        np.linalg.norm(arrival.momentum, axis=1)[arrival.alive], size[arrival.alive], rtol=1e-12
    )
    path = size[arrival.alive] * radius * turn
    time = path * np.hypot(1, MASS / size[arrival.alive]) / CM_PER_NANOSECOND
    np.testing.assert_allclose(arrival.time[arrival.alive], time, rtol=1e-9)


@pytest.mark.parametrize("curvature", [0.0, 1e-12, 1e-3, -1e-3])
def test_the_path_to_a_plane_ends_on_it(curvature: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        angle, distance = rng.uniform(-1.4, 1.4), rng.uniform(0.1, 300)
        ux, uz = math.sin(angle), math.cos(angle)
        path = path_to(distance, uz, ux, curvature)
        if path < LONGEST:
            assert turned(curvature, path, 0, 0, 0, ux, 0, uz)[2] == pytest.approx(distance, rel=1e-9)
        side = path_to(-distance, ux, uz, -curvature)
        if side < LONGEST:
            assert side > 0
            assert turned(curvature, side, 0, 0, 0, ux, 0, uz)[0] == pytest.approx(-distance, rel=1e-9)


def test_planes_behind_or_beyond_the_circle_are_not_reached() -> None:
    assert path_to(5.0, -1.0, 0.0, 0.0) == math.inf
    assert path_to(math.inf, 1.0, 0.0, 0.0) == math.inf
    assert path_to(11.0, 1.0, 0.0, 0.1) == math.inf
    assert path_to(10.0, 1.0, 0.0, 0.1) == pytest.approx(5 * math.pi)
    assert path_to(5.0, -0.5, math.sqrt(0.75), 0.0) == math.inf
    assert path_to(5.0, -0.5, math.sqrt(0.75), 0.01) > 0


def test_a_muon_that_turns_back_is_dropped() -> None:
    """The radius of 1 GeV at 1.7 T is 196 cm."""
    radius = 1 / (1.7 * GEV_PER_TESLA_CM)
    assert radius == pytest.approx(196.2, abs=0.1)
    assert shot(box(0.9 * radius, 1.7, "vacuum"), 1.0, 5).alive.all()
    assert not shot(box(1.1 * radius, 1.7, "vacuum"), 1.0, 5).alive.any()


def test_opposite_charges_bend_to_opposite_sides() -> None:
    plus, minus = (shot(box(300.0, 1.7), 50.0, 4000, charge, seed=2) for charge in (1.0, -1.0))
    assert plus.position[:, 0].mean() < -4
    assert plus.position[:, 0].mean() == pytest.approx(-minus.position[:, 0].mean(), rel=0.03)
    other = shot(box(300.0, -1.7), 50.0, 4000, 1.0, seed=2)
    assert other.position[:, 0].mean() == pytest.approx(minus.position[:, 0].mean(), rel=0.03)


def test_the_kick_in_iron_is_the_integral_of_the_field() -> None:
    """Per unit of charge 0.3 GeV per tesla and metre, whatever the muon loses on its way."""
    arrival = shot(box(200.0, 1.7), 100.0, 20_000)
    kick = arrival.momentum[arrival.alive, 0]
    lost = np.linalg.norm(arrival.momentum[arrival.alive], axis=1) / 100.0
    angle = np.median(np.arctan2(kick, arrival.momentum[arrival.alive, 2]))
    momentum = 100.0 * (1 + np.median(lost)) / 2
    assert angle == pytest.approx(-0.299792458 * 1.7 * 2.0 / momentum, rel=0.01)


@pytest.mark.parametrize("p", [10.0, 60.0])
def test_unmagnetised_iron_is_that_of_propagate(p: float) -> None:
    n, length = 20_000, 500.0
    ours = shot(box(length, 0.0), p, n, seed=1)
    theirs = propagate(slabs(length), FE, np.zeros((n, 3)), np.tile([0.0, 0.0, p], (n, 1)), philox(2))
    assert ours.alive.mean() == pytest.approx(theirs.alive.mean(), abs=0.01)
    losses = [p - kinetic_of(each)[each.alive] for each in (ours, theirs)]
    assert np.median(losses[0]) == pytest.approx(np.median(losses[1]), abs=0.05 * width(losses[1]))
    assert width(losses[0]) == pytest.approx(width(losses[1]), rel=0.05)
    for column in (0, 1):
        x, angle = (
            [each.position[each.alive, column] for each in (ours, theirs)],
            [each.momentum[each.alive, column] / each.momentum[each.alive, 2] for each in (ours, theirs)],
        )
        assert width(x[0]) == pytest.approx(width(x[1]), rel=0.04)
        assert width(angle[0]) == pytest.approx(width(angle[1]), rel=0.04)
    assert np.median(ours.time[ours.alive]) == pytest.approx(np.median(theirs.time[theirs.alive]), rel=1e-3)


def test_the_step_length_does_not_matter() -> None:
    n = 10_000
    coarse = shot(box(500.0, 1.7), 20.0, n, seed=1)
    momentum = np.tile([0.0, 0.0, 20.0], (n, 1))
    fine = bend(box(500.0, 1.7), FE, np.zeros((n, 3)), momentum, np.ones(n), philox(2), loss_per_step=0.02)
    x = [each.position[each.alive, 0] for each in (coarse, fine)]
    assert np.median(x[0]) == pytest.approx(np.median(x[1]), abs=0.08 * width(x[1]))
    assert width(x[0]) == pytest.approx(width(x[1]), rel=0.05)


def test_beside_the_iron_there_is_neither_matter_nor_field() -> None:
    arrival = shot(box(400.0, 1.7, x=(-10.0, 10.0)), 50.0, 50, x=20.0)
    np.testing.assert_allclose(arrival.position, np.tile([20.0, 0.0, 400.0], (50, 1)))
    np.testing.assert_allclose(arrival.momentum, np.tile([0.0, 0.0, 50.0], (50, 1)), rtol=1e-12)


def test_a_muon_is_bent_out_of_the_core_and_back_in_the_yoke() -> None:
    """In vacuum the two fields give circles that meet at the side of the core, where the direction is common."""
    p, b, side, length = 20.0, 1.7, 30.0, 800.0
    regions = [
        {"x": (-side, side), "y": (-WIDE, WIDE), "by": b},
        {"x": (-WIDE, -side), "y": (-WIDE, WIDE), "by": -b},
    ]
    blocks = [{"material": "vacuum", "length": length, "regions": regions}]
    arrival = shot(Shield.model_validate({"name": "two", "blocks": blocks}).magnets(), p, 1)
    radius = p / (b * GEV_PER_TESLA_CM)
    crossing = math.sqrt(radius**2 - (radius - side) ** 2)
    assert crossing < length
    slope = -crossing / radius + (length - crossing) / radius
    assert arrival.momentum[0, 0] / p == pytest.approx(slope, abs=1e-7)
    down = math.sqrt(1 - (crossing / radius) ** 2)
    end_x = -side - radius * (math.sqrt(1 - slope**2) - down)
    assert arrival.position[0, 0] == pytest.approx(end_x, abs=1e-4)


def test_decay_in_flight() -> None:
    n, length = 20_000, 5e5
    arrival = shot(box(length, 0.0, "vacuum"), 1.0, n)
    survival = np.exp(-length * MASS / c_tau(13))
    assert arrival.alive.mean() == pytest.approx(survival, abs=4 * np.sqrt(survival * (1 - survival) / n))
    assert (arrival.momentum[~arrival.alive] == 0).all()


def test_same_generator_same_bytes() -> None:
    first, second, other = (shot(box(500.0, 1.7), 12.0, 300, seed=seed) for seed in (7, 7, 8))
    for name in ("position", "momentum", "time", "alive"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert first.momentum.tobytes() != other.momentum.tobytes()


@pytest.mark.parametrize("momentum", [[0.0, 0.0, -50.0], [50.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.1]])
def test_backward_sideways_and_resting_muons_are_dropped(momentum: list[float]) -> None:
    arrival = bend(box(10.0, 1.7), FE, np.zeros((1, 3)), np.array([momentum]), np.ones(1), philox())
    assert not arrival.alive.any()
    assert (arrival.momentum == 0).all()


def test_no_muons() -> None:
    nothing = np.zeros((0, 3))
    arrival = bend(box(10.0, 1.7), FE, nothing, nothing, np.zeros(0), philox())
    assert arrival.position.shape == arrival.momentum.shape == (0, 3)


@pytest.mark.parametrize(
    ("z", "p", "minimum", "message"),
    [
        (-1.0, 10.0, 0.1, "muon at z = -1 cm: the shield goes from 0 to 10 cm"),
        (1.0, 9000.0, 0.1, "the muon tables end at 8000 GeV"),
        (1.0, np.nan, 0.1, "muon of nan GeV"),
        (1.0, 10.0, 0.01, "minimum 0.01 GeV: the muon tables begin at 0.05 GeV"),
    ],
)
def test_what_the_tables_do_not_cover_is_refused(z: float, p: float, minimum: float, message: str) -> None:
    position, momentum = np.array([[0.0, 0.0, z]]), np.array([[0.0, 0.0, p]])
    with pytest.raises(ConfigError, match=message):
        bend(box(10.0, 1.7), FE, position, momentum, np.ones(1), philox(), minimum=minimum)
