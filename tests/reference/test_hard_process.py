from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.hard_process import (
    HardProcess,
    Kept,
    derived_seed,
    nominal_energy,
)
from muforge.reference.origin import Origin
from muforge.reference.pythia import SEEDS

PROTON = 2212


@pytest.fixture(scope="module")
def drell_yan() -> HardProcess:
    return HardProcess(Origin.DRELL_YAN, 400.0)


@pytest.mark.parametrize(
    ("energy", "band", "nominal"),
    [
        (400.0, 0, 400.0),
        (400.0001, 0, 400.0),
        (100.1, 0, 400.0),
        (100.0, 0, 400.0),
        (99.9, 1, 100.0),
        (24.0, 2, 25.0),
    ],
)
def test_bands(energy: float, band: int, nominal: float) -> None:
    found = nominal_energy(Origin.CHARM, energy, 400.0)
    assert found[0] == band
    assert found[1] == pytest.approx(nominal)
    assert nominal_energy(Origin.DRELL_YAN, energy, 400.0) == (0, 400.0)


def test_events_depend_on_the_seed_and_the_calls_alone(drell_yan: HardProcess) -> None:
    energies = (400.0, 150.0, 50.0, 399.0) * 10
    drell_yan.reseed(5)
    first = [drell_yan.event(PROTON, PROTON, energy) for energy in energies]
    for energy in (220.0, 60.0, 300.0):
        drell_yan.event(PROTON, PROTON, energy)
    drell_yan.event(PROTON, 2112, 300.0)
    drell_yan.reseed(5)
    assert [drell_yan.event(PROTON, PROTON, energy) for energy in energies] == first
    drell_yan.reseed(6)
    assert [drell_yan.event(PROTON, PROTON, energy) for energy in energies] != first


def test_an_event_has_the_energy_asked_for(drell_yan: HardProcess) -> None:
    """The pair's largest energies come close to the projectile's and do not exceed it."""
    for energy in (60.0, 150.0, 390.0):
        pairs = [drell_yan.event(-211, PROTON, energy) for _ in range(400)]
        total = np.array(
            [sum(np.sqrt(m.px**2 + m.py**2 + m.pz**2 + m.mass**2) for m in pair) for pair in pairs]
        )
        assert total.max() <= energy + 1
        assert total.max() > 0.75 * energy


def test_a_lower_energy_is_as_if_initialised_there() -> None:
    """Mean energy of the pair, and its mean mass, from a nominal energy 3 times as high."""
    away, there = HardProcess(Origin.DRELL_YAN, 390.0), HardProcess(Origin.DRELL_YAN, 130.0)
    means, errors = [], []
    for process in (away, there):
        process.reseed(2)
        rows = np.array([_pair(process.event(PROTON, PROTON, 130.0)) for _ in range(1500)])
        means.append(rows.mean(axis=0))
        errors.append(rows.std(axis=0) / len(rows) ** 0.5)
    pull = (means[0] - means[1]) / np.hypot(*errors)
    assert np.abs(pull).max() < 4


def _pair(muons: list[Kept]) -> tuple[float, float]:
    momentum = np.sum([muon[1:4] for muon in muons], axis=0)
    energy = float(sum(np.sqrt(np.sum(np.square(muon[1:5]))) for muon in muons))
    return energy, float(np.sqrt(energy**2 - momentum @ momentum))


def test_seeds_are_spread_and_within_the_range_of_pythia() -> None:
    seeds = {derived_seed(seed, place, -211) for seed in range(100) for place in range(10)}
    assert len(seeds) == 1000
    assert min(seeds) > 0
    assert max(seeds) < SEEDS
