"""Coordinates of the second muon of a decay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.kinematics import MUON_MASS
from muforge.representation.pair import PAIR_COORDINATES, Pair

ROWS = 2000
PAIR = Pair(floor=10.0, ceiling=400.0)


def starts() -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    z, pz = rng.uniform(0, 100, ROWS), rng.uniform(20, 200, ROWS)
    return np.stack([*rng.normal(0, 1, (2, ROWS)), z, *rng.normal(0, 1, (2, ROWS)), pz], axis=1)


def coordinates() -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    columns = rng.normal(-1, 1, ROWS), rng.normal(0, 2, ROWS), rng.uniform(-3, 3, ROWS)
    assert len(columns) == len(PAIR_COORDINATES)
    return np.stack(columns, axis=1)


def mass(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    energy = sum(np.sqrt((each**2).sum(axis=1) + MUON_MASS**2) for each in (a, b))
    return np.asarray(np.sqrt(energy**2 - ((a + b) ** 2).sum(axis=1)))


def test_the_round_trip_is_exact() -> None:
    second = PAIR.inverse(starts(), coordinates())
    np.testing.assert_allclose(PAIR.forward(starts(), second), coordinates(), atol=1e-8)


def test_the_first_coordinate_is_the_mass() -> None:
    second = PAIR.inverse(starts(), coordinates())
    expected = 2 * MUON_MASS + np.exp(coordinates()[:, 0])
    np.testing.assert_allclose(mass(starts()[:, 3:], second), expected, rtol=1e-6)


def test_momenta_stay_between_floor_and_ceiling_whatever_is_decoded() -> None:
    second = PAIR.inverse(starts(), 4 * coordinates())
    size = np.linalg.norm(second, axis=1)
    assert np.isfinite(size).all()
    assert (size >= PAIR.floor * (1 - 1e-9)).all()
    assert (size <= PAIR.ceiling * (1 + 1e-9)).all()


def test_turning_or_mirroring_everything_changes_no_coordinate() -> None:
    second = PAIR.inverse(starts(), coordinates())
    turn = np.array([[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]])
    for change in (turn, np.diag([1.0, -1.0, 1.0])):
        start = np.concatenate([starts()[:, :3] @ change, starts()[:, 3:] @ change], axis=1)
        np.testing.assert_allclose(PAIR.forward(start, second @ change), coordinates(), atol=1e-8)


def test_most_azimuths_lie_around_zero() -> None:
    """A partner that balances the transverse momentum flies towards the beam axis."""
    start = starts()
    balanced = start[:, 3:] * [-1, -1, 1]
    np.testing.assert_allclose(PAIR.forward(start, balanced)[:, 2], 0, atol=1e-9)


def test_a_momentum_below_the_floor_has_no_coordinate() -> None:
    second = PAIR.inverse(starts(), coordinates())
    second[5] /= np.linalg.norm(second[5])
    assert list(np.flatnonzero(~np.isfinite(PAIR.forward(starts(), second)).all(axis=1))) == [5]


def test_twice_the_same_muon_is_no_pair() -> None:
    start = starts()
    second = PAIR.inverse(start, coordinates())
    second[3] = start[3, 3:]
    with pytest.raises(RepresentationError, match="pair 3: both muons have the same momentum"):
        PAIR.forward(start, second)
