from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.reference.chi_table import BEAMS, ChiTable, highest_energy, stand_ins
from muforge.reference.constants import constants, number
from muforge.reference.hadron_nucleus import HadronNucleus, mean_collisions
from muforge.reference.origin import Origin

HARD = (Origin.CHARM, Origin.BEAUTY, Origin.CHARMONIUM, Origin.DRELL_YAN)


@cache
def table_of(origin: Origin) -> ChiTable:
    return ChiTable(origin)


def chi(origin: Origin, pdg: int, energy: float) -> float:
    return float(table_of(origin).chi(np.array([pdg]), np.array([energy]))[0])


@pytest.mark.parametrize(("origin", "name"), [(Origin.CHARM, "chi_cc"), (Origin.BEAUTY, "chi_bb")])
def test_protons_of_400_gev_have_the_chi_of_ship(origin: Origin, name: str) -> None:
    assert chi(origin, 2212, 400.0) == pytest.approx(number(name), rel=1e-9)


def test_charmonium_has_the_measured_cross_section_per_nucleon() -> None:
    """315 nb. Chi times the hadron-nucleus cross-section over A, with that of the cascade, is sigma (1 + psi(2S))."""
    nucleons = round(constants().elements["Mo"].A)
    inelastic = HadronNucleus(frozenset()).cross_section(2212, 400.0)
    per_nucleon = inelastic / float(mean_collisions(inelastic, nucleons))
    measured = 315e-6 * (1 + number("psi2s_to_jpsi_mumu"))
    assert chi(Origin.CHARMONIUM, 2212, 400.0) * per_nucleon == pytest.approx(measured, rel=2e-3)


@pytest.mark.parametrize(
    ("origin", "threshold"), [(Origin.CHARM, "charm_threshold"), (Origin.BEAUTY, "beauty_threshold")]
)
def test_nothing_below_the_threshold(origin: Origin, threshold: str) -> None:
    lowest = number(threshold)
    assert chi(origin, 2212, lowest - 0.01) == 0
    assert chi(origin, 2212, lowest) > 0


@pytest.mark.parametrize("origin", HARD)
def test_rises_smoothly_with_energy(origin: Origin) -> None:
    """A pole, a gap or a badly integrated point of the table would be seen as a dent."""
    energy = np.geomspace(140, highest_energy(), 400)
    for beam in BEAMS:
        values = table_of(origin).chi(np.full(energy.shape, beam), energy)
        growth = np.diff(np.log(values)) / np.diff(np.log(energy))
        assert growth.min() > -0.1, beam
        assert growth.max() < 10, beam


def test_what_stands_for_what() -> None:
    energy = np.array([200.0])
    table = table_of(Origin.DRELL_YAN)

    def of(pdg: int) -> float:
        return float(table.chi(np.array([pdg]), energy)[0])

    assert of(3122) == of(3222) == of(2212)
    assert of(-2112) == of(-3122) == of(-2212)
    assert of(130) == of(310) == pytest.approx((of(321) + of(-321)) / 2)
    with pytest.raises(ConfigError, match="projectile 22"):
        stand_ins(22)


def test_valence_antiquarks_make_drell_yan_pairs() -> None:
    """ubar of a pi- on u against dbar of a pi+ on d: 4 to 1 for valence quarks, and less with the sea."""
    ratio = chi(Origin.DRELL_YAN, -211, 100.0) / chi(Origin.DRELL_YAN, 211, 100.0)
    assert 1.3 < ratio < 4
    assert chi(Origin.DRELL_YAN, -2212, 50.0) > 3 * chi(Origin.DRELL_YAN, 2212, 50.0)


def test_a_negative_pion_annihilates_on_protons_rather_than_neutrons() -> None:
    table = table_of(Origin.DRELL_YAN)
    fraction = constants().elements["Mo"].Z / constants().elements["Mo"].A
    assert table.on_proton(-211, 100.0) > fraction + 0.05
    assert table.on_proton(211, 100.0) < fraction
    assert table_of(Origin.CHARM).on_proton(-211, 100.0) == 1


def test_above_the_table_is_an_error() -> None:
    with pytest.raises(ConfigError, match="7000"):
        chi(Origin.CHARM, 2212, 8000.0)


def test_the_shape_of_the_input_is_kept() -> None:
    table = table_of(Origin.CHARM)
    assert table.chi(np.zeros(0, int), np.zeros(0)).shape == (0,)
    mixed = table.chi(np.array([211, 2212, 211]), np.array([100.0, 400.0, 20.0]))
    np.testing.assert_array_equal(mixed, [chi(Origin.CHARM, 211, 100.0), chi(Origin.CHARM, 2212, 400.0), 0])
