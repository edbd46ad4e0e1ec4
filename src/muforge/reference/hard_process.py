"""Hard hadron-nucleon processes of Pythia 8 at any beam energy.

Pythia's own machinery for variable energies knows soft processes only, and its machinery for a momentum
spread keeps what was found at initialisation for the nominal energy. For a hard process the latter is exact
towards lower energies: the parton-level cross-section is evaluated at the event's own energy and accepted
against the nominal maximum, which is the larger one. Only the multiparton interactions keep the nominal
energy's tables, so a few nominal energies are used, a factor `BAND` apart. Compared with instances initialised
at the event's own energy (5,000 charm events each, protons of 50, 100 and 200 GeV), the mean energy of the
charm hadrons agrees within 1 % from a nominal energy twice as high, and within 2.5 % from one four times as high.

References:
    Pythia 8.317 manual, Beam Parameters | https://pythia.org/latest-manual/BeamParameters.html
"""

from __future__ import annotations

from math import ceil, log, sqrt
from typing import Any, NamedTuple

import numpy as np

from muforge.errors import SimulationError
from muforge.reference.origin import Origin
from muforge.reference.pythia import INITIAL_SEED, SEEDS, configured, pythia8, quiet_pythia

_WITH_INTERACTIONS = (Origin.CHARM, Origin.BEAUTY)

BAND = 4.0
"""Ratio of the nominal energies of processes with multiparton interactions; the others have one."""

DRELL_YAN_MASS = 1.1
"""Lower limit of the Drell-Yan pair's mass in GeV.

It lies above the phi, so that nothing is counted both here and as a decay of rho, omega or phi; charmonium is
no part of the process. Drell-Yan and D mesons account for the muon pairs of 1 to 2.5 GeV in proton-nucleus
collisions at 158 to 450 GeV: NA60, Eur. Phys. J. C 59 (2009) 607 | https://arxiv.org/abs/0810.3204
"""

PROCESSES: dict[Origin, tuple[str, ...]] = {
    Origin.CHARM: ("HardQCD:hardccbar = on",),
    Origin.BEAUTY: ("HardQCD:hardbbbar = on",),
    Origin.CHARMONIUM: ("Charmonium:all = on",),
    Origin.DRELL_YAN: (
        "WeakSingleBoson:ffbar2gmZ = on",
        "WeakZ0:gmZmode = 1",
        "23:onMode = off",
        "23:onIfAny = 13",
        f"23:mMin = {DRELL_YAN_MASS}",
        f"PhaseSpace:mHatMin = {DRELL_YAN_MASS}",
    ),
}
"""Settings that choose the hard process."""

CHARM_HADRONS = (411, 421, 431, 4122, 4132, 4232, 4332)
BEAUTY_HADRONS = (511, 521, 531, 541, 5122, 5132, 5232, 5332)
CHARMONIA = (443, 100443)

KEPT: dict[Origin, tuple[int, ...]] = {
    Origin.CHARM: CHARM_HADRONS,
    Origin.BEAUTY: BEAUTY_HADRONS,
    Origin.CHARMONIUM: CHARMONIA,
    Origin.DRELL_YAN: (13,),
}
"""The particles (and antiparticles) of an event that are handed out: those that decay to muons, or muons."""

_DETAIL: dict[Origin, tuple[str, ...]] = {
    Origin.CHARM: (),
    Origin.BEAUTY: (),
    Origin.CHARMONIUM: ("PartonLevel:MPI = off",),
    Origin.DRELL_YAN: ("PartonLevel:MPI = off", "HadronLevel:all = off"),
}
"""What the muons do not feel is left out."""

_ATTEMPTS = 1000


class Kept(NamedTuple):
    """A particle of an event: PDG code, momentum and mass in GeV, the projectile along +z."""

    pdg: int
    px: float
    py: float
    pz: float
    mass: float


def nominal_energy(origin: Origin, energy: float, highest: float) -> tuple[int, float]:
    """The band of an energy: its number, 0 at the top, and the energy [GeV] that Pythia is initialised with."""
    if origin not in _WITH_INTERACTIONS:
        return 0, highest
    band = max(0, ceil(log(highest / energy) / log(BAND) - 1e-9) - 1)
    return band, highest / BAND**band


