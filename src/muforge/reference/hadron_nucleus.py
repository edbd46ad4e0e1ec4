"""Inelastic collisions of a hadron with a nucleus: a series of hadron-nucleon collisions of Pythia 8.

References:
    Sjostrand, Utheim, Hadron interactions for arbitrary energies and species | https://arxiv.org/abs/2108.03481
    PythiaCascade.h of Pythia 8.317, whose model this is
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from muforge.reference.constants import constants, mass, number
from muforge.reference.pythia import INITIAL_SEED, configured, pythia8, quiet_pythia, share

PROTON, NEUTRON, PI0, PHOTON = 2212, 2112, 111, 22
K0, K_SHORT, K_LONG = 311, 310, 130

_PROMPT = 1e-6
"""Hadrons of a shorter c tau [mm] decay where they are made; the pi0 is left to the photon's code."""

_SETTINGS = (
    "Beams:allowVariableEnergy = on",
    "Beams:allowIDAswitch = on",
    "Beams:eCM = 1e7",
    "SoftQCD:inelastic = on",
    "LowEnergyQCD:inelastic = on",
    "HadronLevel:Decay = off",
    "211:mayDecay = on",
    "321:mayDecay = on",
    "130:mayDecay = on",
    "Check:event = off",
)
_TARGET_DISSOCIATION = 4
_ATTEMPTS = 10

Product = tuple[int, float, float, float, float, float]
"""PDG code, px, py, pz, energy and mass in GeV, in the frame of the target."""


class Products(NamedTuple):
    """What comes out of a collision or a decay above the cut.

    `stable` are hadrons, pi0 and photons; `resonances` those prompt hadrons asked for, whose decay products
    are among the stable ones.
    """

    stable: list[Product]
    resonances: list[Product]


def mean_collisions(cross_section: ArrayLike, A: int) -> NDArray[np.float64]:
    """Mean number of inelastic hadron-nucleon collisions in an inelastic hadron-nucleus one.

    A parametrisation for 16 nuclei, between which n - 1 goes as A^(2/3). (PythiaCascade 8.317 intends the same,
    but divides integers there.)

    Arguments:
        cross_section: Inelastic hadron-nucleon cross-section in mb.
        A: Number of nucleons, 1 to 208.
    """
    sigma = np.asarray(cross_section, np.float64)
    table = constants().collisions.rows
    mass_numbers = np.array([row.A for row in table])
    above = int(np.searchsorted(mass_numbers, A))
    if not 1 <= A <= mass_numbers[-1]:
        raise ValueError(f"a nucleus of {A} nucleons is beyond the table, which ends at {mass_numbers[-1]}")

    def further(index: int) -> NDArray[np.float64]:
        row = table[index]
        return np.asarray(np.minimum(row.slope_low * sigma, row.offset + row.slope * sigma))

    if mass_numbers[above] == A:
        return np.asarray(1.0 + further(above))
    low, high = mass_numbers[above - 1], mass_numbers[above]
    share_low = (high - A) / (high - low)
    from_low = share_low * (A / low) ** (2 / 3) * further(above - 1)
    from_high = (1 - share_low) * (A / high) ** (2 / 3) * further(above)
    return np.asarray(1.0 + from_low + from_high)


