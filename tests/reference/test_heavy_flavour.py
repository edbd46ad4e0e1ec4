from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.reference.constants import branching_ratio, mass, number
from muforge.reference.hard_process import CHARM_HADRONS, DRELL_YAN_MASS, HardProcess, Kept
from muforge.reference.heavy_flavour import HARD_ORIGINS, LEVEL, HardMuon, HardSource
from muforge.reference.origin import Origin

PROTON = 2212
BEAM = (0.0, 0.0, np.sqrt(400.0**2 - 0.938272088**2))


@cache
def source(origin: Origin, cut: float = 10.0) -> HardSource:
    return HardSource(origin, 400.0, cut)


def events(
    origin: Origin, n: int, pdg: int = PROTON, momentum: tuple[float, float, float] = BEAM, cut: float = 10.0
) -> list[list[HardMuon]]:
    hard = source(origin, cut)
    hard.reseed(17)
    return [hard.muons(pdg, momentum) for _ in range(n)]


def flat(found: Iterable[list[HardMuon]]) -> list[HardMuon]:
    return [muon for muons in found for muon in muons]


def energy(muon: HardMuon) -> float:
    return float(np.sqrt(muon.px**2 + muon.py**2 + muon.pz**2 + mass(13) ** 2))


def pair_mass(first: HardMuon, second: HardMuon) -> float:
    total = np.add(first[1:4], second[1:4])
    return float(np.sqrt((energy(first) + energy(second)) ** 2 - total @ total))


@pytest.mark.parametrize("origin", HARD_ORIGINS)
def test_events_depend_on_the_seed_and_the_calls_alone(origin: Origin) -> None:
    calls = [(PROTON, 400.0), (-211, 180.0), (PROTON, 390.0)] * 3
    if origin is Origin.DRELL_YAN:
        calls += [(130, 150.0)] * 4

    def made(hard: HardSource) -> list[list[HardMuon]]:
        return [hard.muons(pdg, (0.0, 0.0, np.sqrt(e**2 - mass(pdg) ** 2))) for pdg, e in calls]

    used = source(origin)
    used.reseed(3)
    used.muons(PROTON, (0.0, 0.0, 250.0))
    used.reseed(4)
    first = made(used)
    used.reseed(5)
    assert made(used) != first
    used.reseed(4)
    assert made(used) == first
    if origin is Origin.DRELL_YAN:
        untouched = HardSource(origin, 400.0, 10.0)
        untouched.reseed(4)
        assert made(untouched) == first


@pytest.mark.parametrize(("origin", "pdg"), [(Origin.CHARM, -211), (Origin.DRELL_YAN, -2212)])
def test_kinematics_of_a_secondary(origin: Origin, pdg: int) -> None:
    found = flat(events(origin, 200, pdg, (0.0, 0.0, 90.0), cut=5.0))
    energies = np.array([energy(muon) for muon in found])
    assert energies.min() > 5 + mass(13)
    assert energies.max() < np.sqrt(90.0**2 + mass(abs(pdg)) ** 2)
    assert energies.max() > 30
    assert all(muon.pz > 0 for muon in found)
    assert 0 < source(origin).weight <= 1


@pytest.mark.parametrize("direction", [(0.3, -0.2, 0.9), (-0.8, 0.1, 0.5)])
def test_the_frame_turns_with_the_projectile(direction: tuple[float, float, float]) -> None:
    unit = np.array(direction) / np.linalg.norm(direction)
    straight = flat(events(Origin.CHARM, 30, momentum=(0.0, 0.0, 300.0), cut=5.0))
    oblique = flat(events(Origin.CHARM, 30, momentum=tuple(300.0 * unit), cut=5.0))
    assert len(straight) == len(oblique)
    for before, after in zip(straight, oblique, strict=True):
        assert np.dot(after[1:4], unit) == pytest.approx(before.pz)
        assert np.linalg.norm(after[1:4]) == pytest.approx(np.linalg.norm(before[1:4]))


def test_weights_of_charm_are_its_branching_ratios() -> None:
    """The sum of weights in n events is the number of charm hadrons times their branching ratios."""
    n = 500
    found = flat(events(Origin.CHARM, n, cut=0.01))
    assert source(Origin.CHARM).weight == LEVEL
    process = HardProcess(Origin.CHARM, 400.0)
    ratios = {pdg: _to_muon(pdg) for pdg in CHARM_HADRONS}
    expected = np.array(
        [sum(ratios[abs(hadron.pdg)] for hadron in process.event(PROTON, PROTON, 400.0)) for _ in range(n)]
    )
    total = LEVEL * len(found) / n
    forward = 0.99  # muons that leave backwards, or with less than the cut, are dropped
    error = np.hypot(expected.std() * (2 / n) ** 0.5, LEVEL * (total / LEVEL / n) ** 0.5)
    assert forward * expected.mean() - 4 * error < total < expected.mean() + 4 * error


def _to_muon(pdg: int) -> float:
    if pdg == 431:
        return (
            branching_ratio(431, "mu_x")
            + branching_ratio(431, "mu_nu")
            + 0.1739 * branching_ratio(431, "tau_nu")
        )
    others = {4132: 0.025, 4232: 0.035, 4332: 0.018}  # Pythia 8.317
    return others.get(pdg) or branching_ratio(pdg, "mu_x")


