"""Coordinates of the state behind the absorber."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.representation.flight import FLIGHT_COORDINATES, Flight

PLANE = 600.0
FLOOR = 8.0
ROWS = 500


def starts(seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.stack(
        [
            *rng.normal(0, 3, (2, ROWS)),
            rng.uniform(0, 200, ROWS),
            *rng.normal(0, 1, (2, ROWS)),
            rng.uniform(10, 90, ROWS),
        ],
        axis=1,
    )


def coordinates(seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 1, (ROWS, len(FLIGHT_COORDINATES)))


def rotated(state: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    out, turn = state.copy(), np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for part in (slice(0, 2), slice(3, 5)):
        out[:, part] = state[:, part] @ turn
    return out


def mirrored(state: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(state * np.array([1, -1, 1, 1, -1, 1]))


def test_the_round_trip_is_exact() -> None:
    flight = Flight(PLANE, FLOOR)
    state = flight.inverse(starts(), coordinates())
    np.testing.assert_allclose(flight.forward(starts(), state), coordinates(), atol=1e-9)


def test_a_muon_that_only_loses_energy_goes_straight_on() -> None:
    start = starts()
    straight = np.zeros((ROWS, len(FLIGHT_COORDINATES)))
    state = Flight(PLANE, FLOOR).inverse(start, straight)
    floor = np.minimum(FLOOR, np.linalg.norm(start[:, 3:], axis=1) / 2)[:, None]
    half = start[:, 3:] * (1 + floor / np.linalg.norm(start[:, 3:], axis=1)[:, None]) / 2
    np.testing.assert_allclose(state[:, 3:], half)
    expected = start[:, :2] + start[:, 3:5] / start[:, 5:] * (PLANE - start[:, 2:3])
    np.testing.assert_allclose(state[:, :2], expected)
    np.testing.assert_array_equal(state[:, 2], PLANE)


def test_no_momentum_is_gained_whatever_is_decoded() -> None:
    start = starts()
    state = Flight(PLANE, FLOOR).inverse(start, 30 * coordinates())
    size = np.linalg.norm(state[:, 3:], axis=1)
    p = np.linalg.norm(start[:, 3:], axis=1)
    assert (size <= p * (1 + 1e-12)).all()
    assert (size >= np.minimum(FLOOR, p / 2) * (1 - 1e-12)).all()
    assert (state[:, 5] > 0).all()


@pytest.mark.parametrize("change", [lambda s: rotated(s, 0.7), mirrored], ids=["turned", "mirrored"])
def test_turning_or_mirroring_everything_changes_no_coordinate(change) -> None:  # type: ignore[no-untyped-def]
    flight = Flight(PLANE, FLOOR)
    state = flight.inverse(starts(), coordinates())
    np.testing.assert_allclose(flight.forward(change(starts()), change(state)), coordinates(), atol=1e-9)


def test_states_are_carried_straight_on_to_the_plane() -> None:
    flight = Flight(PLANE, FLOOR)
    state = flight.inverse(starts(), coordinates())
    earlier = state.copy()
    earlier[:, :3] -= state[:, 3:] / state[:, 5:] * 7.0
    np.testing.assert_allclose(flight.forward(starts(), earlier), coordinates(), atol=1e-9)


def test_a_momentum_below_the_floor_has_no_coordinate() -> None:
    start = starts()
    state = Flight(PLANE, FLOOR).inverse(start, coordinates())
    state[7, 3:] /= 1000
    found = Flight(PLANE, FLOOR).forward(start, state)
    assert list(np.flatnonzero(~np.isfinite(found).all(axis=1))) == [7]


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (3, "pz behind", -1.0, "muon 3 flies backwards at the plane"),
        (4, "pz behind", 500.0, "muon 4 has more momentum behind the absorber than at its start"),
        (5, "start_z", PLANE, "muon 5 starts behind the plane at 600 cm"),
    ],
)
def test_what_cannot_be_is_named(row: int, column: str, value: float, message: str) -> None:
    flight, start = Flight(PLANE, FLOOR), starts()
    state = flight.inverse(start, coordinates())
    changed, place = (start, 2) if column == "start_z" else (state, 5)
    changed[row, place] = value
    with pytest.raises(RepresentationError, match=message):
        flight.forward(start, state)
