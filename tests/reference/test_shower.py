from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.constants import mass, material
from muforge.reference.conversion import showering
from muforge.reference.geometry import Geometry, Slab
from muforge.reference.shower import (
    PHOTON,
    POSITRON,
    Pairs,
    annihilation_cross_section,
    develop,
    electrons_per_cm3,
)

GEOMETRY = Geometry(name="block", radius=1000.0, target=(Slab(material="W", length=200.0),))
N = 2000
BOOST = 2.0e5
CUT = 10.0


def showers(energy: float, boost: float = BOOST, seed: int = 1) -> Pairs:
    return develop(
        GEOMETRY.stack(),
        showering(GEOMETRY.materials, 400.0),
        np.zeros((N, 3)),
        np.tile([0.0, 0.0, 1.0], (N, 1)),
        np.full(N, energy),
        np.full(N, boost),
        CUT,
        np.random.default_rng(seed),
    )


def test_first_photons_convert_where_they_should() -> None:
    """With all cascading cut off (energy just above the cut) the mean path is 9/7 radiation lengths."""
    pairs = showers(10.5, boost=1e6)
    assert (pairs.kind == PHOTON).all()
    assert (pairs.energy == 10.5).all()
    first = np.unique(pairs.source, return_index=True)[1]
    length = material("W").radiation_length
    assert pairs.path[first].mean() == pytest.approx(9 / 7 * length, rel=0.1)
    ratio = showering(GEOMETRY.materials, 400.0)
    expected = 1e6 * np.interp(np.log(10.5), ratio.log_energy, ratio.conversion[0])
    assert len(pairs.source) / N == pytest.approx(expected, rel=0.05)


def test_photons_of_a_shower_follow_approximation_a() -> None:
    """Photons of energy E have a total path of 0.572 E0 / E^2 dE radiation lengths (Rossi, High-Energy Particles, 1952,
    section 5.11), and 7/9 conversions in each; from E0 down to the cut."""
    pairs = showers(200.0)
    photons = pairs.kind == PHOTON
    ratio = showering(GEOMETRY.materials, 400.0)
    conversion = np.interp(np.log(pairs.energy[photons]), ratio.log_energy, ratio.conversion[0])
    conversions = (1 / (BOOST * conversion)).sum() / N
    assert conversions == pytest.approx(7 / 9 * 0.572 * (200.0 / CUT - 1), rel=0.1)
    assert pairs.energy.max() <= 200.0
    assert pairs.energy.min() > CUT


def test_positrons_annihilate_above_the_threshold() -> None:
    threshold = 2 * mass(13) ** 2 / mass(11) - mass(11)
    assert threshold == pytest.approx(43.7, abs=0.1)
    assert annihilation_cross_section(threshold * 0.999) == 0
    # 4 pi alpha^2 / 3 s in the limit, PDG: 86.8 nb / s
    s = 2 * mass(11) * 5000.0
    assert annihilation_cross_section(5000.0) == pytest.approx(86.8e-33 / s, rel=0.01)
    pairs = showers(200.0, boost=2e7)
    positrons = pairs.kind == POSITRON
    assert positrons.any()
    assert pairs.energy[positrons].min() > threshold


def test_boost_is_a_factor() -> None:
    few, many = (len(showers(100.0, boost=boost, seed=seed).source) for boost, seed in ((5e4, 1), (5e5, 2)))
    assert many / few == pytest.approx(10, rel=0.1)


def test_electrons_of_water() -> None:
    assert electrons_per_cm3("H2O") == pytest.approx(3.343e23, rel=0.001)


def test_same_generator_same_pairs() -> None:
    for one, two in zip(showers(100.0), showers(100.0), strict=True):
        np.testing.assert_array_equal(one, two)
