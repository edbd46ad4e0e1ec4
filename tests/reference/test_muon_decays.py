from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.constants import branching_ratio, mass
from muforge.reference.hard_process import BEAUTY_HADRONS, CHARM_HADRONS, CHARMONIA, Kept
from muforge.reference.muon_decays import DecayMuon, MuonDecays, adjusted_channels, channels
from muforge.reference.pythia import pythia8


@pytest.fixture(scope="module")
def forced() -> MuonDecays:
    return MuonDecays((*CHARM_HADRONS, *CHARMONIA), forced=True, cut=0.0)


@pytest.fixture(scope="module")
def free() -> MuonDecays:
    return MuonDecays(BEAUTY_HADRONS, forced=False, cut=0.0)


def decays(source: MuonDecays, pdg: int, m: float, n: int, momentum: float = 50.0) -> list[list[DecayMuon]]:
    source.reseed(8)
    return [source.decay(Kept(pdg, 0.0, 0.0, momentum, m)) for _ in range(n)]


@pytest.mark.parametrize("pdg", [411, 421, 4122])
def test_inclusive_branching_ratios_are_those_of_the_table(forced: MuonDecays, pdg: int) -> None:
    assert forced.fraction[pdg] == pytest.approx(branching_ratio(pdg, "mu_x"), abs=3e-4)


def test_d_s_decays_also_through_the_tau_and_to_mu_nu(forced: MuonDecays) -> None:
    through_tau = 0.1739 * branching_ratio(431, "tau_nu")
    direct = branching_ratio(431, "mu_x") + branching_ratio(431, "mu_nu")
    assert forced.fraction[431] == pytest.approx(direct + through_tau, rel=0.01)


@pytest.mark.parametrize("pdg", [411, -421, 431, -4122, 4332])
def test_a_forced_charm_decay_makes_one_muon_of_the_charm_s_sign(forced: MuonDecays, pdg: int) -> None:
    found = decays(forced, pdg, mass(abs(pdg)), 100)
    assert all(len(muons) == 1 for muons in found)
    assert {muons[0].pdg for muons in found} == {-13 if pdg > 0 else 13}
    assert {muons[0].parent for muons in found} == {pdg}


@pytest.mark.parametrize("pdg", CHARMONIA)
def test_charmonium_makes_a_pair_of_its_mass(forced: MuonDecays, pdg: int) -> None:
    assert forced.fraction[pdg] == pytest.approx(branching_ratio(pdg, "mu_mu"))
    for pair in decays(forced, pdg, mass(pdg), 200):
        assert sorted(muon.pdg for muon in pair) == [-13, 13]
        total = np.sum([muon[1:4] for muon in pair], axis=0)
        energy = sum(np.sqrt(np.sum(np.square(muon[1:4])) + mass(13) ** 2) for muon in pair)
        assert np.sqrt(energy**2 - total @ total) == pytest.approx(mass(pdg), rel=1e-4)


def test_free_decays_of_beauty_have_the_right_muons(free: MuonDecays) -> None:
    """B+ holds a bbar: mu+ at the table's rate, mu- from its charm; none of pions or kaons."""
    n = 3000
    found = [muon for muons in decays(free, 521, 5.27934, n) for muon in muons]
    direct = [muon for muon in found if muon.parent == 521 and muon.pdg == -13]
    assert len(direct) / n == pytest.approx(branching_ratio(521, "mu_x") + 0.005, abs=4 * (0.11 / n) ** 0.5)
    assert not [muon for muon in found if muon.parent == 521 and muon.pdg == 13]
    from_charm = [muon for muon in found if abs(muon.parent) in CHARM_HADRONS]
    assert 0.05 < len(from_charm) / n < 0.16
    assert sum(muon.pdg == 13 for muon in from_charm) > 1.5 * sum(muon.pdg == -13 for muon in from_charm)
    assert not {abs(muon.parent) for muon in found} & {211, 321, 130, 310, 111}


def test_muons_below_the_cut_are_dropped_and_slow_hadrons_not_decayed() -> None:
    source = MuonDecays((411,), forced=True, cut=20.0)
    energies = [muon.pz for muons in decays(source, 411, mass(411), 300) for muon in muons]
    assert 0 < len(energies) < 300
    assert min(energies) > 19
    assert decays(source, 411, mass(411), 20, momentum=19.0) == [[]] * 20


def test_other_channels_share_what_remains() -> None:
    data = pythia8().Pythia("", False).particleData
    before = channels(data, 421)
    after = adjusted_channels(421, before)
    assert sum(channel.ratio for channel in after) == pytest.approx(1)
    ratio = {
        old.index: new.ratio / old.ratio
        for old, new in zip(before, after, strict=True)
        if 13 not in old.products
    }
    assert len({round(value, 9) for value in ratio.values()}) == 1
