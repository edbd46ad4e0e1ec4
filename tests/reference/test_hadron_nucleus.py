from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import pytest

from muforge.reference.constants import mass
from muforge.reference.hadron_nucleus import PI0, HadronNucleus, Product, Products, mean_collisions
from muforge.reference.pythia import pythia8, share, silence

pytest.importorskip("pythia8mc", reason="pythia8mc is not installed (pip install 'muforge[simulate]')")

RESONANCES = frozenset({113, 221, 223, 331, 333})
CUT = 10.0


@pytest.fixture(scope="module")
def collider() -> HadronNucleus:
    return HadronNucleus(RESONANCES)


def particle(pdg: int, energy: float) -> Product:
    m = mass(pdg)
    return (pdg, 0.0, 0.0, sqrt(energy**2 - m**2), energy, m)


def counted(products: Iterable[Product]) -> Counter[int]:
    return Counter(product[0] for product in products)


def test_same_seed_same_events_whatever_was_before(collider: HadronNucleus) -> None:
    def events() -> list[Products]:
        collider.reseed(42)
        mix = [
            particle(pdg, energy) for pdg, energy in ((2212, 400.0), (-211, 60.0), (321, 30.0), (130, 15.0))
        ]
        return [collider.collide(one, 74, 184, 3.0, CUT) for one in mix * 20] + [
            collider.decay(particle(310, 80.0), CUT) for _ in range(20)
        ]

    first = events()
    for _ in range(50):
        collider.collide(particle(3122, 90.0), 26, 56, 2.0, CUT)
    assert events() == first
    other = HadronNucleus(RESONANCES)
    other.collide(particle(2112, 100.0), 8, 16, 1.5, CUT)
    collider, before = other, collider
    collider.reseed(42)
    assert collider.collide(particle(2212, 400.0), 74, 184, 3.0, CUT) == first[0]
    before.reseed(43)
    assert before.collide(particle(2212, 400.0), 74, 184, 3.0, CUT) != first[0]


def test_products(collider: HadronNucleus) -> None:
    collider.reseed(1)
    before = collider.failures
    stable: list[Product] = []
    resonances: list[Product] = []
    for _ in range(300):
        found = collider.collide(particle(2212, 400.0), 42, 96, 2.9, CUT)
        assert sum(product[4] for product in found.stable) < 400.0 + 1.0
        stable += found.stable
        resonances += found.resonances
    assert collider.failures == before
    assert all(e > CUT and abs(e * e - px**2 - py**2 - pz**2 - m * m) < 0.1 for _, px, py, pz, e, m in stable)
    kinds = counted(stable)
    assert set(kinds) <= {22, 111, 211, -211, 321, -321, 130, 310, 2212, -2212, 2112, -2112} | {
        sign * code for sign in (1, -1) for code in (3122, 3112, 3222, 3312, 3322, 3334)
    }
    assert set(counted(resonances)) <= set(RESONANCES)
    assert kinds[211] > kinds[-211] > 100
    assert kinds[PI0] > 100
    assert abs(kinds[310] - kinds[130]) < 4 * (kinds[310] + kinds[130]) ** 0.5
    assert min(kinds[310], kinds[130]) > 30


def test_the_projectile_direction_is_kept(collider: HadronNucleus) -> None:
    collider.reseed(2)
    m = mass(211)
    p = sqrt(200.0**2 - m**2)
    total = np.zeros(3)
    for _ in range(200):
        found = collider.collide((211, 0.6 * p, 0.0, 0.8 * p, 200.0, m), 26, 56, 2.0, CUT)
        total += np.sum([product[1:4] for product in found.stable], axis=0)
    np.testing.assert_allclose(total / np.linalg.norm(total), [0.6, 0.0, 0.8], atol=0.01)


def test_cross_sections(collider: HadronNucleus) -> None:
    """Inelastic p p at 400 GeV: 32.9 mb (Pythia 8.317), measured 32.8 +- 0.3 mb (PDG, Total Cross Sections)."""
    assert collider.cross_section(2212, 400.0) == pytest.approx(32.8, abs=0.5)
    assert collider.cross_section(211, 100.0) == pytest.approx(20.5, abs=1.0)
    assert collider.cross_section(321, 100.0) < collider.cross_section(211, 100.0)


def test_decays(collider: HadronNucleus) -> None:
    collider.reseed(3)
    found = [collider.decay(particle(310, 200.0), CUT) for _ in range(300)]
    kinds = counted(product for one in found for product in one.stable)
    assert set(kinds) <= {211, -211, PI0, 22}
    charged = sum(any(abs(product[0]) == 211 for product in one.stable) for one in found)
    assert charged / 300 == pytest.approx(0.692, abs=0.08)


@pytest.mark.parametrize("A", [1, 2, 9, 56, 107, 197, 208])
def test_tabulated_nuclei_agree_with_pythia(A: int, collider: HadronNucleus) -> None:
    """PythiaCascade's sigma(hA) is A sigma / <n>; at tabulated nuclei its <n> is right."""
    cascade = pythia_cascade()
    energy = 400.0
    momentum = pythia8().Vec4(0, 0, sqrt(energy**2 - mass(2212) ** 2), energy)
    assert cascade.sigmaSetuphN(2212, momentum, mass(2212))
    sigma = collider.cross_section(2212, energy)
    assert cascade.sigmahA(A) == pytest.approx(A * sigma / mean_collisions(sigma, A), rel=1e-3)


@cache
def pythia_cascade() -> Any:
    with silence():
        cascade = pythia8().PythiaCascade()
        assert cascade.init(
            5.0, 0.5, str(share() / "setups" / "InitDefaultMPI.cmnd"), True, 1e-6, True, False
        )
    return cascade


def test_nuclei_between_the_tabulated_ones() -> None:
    """<n> rises with A, and n - 1 goes nearly as A^(2/3) between neighbours."""
    means = np.array([float(mean_collisions(32.0, a)) for a in range(84, 209)])
    assert (np.diff(means) > 0).all()
    assert mean_collisions(32.0, 96) == pytest.approx(
        1 + (96 / 107) ** (2 / 3) * (mean_collisions(32.0, 107) - 1), rel=0.02
    )
    with pytest.raises(ValueError, match="209 nucleons"):
        mean_collisions(32.0, 209)


def test_spectra_agree_with_pythia_cascade(collider: HadronNucleus) -> None:
    """Energy carried by charged pions above the cut, in proton-gold collisions at 400 GeV."""
    cascade = pythia_cascade()
    n = 1500
    momentum = pythia8().Vec4(0, 0, sqrt(400.0**2 - mass(2212) ** 2), 400.0)
    cascade.sigmaSetuphN(2212, momentum, mass(2212))
    theirs = []
    for _ in range(n):
        event = cascade.nextColl(79, 197)
        theirs.append(sum(q.e() for q in event if q.isFinal() and abs(q.id()) == 211 and q.e() > CUT))
    collider.reseed(4)
    mean = float(mean_collisions(collider.cross_section(2212, 400.0), 197))
    ours = []
    for _ in range(n):
        found = collider.collide(particle(2212, 400.0), 79, 197, mean, CUT)
        ours.append(sum(e for code, *_, e, _ in found.stable if abs(code) == 211))
    error = sqrt(np.var(ours) / n + np.var(theirs) / n)
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=4 * error)