class HadronNucleus:
    """Generates collisions and decays, keeping what is above a cut.

    After `reseed` its events depend on the seed and the calls alone.

    Arguments:
        resonances: PDG codes of the prompt hadrons to report.

    Attributes:
        failures: Collisions in which Pythia made no event, after which the hadron went on as it was.
    """

    def __init__(self, resonances: frozenset[int]) -> None:
        module = pythia8()
        tables = share() / "setups" / "InitDefaultMPI.cmnd"
        self._template = configured((*_SETTINGS, f"include = {tables}"))
        self._vector: Callable[..., Any] = module.Vec4
        self._rotation: Callable[[], Any] = module.RotBstMatrix
        self._resonances = resonances
        self._enhancement = number("enhance_sd_target")
        self._masses = {PROTON: mass(PROTON), NEUTRON: mass(NEUTRON)}
        self._kinds: dict[int, int] = {}
        self.failures = 0
        self.reseed(INITIAL_SEED)

    def reseed(self, seed: int) -> None:
        """From here on, events depend on the seed and the calls alone.

        A used instance of Pythia keeps what it found in earlier events, such as the energy for which it last set up its
        multiparton interactions, and events of the same random numbers then differ in the fourth digit. So this
        makes a new instance, in half a second.
        """
        self._pythia = quiet_pythia((), self._template)
        self._pythia.rndm.init(seed)

    def cross_section(self, pdg: int, energy: float) -> float:
        """Inelastic cross-section in mb on a proton at rest; `energy` is the total one in GeV."""
        m, target = mass(pdg), self._masses[PROTON]
        centre = sqrt(m * m + target * target + 2 * energy * target)
        total = self._pythia.getSigmaTotal(pdg, PROTON, centre, m, target)
        return float(total - self._pythia.getSigmaPartial(pdg, PROTON, centre, m, target, 2))

    def collide(self, projectile: Product, Z: int, A: int, mean: float, cut: float) -> Products:
        """An inelastic collision with a nucleus at rest.

        Arguments:
            projectile: The hadron.
            Z, A: Of the nucleus.
            mean: `mean_collisions` of this projectile and nucleus.
            cut: Total energy in GeV below which products are dropped.
        """
        flat = self._pythia.rndm.flat
        out = Products([], [])
        axis = projectile[1:4]
        more = 1 - 1 / mean
        protons, neutrons = Z, A - Z
        first = True
        while protons + neutrons:
            is_proton = flat() * (protons + neutrons) < protons
            protons, neutrons = protons - is_proton, neutrons - (not is_proton)
            process = 0 if first or flat() > self._enhancement else _TARGET_DISSOCIATION
            if not self._collide_nucleon(projectile, PROTON if is_proton else NEUTRON, process):
                self.failures += 1
                out.stable.append(projectile)
                break
            leading = self._collect(out, 3, cut, axis if flat() < more else None)
            if leading is None:
                break
            projectile = leading
            first = False
        return out

    def decay(self, particle: Product, cut: float) -> Products:
        """The decay of a particle at Pythia's branching ratios; `cut` as for `collide`."""
        pdg, px, py, pz, e, m = particle
        out = Products([], [])
        event = self._pythia.event
        event.reset()
        event.append(pdg, 1, 0, 0, px, py, pz, e, m)
        if self._pythia.moreDecays(1):
            self._collect(out, 2, cut, None)
        return out

    def _collide_nucleon(self, projectile: Product, target: int, process: int) -> bool:
        pdg, px, py, pz, e, m = projectile
        rest = self._masses[target]
        pythia = self._pythia
        for _ in range(_ATTEMPTS):
            pythia.setBeamIDs(pdg, target)
            pythia.setKinematics(sqrt(m * m + rest * rest + 2 * e * rest))
            if pythia.next(process):
                to_lab = self._rotation()
                to_lab.fromCMframe(self._vector(px, py, pz, e), self._vector(0.0, 0.0, 0.0, rest))
                pythia.event.rotbst(to_lab)
                return True
        return False

    def _collect(
        self, out: Products, first: int, cut: float, axis: tuple[float, float, float] | None
    ) -> Product | None:
        """Add the final particles of the event record from `first` on, prompt ones decayed.

        With an `axis`, the hadron of the largest momentum along it is not added but returned.
        """
        found = self._above_cut(first, cut)
        leading = None
        if axis is not None:
            hadrons = [entry for entry in found if entry[1][0] != PHOTON]
            if hadrons:
                best = max(hadrons, key=lambda entry: _along(entry[1], axis))
                found.remove(best)
                leading = best[1]
        while found:
            index, particle = found.pop()
            kind = self._kind(particle[0])
            if kind == _STABLE:
                out.stable.append(particle)
            elif kind == _DECAYS:
                if abs(particle[0]) in self._resonances:
                    out.resonances.append(particle)
                size = self._pythia.event.size()
                if self._pythia.moreDecays(index):
                    found += self._above_cut(size, cut)
            elif kind == _NEUTRAL_KAON:
                pdg = K_SHORT if self._pythia.rndm.flat() < 0.5 else K_LONG
                out.stable.append((pdg, *particle[1:]))
        return leading

    def _above_cut(self, first: int, cut: float) -> list[tuple[int, Product]]:
        event = self._pythia.event
        found = []
        for index in range(first, event.size()):
            entry = event[index]
            e = entry.e()
            if e > cut and entry.isFinal():
                found.append((index, (entry.id(), entry.px(), entry.py(), entry.pz(), e, entry.m())))
        return found

    def _kind(self, pdg: int) -> int:
        code = abs(pdg)
        if code not in self._kinds:
            self._kinds[code] = self._kind_of(code)
        return self._kinds[code]

    def _kind_of(self, code: int) -> int:
        data = self._pythia.particleData
        if code in (PHOTON, PI0):
            return _STABLE
        if code == K0:
            return _NEUTRAL_KAON
        if not data.isHadron(code) or _has_heavy_quark(code):
            return _DROPPED
        return _DECAYS if data.canDecay(code) and data.tau0(code) < _PROMPT else _STABLE


_STABLE, _DECAYS, _NEUTRAL_KAON, _DROPPED = range(4)


def _along(particle: Product, axis: tuple[float, float, float]) -> float:
    return particle[1] * axis[0] + particle[2] * axis[1] + particle[3] * axis[2]


def _has_heavy_quark(code: int) -> bool:
    """Charm and beauty are made by their own sources, so what soft collisions make of them is dropped."""
    return any(code // power % 10 in (4, 5) for power in (10, 100, 1000))
