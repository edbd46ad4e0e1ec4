"""Muons of hard processes: charm, beauty, charmonium and Drell-Yan, in collisions of any hadron of a cascade.

As in FairShip's macro/makeCascade.py, a hard event happens with probability chi in addition to the ordinary
collision, and takes nothing from it. Where the two differ: a hadron below the cut is not decayed; a beam hadron
for which the table has no chi has a stand-in (`chi_table.stand_ins`), of the same energy. As there, muons start
where the hadrons collide: the flight of charm and beauty, some mm at most, is left out, so that a vertex on the axis
means a primary collision.

D mesons of 400 GeV protons follow (1 - |x_F|)^n with n = 4.6 (8,000 events; NA27 measured 4.9 +- 0.5). Their
mean squared transverse momentum is 2.0 GeV^2, where NA27 found 0.99 +- 0.10 from a fit of exp(-b pT^2): muons of
charm leave at somewhat too large angles. Without primordial kT it would still be 1.5 GeV^2.

References:
    NA27 (LEBC-EHS), Z. Phys. C40 (1988) 321
    FairShip | https://github.com/ShipSoft/FairShip
"""

from __future__ import annotations

from math import hypot, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.reference.chi_table import ChiTable, highest_energy, stand_ins
from muforge.reference.constants import branching_ratio, mass, number
from muforge.reference.hadron_nucleus import NEUTRON, PHOTON, PROTON
from muforge.reference.hard_process import KEPT, HardProcess, Kept, derived_seed
from muforge.reference.muon_decays import MUON, DecayMuon, MuonDecays
from muforge.reference.origin import Origin

J_PSI, PSI_2S = 443, 100443

HARD_ORIGINS = (Origin.CHARM, Origin.BEAUTY, Origin.CHARMONIUM, Origin.DRELL_YAN)

LEVEL = 0.1
"""Weight of a muon of charm or beauty at one copy; about a branching ratio to muons."""

_EVENT_BEAMS = {2112: 2212, 321: 211, -321: -211}
"""Beams whose events are those of another one, to have fewer instances of Pythia: chi is their own."""

_FREE_DECAYS = 10
"""Free decays of a beauty hadron at one copy: the inverse of `LEVEL`."""


class HardMuon(NamedTuple):
    """A muon of a hard event.

    Arguments:
        pdg: 13 or -13.
        px, py, pz: In GeV, in the frame of the target.
        parent: PDG code of the hadron whose decay made it (through a tau, too); 22 for Drell-Yan.
        decay: Muons of the same number come from one decay. Different numbers are either another hadron's decays
            or alternative decays of the same one.
    """

    pdg: int
    px: float
    py: float
    pz: float
    parent: int
    decay: int