class HardProcess:
    """Events of one process for any beam, target and energy; instances of Pythia are made when first needed.

    After `reseed` the events depend on the seed and the calls alone.

    Arguments:
        origin: Which process.
        highest: The largest energy of a projectile, GeV.
    """

    def __init__(self, origin: Origin, highest: float) -> None:
        self._origin = origin
        self._highest = highest
        self._kept = frozenset(KEPT[origin])
        self._template: Any = None
        self._instances: dict[tuple[int, int, int], _Instance] = {}
        self._seed = INITIAL_SEED

    def reseed(self, seed: int) -> None:
        self._seed = seed
        for instance in self._instances.values():
            instance.fresh = False

    def event(self, beam: int, target: int, energy: float, wanted: int | None = None) -> list[Kept]:
        """The kept particles of one event, of which there is at least one.

        Arguments:
            beam: PDG code of the projectile.
            target: Of the nucleon at rest.
            energy: Of the projectile, total, in GeV.
            wanted: Keep particles of this PDG code only.

        Raises:
            SimulationError: Pythia makes no such event.
        """
        instance = self._instance(beam, target, energy)
        instance.shape.shift = sqrt(energy**2 - instance.mass**2) - instance.momentum
        for _ in range(_ATTEMPTS):
            if instance.pythia.next():
                found = self._collect(instance.pythia.event, wanted)
                if found:
                    return found
        raise SimulationError(
            f"Pythia 8 makes no {self._origin.title} event of {beam} with {energy:g} GeV on {target}"
        )

    def _collect(self, event: Any, wanted: int | None) -> list[Kept]:
        found = []
        for index in range(event.size()):
            entry = event[index]
            code = entry.id()
            if abs(code) in self._kept and entry.isFinal() and wanted in (None, code):
                found.append(Kept(code, entry.px(), entry.py(), entry.pz(), entry.m()))
        return found

    def _instance(self, beam: int, target: int, energy: float) -> _Instance:
        band, nominal = nominal_energy(self._origin, energy, self._highest)
        key = (beam, target, band)
        if key not in self._instances:
            self._instances[key] = self._initialised(beam, target, nominal)
        instance = self._instances[key]
        if not instance.fresh:
            instance.pythia.rndm.init(derived_seed(self._seed, self._origin, *key))
            instance.fresh = True
        return instance

    def _initialised(self, beam: int, target: int, energy: float) -> _Instance:
        module = pythia8()
        if self._template is None:
            self._template = configured(())
        pythia = quiet_pythia(
            (
                *beam_settings(beam, target, energy),
                *PROCESSES[self._origin],
                *_DETAIL[self._origin],
                *(f"{pdg}:mayDecay = off" for pdg in KEPT[self._origin]),
                "Beams:allowMomentumSpread = on",
            ),
            self._template,
        )
        shape = type("_Shift", (module.BeamShape,), {"shift": 0.0, "pick": _pick})()
        pythia.setBeamShapePtr(shape)
        m = pythia.particleData.m0(beam)
        return _Instance(pythia, shape, m, sqrt(energy**2 - m**2))


def beam_settings(beam: int, target: int, energy: float) -> tuple[str, ...]:
    """A beam of an energy in GeV along +z on a nucleon at rest."""
    return (
        "Beams:frameType = 2",
        f"Beams:idA = {beam}",
        f"Beams:idB = {target}",
        f"Beams:eA = {energy}",
        "Beams:eB = 0",
    )


def derived_seed(seed: int, *place: int) -> int:
    """A seed for Pythia's generator, 1 to `SEEDS` - 1, for a place under a seed."""
    words = [seed, *(number % 2**32 for number in place)]
    return 1 + int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] % (SEEDS - 1))


class _Instance:
    """An instance of Pythia, the shift of its beam's momentum, and its beam's mass and nominal momentum."""

    def __init__(self, pythia: Any, shape: Any, m: float, momentum: float) -> None:
        self.pythia = pythia
        self.shape = shape
        self.mass = m
        self.momentum = momentum
        self.fresh = False


def _pick(shape: Any) -> None:
    """In place of `BeamShape.pick`: the shift asked for, in place of a random one."""
    shape.deltaPzA = shape.shift
