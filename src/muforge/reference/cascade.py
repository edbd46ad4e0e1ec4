"""The hadronic cascade of protons in a target, generation by generation, and the muons that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from muforge.reference.config import SimulationConfig
from muforge.reference.constants import CM_PER_NANOSECOND, branching_ratio, c_tau, mass
from muforge.reference.conversion import pair_muons, showering
from muforge.reference.decays import muonic_decays
from muforge.reference.flight import travel
from muforge.reference.hadron_nucleus import PHOTON, PI0, PROTON, HadronNucleus, Product
from muforge.reference.hadrons import Hadrons
from muforge.reference.heavy_flavour import HARD_ORIGINS, HardSource
from muforge.reference.interactions import LONG_LIVED, NEUTRAL, Interactions
from muforge.reference.kinematics import boosted, isotropic
from muforge.reference.muon_tables import muon_tables
from muforge.reference.origin import Origin
from muforge.reference.produced import Produced
from muforge.reference.pythia import SEEDS
from muforge.reference.shower import develop
from muforge.reference.threshold import Threshold
from muforge.reference.walk import LEAVES, free_paths
from muforge.rng import Purpose, stream

Array = NDArray[np.float64]

RESONANCES = frozenset({113, 221, 223, 331, 333})

ROULETTE_ENERGY = 150.0
"""Hadrons of a kinetic energy T below this one, in GeV, interact with probability T / ROULETTE_ENERGY only, and what
they make has the inverse weight: their many collisions make few muons above the cut."""

_COPIES = {Origin.CHARM: 4}
"""Alternative decays of each hard event, by origin, where an event takes longer to make than its decays."""

_LATEST_DECAY = 1e9


@dataclass
class _Found:
    """What the generations of a cascade leave to be made into muons."""

    muons: list[Produced] = field(default_factory=list)
    photons: list[Hadrons] = field(default_factory=list)
    hard: list[tuple[Origin, Hadrons]] = field(default_factory=list)


class Cascade:
    """Simulates protons; what it holds is made once and used for any number of protons.

    Arguments:
        config: The simulation.

    Raises:
        SimulationError: The extra `simulate` is not installed.
        ConfigError: There is no table for what is asked.
    """

    def __init__(self, config: SimulationConfig) -> None:
        self.config = config
        self._materials = config.target.materials
        self.stack = config.target.stack()
        self.tables = muon_tables(self._materials)
        self._threshold = Threshold(self.stack, self.tables, config.ecut, config.least_at_end)
        lowest = float(self._threshold.muon(self.stack.edges).min())
        self._collider = HadronNucleus(RESONANCES)
        self._interactions = Interactions(self._collider, self._materials, lowest, config.energy)
        self._muonic = muonic_decays()
        self._showering = showering(self._materials, config.energy)
        self._hard = {
            origin: HardSource(origin, config.energy, config.ecut, _COPIES.get(origin, 1))
            for origin in HARD_ORIGINS
        }
        self._c_tau = {pdg: _c_tau(pdg) for pdg in LONG_LIVED}

    def run(self, seed: int, chunk: int, first: int, protons: int) -> Produced:
        """Muons above the thresholds from protons of consecutive numbers.

        Arguments:
            seed: The user's seed.
            chunk: Number of this stretch of protons: with the seed, the address of all its random numbers.
            first: Number of the first proton.
            protons: How many.
        """
        rng = stream(seed, Purpose.CASCADE, chunk)
        seeds = stream(seed, Purpose.PYTHIA, chunk).integers(1, SEEDS, len(HARD_ORIGINS) + 1)
        self._collider.reseed(int(seeds[0]))
        for source, its_seed in zip(self._hard.values(), seeds[1:], strict=True):
            source.reseed(int(its_seed))
        found = _Found()
        hadrons = self._beam(first, protons)
        primary = True
        while len(hadrons):
            hadrons = self._generation(hadrons, found, primary, rng)
            primary = False
        found.muons.append(self._from_photons(found.photons, rng))
        found.muons += [self._from_hard(origin, collisions) for origin, collisions in found.hard]
        return self._above_threshold(Produced.concatenate(found.muons))

    def _beam(self, first: int, protons: int) -> Hadrons:
        m = mass(PROTON)
        momentum = np.zeros((protons, 3))
        momentum[:, 2] = sqrt(self.config.energy**2 - m * m)
        return Hadrons(
            np.full(protons, PROTON, np.int32),
            np.zeros((protons, 3)),
            np.zeros(protons),
            momentum,
            np.full(protons, m),
            first + np.arange(protons),
            np.ones(protons),
        )

    def _generation(
        self, hadrons: Hadrons, found: _Found, primary: bool, rng: np.random.Generator
    ) -> Hadrons:
        """Follow hadrons to their decays and collisions; what these make is the next generation."""
        size = np.linalg.norm(hadrons.momentum, axis=1)
        rate = self._interactions.rates(hadrons.pdg, hadrons.kinetic)
        depth = rng.standard_exponential(len(hadrons))
        direction = hadrons.momentum / size[:, np.newaxis]
        path, medium = free_paths(self.stack, rate, hadrons.position, direction, depth)
        length = np.array([self._c_tau[pdg] for pdg in hadrons.pdg.tolist()]) * size / hadrons.mass
        found.muons += self._muonic_decays(hadrons, path, length, rng)
        until_decay = rng.standard_exponential(len(hadrons)) * length
        decays = until_decay < path
        decayed = self._moved(hadrons, np.flatnonzero(decays), until_decay, primary, rng)
        collides = np.flatnonzero(~decays & (medium != LEAVES))
        collided = self._moved(hadrons, collides, path, primary, rng)
        enough = collided.energy > self._threshold.hadron(collided.position[:, 2])
        collided, medium = collided.select(enough), medium[collides][enough]
        found.hard += self._hard_collisions(collided, rng)
        kept = np.minimum(collided.kinetic / ROULETTE_ENERGY, 1.0)
        wins = rng.random(len(kept)) < kept
        collided, medium = collided.select(wins), medium[wins]
        collided = replace(collided, weight=collided.weight / kept[wins])
        Z, A, mean = self._interactions.nuclei(collided.pdg, collided.kinetic, medium, rng)
        cuts = self._threshold.hadron(collided.position[:, 2])
        products = [
            self._collider.collide(particle, int(z), int(a), float(n), float(cut))
            for particle, z, a, n, cut in zip(_particles(collided), Z, A, mean, cuts, strict=True)
        ]
        found.muons += self._resonances(collided, [product.resonances for product in products], rng)
        cuts = self._threshold.hadron(decayed.position[:, 2])
        decay_products = [
            self._collider.decay(particle, float(cut))
            for particle, cut in zip(_particles(decayed), cuts, strict=True)
        ]
        stable = [
            _spread(collided, [product.stable for product in products]),
            _spread(decayed, [product.stable for product in decay_products]),
        ]
        made = Hadrons.concatenate(stable)
        made = made.select(made.momentum[:, 2] > 0)
        neutral = np.isin(made.pdg, (PI0, PHOTON))
        found.photons.append(made.select(neutral))
        return made.select(~neutral)

    def _moved(
        self,
        hadrons: Hadrons,
        rows: NDArray[np.int64],
        path: Array,
        primary: bool,
        rng: np.random.Generator,
    ) -> Hadrons:
        """Rows of hadrons at the end of their paths; primary protons stay on the axis, at their energy."""
        moved = hadrons.select(rows)
        charged = np.zeros(len(rows), bool) if primary else ~np.isin(np.abs(moved.pdg), NEUTRAL)
        travel(
            self.stack,
            self.tables,
            moved.position,
            moved.momentum,
            moved.time,
            moved.mass,
            charged,
            path[rows],
            rng,
        )
        return moved

    def _muonic_decays(
        self, hadrons: Hadrons, path: Array, length: Array, rng: np.random.Generator
    ) -> list[Produced]:
        """Muons of decays in flight, before the end of the path whether or not the hadron decays there."""
        made = []
        for pdg, decays in self._muonic.items():
            rows = np.flatnonzero(np.abs(hadrons.pdg) == pdg)
            if pdg in RESONANCES or not len(rows):
                continue
            boost = self.config.boosts.of_decay(pdg)
            probability = -np.expm1(-path[rows] / length[rows])
            mean = boost * decays.branching_ratio * hadrons.weight[rows] * probability
            copies = np.repeat(rows, rng.poisson(mean))
            until = np.log1p(rng.random(len(copies)) * np.expm1(-path[copies] / length[copies]))
            flown = -length[copies] * until
            parents = hadrons.select(copies)
            parents = self._moved(parents, np.arange(len(copies)), flown, False, rng)
            parents = replace(parents, weight=np.full(len(copies), 1 / boost))
            alive = parents.energy > self._threshold.muon(parents.position[:, 2])
            made.append(decays.muons(parents.select(alive), rng))
        return made

    def _resonances(
        self, collided: Hadrons, products: Sequence[Sequence[Product]], rng: np.random.Generator
    ) -> list[Produced]:
        resonances = _spread(collided, products)
        made = []
        for pdg in sorted(RESONANCES):
            rows = np.flatnonzero(resonances.pdg == pdg)
            decays, boost = self._muonic[pdg], self.config.boosts.of_decay(pdg)
            mean = boost * decays.branching_ratio * resonances.weight[rows]
            parents = resonances.select(np.repeat(rows, rng.poisson(mean)))
            made.append(decays.muons(replace(parents, weight=np.full(len(parents), 1 / boost)), rng))
        return made

    def _hard_collisions(self, collided: Hadrons, rng: np.random.Generator) -> list[tuple[Origin, Hadrons]]:
        """Collisions that are to have a hard process, repeated where they are to have several."""
        chosen = []
        for origin, source in self._hard.items():
            boost = self.config.boosts.of_hard(origin)
            chi = source.chi(collided.pdg, collided.energy)
            mean = boost * source.weight * chi * collided.weight
            hard = collided.select(np.repeat(np.arange(len(collided)), rng.poisson(mean)))
            chosen.append((origin, replace(hard, weight=np.full(len(hard), 1 / boost))))
        return chosen

    def _from_hard(self, origin: Origin, collisions: Hadrons) -> Produced:
        """Muons of hard collisions. They start where the hadrons collide: the flight of charm and beauty, some mm at
        most, is left out, as in FairShip, where a vertex on the axis means a primary collision."""
        source = self._hard[origin]
        rows, muons, decays = [], [], []
        first = 0
        for row, (pdg, px, py, pz, *_) in enumerate(_particles(collisions)):
            found = source.muons(pdg, (px, py, pz))
            rows += [row] * len(found)
            muons += [(m.pdg, m.px, m.py, m.pz, m.parent) for m in found]
            decays += [first + m.decay for m in found]
            first += max((m.decay for m in found), default=-1) + 1
        table = np.array(muons, np.float64).reshape(-1, 5)
        at = collisions.select(np.array(rows, np.int64))
        return Produced(
            table[:, 0].astype(np.int32),
            at.position,
            at.time,
            table[:, 1:4].copy(),
            at.weight,
            at.event,
            np.array(decays, np.int64),
            np.full(len(table), origin, np.int32),
            table[:, 4].astype(np.int32),
        )

    def _from_photons(self, parts: Sequence[Hadrons], rng: np.random.Generator) -> Produced:
        """Muon pairs of the showers of photons and of pi0, which decay where they are made."""
        photons = _decayed_pi0(Hadrons.concatenate(parts), rng)
        energy = np.linalg.norm(photons.momentum, axis=1)
        rows = np.flatnonzero(
            (photons.momentum[:, 2] > 0) & (energy > self._threshold.hadron(photons.position[:, 2]))
        )
        photons, energy = photons.select(rows), energy[rows]
        direction = photons.momentum / energy[:, np.newaxis]
        boost = self.config.boosts.conversion
        cut = float(self._threshold.muon(self.stack.edges).min())
        mean = boost * photons.weight
        pairs = develop(self.stack, self._showering, photons.position, direction, energy, mean, cut, rng)
        source = pairs.source
        return pair_muons(
            pairs,
            self._materials,
            photons.position[source] + pairs.path[:, np.newaxis] * direction[source],
            direction[source],
            photons.time[source] + pairs.path / CM_PER_NANOSECOND,
            photons.event[source],
            np.full(len(source), 1 / boost),
            rng,
        )

    def _above_threshold(self, muons: Produced) -> Produced:
        size = (muons.momentum**2).sum(axis=1)
        m = mass(13)
        kinetic = np.sqrt(size + m * m) - m
        forward = muons.momentum[:, 2] > 0
        inside = muons.position[:, 2] < self.stack.edges[-1]
        return muons.select(forward & inside & (kinetic > self._threshold.muon(muons.position[:, 2])))


def _c_tau(pdg: int) -> float:
    return _LATEST_DECAY if abs(pdg) == PROTON else c_tau(pdg)


def _particles(hadrons: Hadrons) -> list[Product]:
    columns = (hadrons.pdg, *hadrons.momentum.T, hadrons.energy, hadrons.mass)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _spread(parents: Hadrons, products: Sequence[Sequence[Product]]) -> Hadrons:
    """Products as hadrons at the place and time, and of the event and the weight, of what made them."""
    rows = np.repeat(np.arange(len(parents)), [len(some) for some in products]).astype(np.int64)
    flat = np.array([product for some in products for product in some], np.float64).reshape(-1, 6)
    origin = parents.select(rows)
    return replace(
        origin, pdg=flat[:, 0].astype(np.int32), momentum=flat[:, 1:4].copy(), mass=flat[:, 5].copy()
    )


def _decayed_pi0(photons: Hadrons, rng: np.random.Generator) -> Hadrons:
    """Photons, pi0 replaced by two each, of the weight of that decay."""
    is_pi0 = photons.pdg == PI0
    pi0 = photons.select(is_pi0)
    pi0 = replace(pi0, weight=pi0.weight * branching_ratio(PI0, "gamma_gamma"))
    half = pi0.mass / 2
    first = boosted(half[:, np.newaxis] * isotropic(len(pi0), rng), half, pi0.momentum, pi0.mass)
    return Hadrons.concatenate(
        [
            photons.select(~is_pi0),
            replace(pi0, momentum=first),
            replace(pi0, momentum=pi0.momentum - first),
        ]
    )
