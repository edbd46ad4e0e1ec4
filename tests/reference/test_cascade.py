from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.reference import cascade as cascade_module
from muforge.reference.cascade import Cascade
from muforge.reference.config import Boosts, SimulationConfig
from muforge.reference.constants import mass
from muforge.reference.geometry import geometry
from muforge.reference.origin import Origin
from muforge.reference.produced import Produced

pytest.importorskip("pythia8mc", reason="pythia8mc is not installed (pip install 'muforge[simulate]')")

PROTONS = 400
SEED = 11


@cache
def cascade() -> Cascade:
    return Cascade(SimulationConfig(exit="none"))


@cache
def muons() -> Produced:
    return cascade().run(SEED, 3, 1000, PROTONS)


def kinetic(found: Produced) -> NDArray[np.float64]:
    return np.asarray(np.sqrt((found.momentum**2).sum(axis=1) + mass(13) ** 2) - mass(13))


def of(origin: Origin) -> Produced:
    return muons().select(muons().origin == origin)


def test_same_address_same_muons_whatever_was_before() -> None:
    first = muons()
    cascade().run(SEED, 4, 0, 50)
    again = cascade().run(SEED, 3, 1000, PROTONS)
    for name in ("pdg", "position", "time", "momentum", "weight", "event", "decay", "origin", "parent"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name), err_msg=name)
    other = cascade().run(SEED + 1, 3, 1000, PROTONS)
    assert len(other) != len(first)


def test_every_source_is_there() -> None:
    counts = Counter(muons().origin.tolist())
    for origin in (Origin.PION_KAON, Origin.DIMUON_RESONANCE, Origin.PHOTON_CONVERSION, Origin.CHARM):
        assert counts[origin] > 20, origin
    assert set(counts) <= set(Origin)
    assert {221, 113, 223, 333} <= set(of(Origin.DIMUON_RESONANCE).parent.tolist())
    assert {211, -211, 321, -321} <= set(of(Origin.PION_KAON).parent.tolist())
    assert set(np.abs(muons().pdg).tolist()) == {13}


def test_weights_are_the_inverse_boosts() -> None:
    boosts = Boosts()
    for origin in (Origin.DIMUON_RESONANCE, Origin.PHOTON_CONVERSION, Origin.CHARM):
        np.testing.assert_array_equal(of(origin).weight, 1 / boosts.dimuon)
    np.testing.assert_array_equal(of(Origin.BEAUTY).weight, 1 / boosts.beauty)


def test_muons_are_within_the_geometry_and_the_energies() -> None:
    found = muons()
    end = geometry().stack().edges[-1]
    assert found.position[:, 2].min() > 0
    assert found.position[:, 2].max() < end
    assert kinetic(found).min() > 10.0
    assert kinetic(found).max() < 400.0
    assert found.momentum[:, 2].min() > 0
    assert found.event.min() >= 1000
    assert found.event.max() < 1000 + PROTONS
    # nothing is faster than light, nor much slower: z / c is in ns
    late = found.time - found.position[:, 2] / 29.9792458
    assert late.min() > -1e-9
    assert late.max() < 1.0


def test_only_what_comes_of_the_primary_collision_is_on_the_axis() -> None:
    found = muons()
    on_axis = (found.position[:, 0] == 0) & (found.position[:, 1] == 0)
    assert on_axis.any()
    primary = {Origin.DIMUON_RESONANCE, Origin.CHARM, Origin.BEAUTY, Origin.CHARMONIUM, Origin.DRELL_YAN}
    assert set(found.origin[on_axis].tolist()) <= primary
    assert not on_axis[found.origin == Origin.PION_KAON].any()
    radius = np.hypot(*found.position[~on_axis, :2].T)
    assert np.median(radius) < 1.0
    assert radius.min() > 0


def test_vertices_on_the_axis_spare_the_water() -> None:
    """Protons that reach a slit of 0.5 cm interact in it with probability 0.5 / 83: it is the comb's gap."""
    found = muons()
    on_axis = (found.position[:, 0] == 0) & (found.position[:, 1] == 0)
    stack = geometry().stack()
    slab = np.searchsorted(stack.edges, found.position[on_axis, 2], side="right") - 1
    names = np.array([geometry().materials[index] for index in stack.material[slab]])
    assert (names == "H2O").mean() < 0.05
    assert (names == "Mo").mean() > 0.8


def test_pairs_share_their_decay_and_their_event() -> None:
    found = of(Origin.DIMUON_RESONANCE)
    pairs = [np.flatnonzero(found.decay == number) for number in np.unique(found.decay)]
    assert max(map(len, pairs)) == 2
    both = np.array([rows for rows in pairs if len(rows) == 2])
    assert len(both) > 50
    assert (found.pdg[both].sum(axis=1) == 0).all()
    assert (found.event[both[:, 0]] == found.event[both[:, 1]]).all()
    singles = of(Origin.PION_KAON)
    assert len(np.unique(singles.decay)) == len(singles)
    assert not set(singles.decay.tolist()) & set(found.decay.tolist())


def rate(config: SimulationConfig, protons: int, seed: int, *origins: Origin) -> tuple[float, float]:
    """Muons per proton, and its error from the scatter between protons."""
    found = Cascade(config).run(seed, 0, 0, protons)
    chosen = np.isin(found.origin, origins)
    per_event = np.bincount(found.event[chosen], found.weight[chosen], minlength=protons)
    return float(per_event.mean()), float(per_event.std() / protons**0.5)


FEW_HARD = {"charm": 1.0, "beauty": 1.0, "charmonium": 1.0, "drell_yan": 1.0}


def assert_equal_rates(one: tuple[float, float], two: tuple[float, float]) -> None:
    assert abs(one[0] - two[0]) < 4 * np.hypot(one[1], two[1])
    assert np.hypot(one[1], two[1]) < 0.2 * one[0]


def test_the_roulette_changes_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SimulationConfig(exit="none", boosts=Boosts(**FEW_HARD))
    with_roulette = rate(config, 700, 1, Origin.PION_KAON)
    monkeypatch.setattr(cascade_module, "ROULETTE_ENERGY", 1e-3)
    assert_equal_rates(with_roulette, rate(config, 400, 2, Origin.PION_KAON))


def test_boosts_change_no_rate() -> None:
    tenth = {name: 0.1 * value for name, value in Boosts().model_dump().items()}
    for origin in (Origin.PION_KAON, Origin.DIMUON_RESONANCE):
        high, low = (
            rate(SimulationConfig(exit="none", boosts=Boosts(**boosts)), 600, seed, origin)
            for seed, boosts in ((1, FEW_HARD), (2, tenth | FEW_HARD))
        )
        assert_equal_rates(high, low)


def test_an_exit_cut_leaves_out_what_cannot_reach_it() -> None:
    found = Cascade(SimulationConfig(boosts=Boosts(**FEW_HARD))).run(SEED, 0, 0, 100)
    target = found.position[:, 2] < 100
    assert kinetic(found)[target].min() > 14.0


def test_other_beams() -> None:
    found = Cascade(SimulationConfig(energy=60.0, exit="none")).run(SEED, 0, 0, 100)
    assert len(found) > 5
    assert kinetic(found).max() < 60.0
    assert Origin.BEAUTY not in found.origin
