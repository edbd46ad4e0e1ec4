from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.constants import CM_PER_NANOSECOND, mass
from muforge.reference.flight import travel
from muforge.reference.geometry import Geometry, Slab
from muforge.reference.muon_tables import muon_tables

BLOCK = Geometry(
    name="block",
    radius=1000.0,
    target=(Slab(material="Fe", length=100.0), Slab(material="Fe", length=100.0, start=150.0)),
)
N = 4000


def moved(
    pdg: int, energy: float, path: float, *, charged: bool, direction: tuple[float, float, float] = (0, 0, 1)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    m = mass(pdg)
    p = np.sqrt(energy**2 - m**2)
    position = np.zeros((N, 3))
    momentum = np.tile(p * np.array(direction) / np.linalg.norm(direction), (N, 1))
    time = np.zeros(N)
    travel(
        BLOCK.stack(),
        muon_tables(BLOCK.materials),
        position,
        momentum,
        time,
        np.full(N, m),
        np.full(N, charged),
        np.full(N, path),
        np.random.default_rng(1),
    )
    return position, momentum, time


def test_neutral_hadrons_fly_straight() -> None:
    position, momentum, time = moved(130, 20.0, 60.0, charged=False, direction=(0.3, 0, 1))
    unit = np.array([0.3, 0, 1]) / np.linalg.norm([0.3, 0, 1])
    np.testing.assert_allclose(position[0], 60.0 * unit, rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(momentum, axis=1), np.sqrt(20.0**2 - mass(130) ** 2))
    beta = np.sqrt(1 - (mass(130) / 20.0) ** 2)
    assert time[0] == pytest.approx(60.0 / beta / CM_PER_NANOSECOND)


@pytest.mark.parametrize(("pdg", "energy"), [(211, 20.0), (2212, 100.0), (321, 15.0)])
def test_energy_loss_is_that_of_ionisation(pdg: int, energy: float) -> None:
    """1.45 MeV cm2/g at the minimum in iron, up to 1.9 on the relativistic rise (PDG Review 2024, fig. 34.2)."""
    _, momentum, _ = moved(pdg, energy, 20.0, charged=True)
    m = mass(pdg)
    lost = energy - np.sqrt((momentum**2).sum(axis=1) + m * m).mean()
    assert 1.45e-3 < lost / 20.0 / 7.874 < 2.2e-3


def test_gaps_cost_nothing() -> None:
    _, through, _ = moved(211, 20.0, 100.0, charged=True)
    _, and_gap, _ = moved(211, 20.0, 150.0, charged=True)
    assert np.linalg.norm(and_gap, axis=1).mean() == pytest.approx(
        np.linalg.norm(through, axis=1).mean(), abs=0.02
    )


def test_scattering_has_the_width_of_highland() -> None:
    """PDG Review 2024, eq. 34.16, at the mean momentum over the path."""
    _, momentum, _ = moved(211, 30.0, 20.0, charged=True)
    angle = momentum[:, 0] / momentum[:, 2]
    lengths = 20.0 / 1.757
    width = 13.6e-3 / 29.85 * np.sqrt(lengths) * (1 + 0.038 * np.log(lengths))
    assert np.percentile(np.abs(angle), 68.3) == pytest.approx(width, rel=0.08)


def test_a_path_ends_with_the_stack() -> None:
    position, _, _ = moved(130, 20.0, 1e4, charged=False)
    np.testing.assert_allclose(position[:, 2], 250.0)