class HardSource:
    """Hard events of one process. Everything slow is done at first need.

    Charm hadrons are forced to decay to muons, in a number of alternative decays whose mean is proportional to
    their branching ratio, so that every muon has the weight `LEVEL` / copies. Beauty hadrons decay freely
    `_FREE_DECAYS` * copies times, which gives the same `weight`, and the right number and correlation of
    muons along b -> c -> s. Charmonium is forced to mu mu, `copies` times. Drell-Yan pairs have weight 1.

    Arguments:
        origin: CHARM, BEAUTY, CHARMONIUM or DRELL_YAN.
        beam_energy: The largest energy of a projectile in GeV.
        cut: Kinetic energy in GeV below which muons are dropped.
        copies: How many alternative decays; more make smaller weights.

    Raises:
        ConfigError: No hard process, an energy above the table's end, or no copies.
    """

    def __init__(self, origin: Origin, beam_energy: float, cut: float, copies: int = 1) -> None:
        if origin not in HARD_ORIGINS:
            raise ConfigError(f"{origin.title}: is no hard process")
        if not 0 < beam_energy <= highest_energy():
            raise ConfigError(
                f"beam energy {beam_energy:g} GeV: hard cross-sections are tabulated up to "
                f"{highest_energy():g} GeV"
            )
        if copies < 1:
            raise ConfigError(f"copies {copies}: must be at least 1")
        self.origin = origin
        self._table = ChiTable(origin)
        self._process = HardProcess(origin, beam_energy)
        self._beam_energy = beam_energy
        self._cut = cut
        self._copies = copies
        self._decays: MuonDecays | None = None
        self.reseed(1)

    @property
    def weight(self) -> float:
        """Weight of every muon of a hard event."""
        if self.origin is Origin.DRELL_YAN:
            return 1.0
        level = branching_ratio(J_PSI, "mu_mu") if self.origin is Origin.CHARMONIUM else LEVEL
        return level / self._copies

    def chi(self, pdg: NDArray[np.integer[Any]], energy: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Expected hard events in an inelastic hadron-nucleus collision: `ChiTable.chi`."""
        return self._table.chi(pdg, energy)

    def reseed(self, seed: int) -> None:
        """From here on the events depend on the seed and the calls alone.

        Arguments:
            seed: Not negative.
        """
        self._seed = seed
        self._random = np.random.Generator(np.random.Philox(derived_seed(seed, self.origin, 0)))
        self._process.reseed(seed)
        if self._decays is not None:
            self._decays.reseed(self._decay_seed())

    def muons(self, pdg: int, momentum: tuple[float, float, float]) -> list[HardMuon]:
        """The muons above the cut, and with pz > 0, of one hard event with a nucleon at rest.

        Arguments:
            pdg: The projectile.
            momentum: Its px, py, pz in GeV.

        Raises:
            ConfigError: Its energy is outside the range from the process's threshold to the beam energy.
            SimulationError: Pythia makes no event.
        """
        energy = sqrt(sum(component**2 for component in momentum) + mass(pdg) ** 2)
        if not self._table.lowest <= energy <= self._beam_energy * (1 + 1e-6):
            raise ConfigError(
                f"projectile of {energy:g} GeV: {self.origin.title} is made from {self._table.lowest:g} GeV "
                f"to the beam energy of {self._beam_energy:g} GeV"
            )
        found = self._along_z(self._beam(pdg), energy)
        rotation = _Rotation(momentum)
        return [muon for muon in map(rotation.apply, found) if muon.pz > 0]

    def _beam(self, pdg: int) -> int:
        beams = stand_ins(pdg)
        return beams[0] if len(beams) == 1 else beams[int(self._random.random() * len(beams))]

    def _event(self, beam: int, energy: float, wanted: int | None = None) -> list[Kept]:
        target = self._target(beam, energy)
        return self._process.event(_EVENT_BEAMS.get(beam, beam), target, energy, wanted)

    def _target(self, beam: int, energy: float) -> int:
        share = self._table.on_proton(beam, energy)
        return PROTON if share == 1 or self._random.random() < share else NEUTRON

    def _along_z(self, beam: int, energy: float) -> list[HardMuon]:
        if self.origin is Origin.CHARMONIUM:
            return self._charmonium(beam, energy)
        particles = self._event(beam, energy)
        if self.origin is Origin.DRELL_YAN:
            return [_direct(particle) for particle in particles if _kinetic(particle) > self._cut]
        decays = self._decays_of_origin()
        histories: list[list[DecayMuon]] = []
        for particle in particles:
            if self.origin is Origin.BEAUTY:
                number_of_decays = _FREE_DECAYS * self._copies
            else:
                number_of_decays = int(
                    decays.fraction[abs(particle.pdg)] / self.weight + self._random.random()
                )
            histories += [decays.decay(particle) for _ in range(number_of_decays)]
        return _numbered(histories)

    def _charmonium(self, beam: int, energy: float) -> list[HardMuon]:
        """J/psi, or as often as it makes muon pairs psi(2S), of the momentum of a J/psi (Pythia makes one in a hundred
        events); both count with the J/psi's branching ratio."""
        ratio = number("psi2s_to_jpsi_mumu")
        decays = self._decays_of_origin()
        particle = self._event(beam, energy, J_PSI)[0]
        if self._random.random() < ratio / (1 + ratio):
            particle = particle._replace(pdg=PSI_2S, mass=mass(PSI_2S))
        histories = [decays.decay(particle) for _ in range(self._copies)]
        return _numbered(histories)

    def _decays_of_origin(self) -> MuonDecays:
        if self._decays is None:
            forced = self.origin is not Origin.BEAUTY
            self._decays = MuonDecays(KEPT[self.origin], forced=forced, cut=self._cut)
            self._decays.reseed(self._decay_seed())
        return self._decays

    def _decay_seed(self) -> int:
        return derived_seed(self._seed, self.origin, 1)


def _numbered(histories: list[list[DecayMuon]]) -> list[HardMuon]:
    return [
        HardMuon(*muon, decay)
        for decay, muons in enumerate(history for history in histories if history)
        for muon in muons
    ]


def _direct(particle: Kept) -> HardMuon:
    return HardMuon(particle.pdg, particle.px, particle.py, particle.pz, PHOTON, 0)


def _kinetic(muon: Kept) -> float:
    m = mass(MUON)
    return sqrt(muon.px**2 + muon.py**2 + muon.pz**2 + m**2) - m


class _Rotation:
    """The rotation, about an axis perpendicular to both, of +z into a direction (not -z)."""

    def __init__(self, direction: tuple[float, float, float]) -> None:
        x, y, z = direction
        p = sqrt(x * x + y * y + z * z)
        self._cos, self._sin = z / p, hypot(x, y) / p
        transverse = hypot(x, y)
        self._ux, self._uy = (x / transverse, y / transverse) if transverse else (1.0, 0.0)

    def apply(self, muon: HardMuon) -> HardMuon:
        px, py, pz = self._rotated(muon.px, muon.py, muon.pz)
        return muon._replace(px=px, py=py, pz=pz)

    def _rotated(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        along = x * self._ux + y * self._uy
        bent = along * self._cos + z * self._sin
        step = bent - along
        return x + step * self._ux, y + step * self._uy, z * self._cos - along * self._sin
