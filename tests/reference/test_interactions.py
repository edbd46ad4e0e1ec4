from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.constants import mass
from muforge.reference.hadron_nucleus import HadronNucleus
from muforge.reference.interactions import LONG_LIVED, Interactions

MATERIALS = ("H2O", "Fe", "Mo", "W")


@pytest.fixture(scope="module")
def interactions() -> Interactions:
    return Interactions(HadronNucleus(frozenset()), MATERIALS, 10.0, 400.0)


def test_lengths_are_those_of_pdg(interactions: Interactions) -> None:
    """Nuclear interaction lengths, PDG Atomic and Nuclear Properties (2024), for protons of 200 GeV to 4%."""
    kinetic = np.array([200.0])
    length = 1 / interactions.rates(np.array([2212], np.int32), kinetic)[0]
    expected = {"H2O": 83.3, "Fe": 16.77, "Mo": 15.25, "W": 9.946}
    for name, found in zip(MATERIALS, length, strict=True):
        assert found == pytest.approx(expected[name], rel=0.05), name


def test_mesons_go_further_and_charges_differ(interactions: Interactions) -> None:
    codes = np.array([2212, 211, 321, -321], np.int32)
    proton, pion, k_plus, k_minus = interactions.rates(codes, np.full(4, 20.0))[:, 2]
    assert k_plus < k_minus < proton
    assert k_plus < pion < proton


def test_every_long_lived_hadron_interacts(interactions: Interactions) -> None:
    codes = np.array(LONG_LIVED, np.int32)
    assert (interactions.rates(codes, np.full(len(codes), 50.0)) > 0).all()


def test_nuclei_of_a_compound(interactions: Interactions) -> None:
    n = 20_000
    pdg, kinetic = np.full(n, 211, np.int32), np.full(n, 50.0)
    Z, A, mean = interactions.nuclei(pdg, kinetic, np.zeros(n, np.int64), np.random.default_rng(1))
    hydrogen = Z == 1
    assert set(zip(Z.tolist(), A.tolist(), strict=True)) == {(1, 1), (8, 16)}
    assert (mean[hydrogen] == 1).all()
    assert (mean[~hydrogen] > 1).all()
    # two H of sigma, one O of 16 sigma / <n>
    oxygen = 16 / mean[~hydrogen][0]
    assert hydrogen.mean() == pytest.approx(2 / (2 + oxygen), abs=0.02)


def test_nuclei_of_metals(interactions: Interactions) -> None:
    pdg, kinetic = np.full(3, 2212, np.int32), np.full(3, 100.0)
    Z, A, _ = interactions.nuclei(pdg, kinetic, np.array([1, 2, 3]), np.random.default_rng(1))
    assert Z.tolist() == [26, 42, 74]
    assert A.tolist() == [56, 96, 184]
    assert mass(2212) < 1