def test_charm_makes_both_signs_alike() -> None:
    signs = Counter(muon.pdg for muon in flat(events(Origin.CHARM, 600, cut=1.0)))
    difference = signs[13] - signs[-13]
    assert abs(difference) < 5 * (signs[13] + signs[-13]) ** 0.5
    assert all((muon.pdg == -13) == (muon.parent > 0) for muon in flat(events(Origin.CHARM, 50)))


def test_copies_make_more_muons_of_smaller_weight() -> None:
    hard = HardSource(Origin.CHARM, 400.0, 1.0, copies=8)
    hard.reseed(1)
    found = flat(hard.muons(PROTON, BEAM) for _ in range(80))
    once = flat(events(Origin.CHARM, 400, cut=1.0))
    assert hard.weight == LEVEL / 8
    assert len(found) / 80 == pytest.approx(8 * len(once) / 400, rel=0.25)


def test_beauty_makes_opposite_signs_in_one_decay() -> None:
    found = events(Origin.BEAUTY, 120, cut=1.0)
    assert source(Origin.BEAUTY).weight == LEVEL
    histories: dict[tuple[int, int], list[HardMuon]] = defaultdict(list)
    for event, muons in enumerate(found):
        for muon in muons:
            histories[event, muon.decay].append(muon)
    pairs = [pair for pair in histories.values() if len(pair) == 2]
    assert len(pairs) > 10
    assert sum(first.pdg != second.pdg for first, second in pairs) > 0.75 * len(pairs)
    assert max(pair_mass(*pair) for pair in pairs) < 5.4
    per_event = LEVEL * len(flat(found)) / 120
    assert per_event == pytest.approx(0.42, abs=0.08)  # twice b -> mu (0.11) and b -> c -> mu (0.1), roughly


def test_charmonium_is_a_pair_of_one_decay() -> None:
    found = [muons for muons in events(Origin.CHARMONIUM, 200, cut=1.0) if len(muons) == 2]
    assert len(found) > 140
    for first, second in found:
        assert first.decay == second.decay
        assert first.pdg == -second.pdg
        assert pair_mass(first, second) == pytest.approx(mass(first.parent), rel=2e-3)
    assert source(Origin.CHARMONIUM).weight == branching_ratio(443, "mu_mu")
    parents = Counter(first.parent for first, _ in found)
    assert set(parents) <= {443, 100443}
    assert parents[100443] < len(found) * 5 * number("psi2s_to_jpsi_mumu")


def test_drell_yan_pairs_are_heavier_than_the_phi() -> None:
    """Photons that the muons radiate can take some of the mass, seldom much."""
    found = [muons for muons in events(Origin.DRELL_YAN, 1000, cut=0.01) if len(muons) == 2]
    masses = np.array([pair_mass(*pair) for pair in found])
    assert len(found) > 900
    assert np.mean(masses < DRELL_YAN_MASS) < 0.06
    assert 0.3 < np.mean(masses < 1.5) < 0.8
    assert {(muon.decay, muon.parent) for muon in flat(found)} == {(0, 22)}
    assert source(Origin.DRELL_YAN).weight == 1


def test_feynman_x_of_charm_is_that_of_na27() -> None:
    """(1 - |x_F|)^n with n = 4.9 +- 0.5 for D mesons of 400 GeV protons.

    For this form the mean of |x_F| is 1 / (n + 2).

    References:
        LEBC-EHS (NA27), Z. Phys. C40 (1988) 321
    """
    process = HardProcess(Origin.CHARM, 400.0)
    mesons = [
        h for _ in range(1000) for h in process.event(PROTON, PROTON, 400.0) if abs(h.pdg) in (411, 421)
    ]
    x = np.array([feynman_x(hadron, 400.0) for hadron in mesons])
    n = 1 / np.abs(x[x > 0]).mean() - 2
    assert 3 < n < 7


def feynman_x(hadron: Kept, beam: float) -> float:
    m = mass(PROTON)
    root_s = np.sqrt(2 * m * m + 2 * m * beam)
    gamma, gamma_beta = (beam + m) / root_s, np.sqrt(beam**2 - m * m) / root_s
    e = np.sqrt(hadron.px**2 + hadron.py**2 + hadron.pz**2 + hadron.mass**2)
    return float(2 * (gamma * hadron.pz - gamma_beta * e) / root_s)


def test_a_beam_below_the_threshold_makes_nothing() -> None:
    hard = HardSource(Origin.BEAUTY, 100.0, 10.0)
    assert not hard.chi(np.array([2212, 211]), np.array([100.0, 99.0])).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Origin.HYPERON, 400.0, 10.0), "no hard process"),
        ((Origin.CHARM, 7001.0, 10.0), "7000"),
        ((Origin.CHARM, 400.0, 10.0, 0), "copies"),
    ],
)
def test_impossible_sources(arguments: tuple[Origin, float, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HardSource(*arguments)


def test_projectiles_outside_the_range() -> None:
    with pytest.raises(ConfigError, match="beauty is made from 130 GeV"):
        source(Origin.BEAUTY).muons(PROTON, (0.0, 0.0, 100.0))
    with pytest.raises(ConfigError, match="beam energy"):
        source(Origin.CHARM).muons(PROTON, (0.0, 0.0, 410.0))
