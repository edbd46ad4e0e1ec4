from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.constants import mass, number
from muforge.reference.conversion import conversion_cross_section, heaviest_element, pair_muons, showering
from muforge.reference.origin import Origin
from muforge.reference.produced import Produced
from muforge.reference.shower import PHOTON, POSITRON, Pairs

N = 20_000
MATERIALS = ("W", "H2O")


def geant4_cross_section(energy: float, Z: float, A: float) -> float:
    """G4GammaConversionToMuons::ComputeCrossSectionPerAtom (Geant4 11), in cm^2: a fit to the exact one."""
    mu, e = mass(13), mass(11)
    d_n = 1.54 * A**0.27
    reach = 183.0 * Z ** (-1 / 3)
    infinite = reach * mu / (d_n * e)
    medium = 1 / (4 * d_n * np.sqrt(np.e) * mu)
    saturation = infinite / medium
    correction = 1 + 0.04 * np.log(1 + (-18.0 + 4347.0 / reach) / energy)
    power = -0.88
    eg = (1 - 4 * mu / energy) ** (1.479 + 0.00799 * d_n) * (saturation**power + energy**power) ** (1 / power)
    radius = number("electron_radius") * e / mu
    return float(
        7 / 9 * 4 * number("fine_structure") * Z**2 * radius**2 * np.log(1 + medium * correction * eg)
    )


@pytest.mark.parametrize(("Z", "A"), [(74, 183.84), (42, 95.95), (26, 55.845), (8, 15.999)])
def test_cross_section_is_that_of_geant4(Z: float, A: float) -> None:
    energies = np.array([10.0, 30.0, 100.0, 300.0])
    fit = [geant4_cross_section(energy, Z, A) for energy in energies]
    np.testing.assert_allclose(conversion_cross_section(energies, Z, A), fit, rtol=0.02)


def test_electron_pairs_are_more_frequent_by_the_masses() -> None:
    """By (m_mu / m_e)^2 times the ratio of two logarithms of the same order."""
    tables = showering(MATERIALS, 400.0)
    suppression = (mass(11) / mass(13)) ** 2
    assert (tables.conversion[:, 20:] < 1.5 * suppression).all()
    assert (tables.conversion[:, 20:] > 0.2 * suppression).all()
    assert heaviest_element("H2O") == (8, 15.999)


def made(kind: int, energy: float) -> Produced:
    n = N
    pairs = Pairs(np.arange(n), np.full(n, kind), np.full(n, energy), np.zeros(n), np.zeros(n, np.int64))
    axis = np.tile([0.6, 0.0, 0.8], (n, 1))
    return pair_muons(
        pairs,
        MATERIALS,
        np.zeros((n, 3)),
        axis,
        np.zeros(n),
        np.arange(n),
        np.full(n, 0.5),
        np.random.default_rng(5),
    )


@pytest.mark.parametrize(("kind", "energy"), [(PHOTON, 60.0), (POSITRON, 60.0)])
def test_pairs(kind: int, energy: float) -> None:
    muons = made(kind, energy)
    assert len(muons) == 2 * N
    assert (np.bincount(muons.decay) == 2).all()
    assert (np.bincount(muons.decay, muons.pdg) == 0).all()
    expected = Origin.PHOTON_CONVERSION if kind == PHOTON else Origin.POSITRON_ANNIHILATION
    assert (muons.origin == expected).all()
    assert (muons.parent == kind).all()
    total = np.bincount(muons.decay, np.sqrt((muons.momentum**2).sum(axis=1) + mass(13) ** 2))
    np.testing.assert_allclose(total, energy, rtol=1e-9)
    along = muons.momentum @ [0.6, 0.0, 0.8]
    transverse = np.sqrt(np.maximum((muons.momentum**2).sum(axis=1) - along**2, 0))
    assert np.median(transverse) == pytest.approx(mass(13), rel=0.5)


def test_annihilation_balances_transverse_momentum_and_has_the_right_mass() -> None:
    energy = 60.0
    muons = made(POSITRON, energy)
    total = np.zeros((N, 3))
    np.add.at(total, muons.decay, muons.momentum)
    square = energy**2 - (total**2).sum(axis=1)
    s = 2 * mass(11) * (energy + mass(11))
    np.testing.assert_allclose(square, s, rtol=0.05)


def test_photon_share_follows_the_cross_section() -> None:
    """Mean of x+ (1 - x+) under (1 - 4/3 x+ x-) log W, by quadrature."""
    from muforge.reference.conversion import log_w

    energy = 60.0
    muons = made(PHOTON, energy)
    plus = muons.momentum[muons.pdg == -13]
    share = np.sqrt((plus**2).sum(axis=1) + mass(13) ** 2) / energy
    half = np.sqrt(0.25 - mass(13) / energy)
    x = 0.5 + half * np.linspace(-1, 1, 10_001)[1:-1]
    density = (1 - 4 / 3 * x * (1 - x)) * log_w(np.full_like(x, energy), x, 74, 183.84)
    expected = (x * (1 - x) * density).sum() / density.sum()
    assert (share * (1 - share)).mean() == pytest.approx(expected, rel=0.01)
