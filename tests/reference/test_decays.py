from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.reference.constants import branching_ratio, mass
from muforge.reference.decays import MUON, muonic_decays
from muforge.reference.hadrons import Hadrons
from muforge.reference.origin import Origin
from muforge.reference.produced import Produced

N = 4000
PARENTS = sorted(muonic_decays())


def parents(pdg: int, momentum: float = 40.0, n: int = N) -> Hadrons:
    return Hadrons(
        np.full(n, pdg, np.int32),
        np.tile([1.0, 2.0, 3.0], (n, 1)),
        np.full(n, 0.5),
        np.tile([0.0, 0.6 * momentum, 0.8 * momentum], (n, 1)),
        np.full(n, mass(pdg)),
        np.arange(n),
        np.full(n, 0.25),
    )


def made(pdg: int) -> Produced:
    return muonic_decays()[abs(pdg)].muons(parents(pdg), np.random.default_rng(3))


def in_rest_frame(muons: Produced, pdg: int) -> NDArray[np.float64]:
    """Energy of the muons in the rest frame of their parents, shape (n,)."""
    parent = parents(pdg, n=1).momentum[0]
    m = mass(pdg)
    energy = np.sqrt((muons.momentum**2).sum(axis=1) + mass(MUON) ** 2)
    return np.asarray((energy * np.sqrt(parent @ parent + m * m) - muons.momentum @ parent) / m)


@pytest.mark.parametrize("pdg", PARENTS)
def test_every_parent(pdg: int) -> None:
    muons = made(pdg)
    pairs = Origin.DIMUON_RESONANCE in muons.origin
    assert len(muons) == (2 * N if pairs else N)
    assert set(np.abs(muons.pdg).tolist()) == {MUON}
    np.testing.assert_array_equal(muons.position, np.tile([1.0, 2.0, 3.0], (len(muons), 1)))
    assert (muons.time == 0.5).all()
    assert (muons.weight == 0.25).all()
    assert (muons.parent == pdg).all()
    energy = in_rest_frame(muons, pdg)
    assert energy.min() >= mass(MUON) - 1e-9
    assert energy.max() <= (mass(pdg) ** 2 + mass(MUON) ** 2) / (2 * mass(pdg)) + 1e-9
    events, counts = np.unique(muons.event, return_counts=True)
    assert len(events) == N
    assert (counts == (2 if pairs else 1)).all()
    assert (np.unique(muons.decay, return_counts=True)[1] == counts[0]).all()


@pytest.mark.parametrize("pdg", [211, -211, 321, -321, 3122, -3122, 3112, -3112, 3312, -3312])
def test_charge(pdg: int) -> None:
    """pi+ and K+ make mu+ (-13); hyperons make mu- (13)."""
    expected = np.sign(pdg) * (MUON if abs(pdg) > 1000 else -MUON)
    assert (made(pdg).pdg == expected).all()


@pytest.mark.parametrize("pdg", [130, 310])
def test_neutral_kaons_make_both_charges(pdg: int) -> None:
    assert (made(pdg).pdg == MUON).mean() == pytest.approx(0.5, abs=0.04)


def test_two_body_decays_have_one_energy() -> None:
    energy = in_rest_frame(made(211), 211)
    np.testing.assert_allclose(energy, (mass(211) ** 2 + mass(MUON) ** 2) / (2 * mass(211)), rtol=1e-6)


@pytest.mark.parametrize("pdg", [113, 333])
def test_pairs_have_the_mass_of_the_parent(pdg: int) -> None:
    muons = made(pdg)
    total = np.zeros((N, 4))
    energy = np.sqrt((muons.momentum**2).sum(axis=1) + mass(MUON) ** 2)
    np.add.at(total, muons.decay, np.column_stack([muons.momentum, energy]))
    np.testing.assert_allclose(
        np.sqrt(total[:, 3] ** 2 - (total[:, :3] ** 2).sum(axis=1)), mass(pdg), rtol=1e-6
    )


def test_dalitz_pairs_leave_a_spectator_of_its_mass() -> None:
    muons = made(223)
    total = np.zeros((N, 4))
    energy = np.sqrt((muons.momentum**2).sum(axis=1) + mass(MUON) ** 2)
    np.add.at(total, muons.decay, np.column_stack([muons.momentum, energy]))
    parent = parents(223, n=1).momentum[0]
    rest = np.append(parent, np.sqrt(parent @ parent + mass(223) ** 2)) - total
    square = rest[:, 3] ** 2 - (rest[:, :3] ** 2).sum(axis=1)
    dalitz = square > 0.01
    np.testing.assert_allclose(square[dalitz], mass(111) ** 2, atol=1e-6)
    ratio = branching_ratio(223, "pi0_mu_mu")
    assert dalitz.mean() == pytest.approx(ratio / (ratio + branching_ratio(223, "mu_mu")), abs=0.04)


def test_branching_ratios_add_up() -> None:
    kaon = muonic_decays()[321]
    assert kaon.branching_ratio == branching_ratio(321, "mu_nu") + branching_ratio(321, "pi0_mu_nu")
    two_body = np.isclose(
        in_rest_frame(made(321), 321), (mass(321) ** 2 + mass(MUON) ** 2) / (2 * mass(321)), rtol=1e-6
    )
    assert two_body.mean() == pytest.approx(branching_ratio(321, "mu_nu") / kaon.branching_ratio, abs=0.02)
