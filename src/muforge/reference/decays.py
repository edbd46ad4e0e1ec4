"""Decays that make muons: parents to muons, many at once, every decay forced into a channel with a muon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muforge.reference.constants import branching_ratio, mass, number
from muforge.reference.hadrons import Hadrons
from muforge.reference.kinematics import about, boosted, helicity_cosine, isotropic, two_body_momentum
from muforge.reference.origin import Origin
from muforge.reference.produced import Produced
from muforge.reference.spectra import (
    Quantiles,
    kaon_muon_energy,
    phase_space_muon_energy,
    pole,
    pseudoscalar_pair_mass,
    vector_pair_mass,
)

MUON = 13
_PI0 = 111
_NEUTRAL_KAONS = (130, 310)
_FIRST_BARYON = 1000

Array = NDArray[np.float64]
Maker = Callable[[Hadrons, np.random.Generator], Produced]


@dataclass(frozen=True)
class MuonicDecays:
    """The muonic channels of a parent.

    Arguments:
        branching_ratio: Of all channels together.
        shares: Share of each channel, shape (channels,).
        makers: What makes the muons of each channel.
    """

    branching_ratio: float
    shares: Array
    makers: tuple[Maker, ...]

    def muons(self, parents: Hadrons, rng: np.random.Generator) -> Produced:
        """The muons of parents that all decay into one of the channels."""
        channel = rng.choice(len(self.makers), len(parents), p=self.shares)
        return Produced.concatenate(
            [make(parents.select(channel == index), rng) for index, make in enumerate(self.makers)]
        )


@cache
def muonic_decays() -> Mapping[int, MuonicDecays]:
    """By PDG code of the particle (not the antiparticle)."""
    eta_pole = pole(number("eta_transition_slope"))
    omega_pole = pole(number("omega_transition_slope"))
    eta_prime_pole = pole(number("eta_prime_transition_slope"), number("eta_prime_transition_width") ** 2)
    pair = pair_maker(None, 0.0)
    channels: dict[int, dict[str, Maker]] = {
        211: {"mu_nu": _mu_nu},
        321: {"mu_nu": _mu_nu, "pi0_mu_nu": single_maker(kaon_muon_energy(321, 111), Origin.PION_KAON)},
        130: {"pi_mu_nu": single_maker(kaon_muon_energy(130, 211), Origin.PION_KAON)},
        310: {"pi_mu_nu": single_maker(kaon_muon_energy(310, 211), Origin.PION_KAON)},
        3122: {"p_mu_nu": single_maker(phase_space_muon_energy(3122, 2212), Origin.HYPERON)},
        3112: {"n_mu_nu": single_maker(phase_space_muon_energy(3112, 2112), Origin.HYPERON)},
        3312: {"lambda_mu_nu": single_maker(phase_space_muon_energy(3312, 3122), Origin.HYPERON)},
        113: {"mu_mu": pair},
        221: {"mu_mu": pair, "mu_mu_gamma": pair_maker(pseudoscalar_pair_mass(221, eta_pole), 0.0)},
        223: {
            "mu_mu": pair,
            "pi0_mu_mu": pair_maker(vector_pair_mass(223, _PI0, omega_pole), mass(_PI0)),
        },
        331: {"mu_mu_gamma": pair_maker(pseudoscalar_pair_mass(331, eta_prime_pole), 0.0)},
        333: {"mu_mu": pair},
    }
    return {pdg: _muonic(pdg, makers) for pdg, makers in channels.items()}


def _muonic(pdg: int, makers: Mapping[str, Maker]) -> MuonicDecays:
    ratios = np.array([branching_ratio(pdg, name) for name in makers])
    return MuonicDecays(float(ratios.sum()), ratios / ratios.sum(), tuple(makers.values()))


def _mu_nu(parents: Hadrons, rng: np.random.Generator) -> Produced:
    momentum = two_body_momentum(parents.mass, mass(MUON), 0.0)
    return _single(parents, np.hypot(momentum, mass(MUON)), Origin.PION_KAON, rng)


def single_maker(energy: Quantiles, origin: Origin) -> Maker:
    """Semileptonic decays, from the spectrum of the muon's energy in the parent's rest frame."""

    def make(parents: Hadrons, rng: np.random.Generator) -> Produced:
        return _single(parents, energy.draw(len(parents), rng), origin, rng)

    return make


def _single(parents: Hadrons, energy: Array, origin: Origin, rng: np.random.Generator) -> Produced:
    n = len(parents)
    momentum = np.sqrt(np.maximum(energy**2 - mass(MUON) ** 2, 0.0))[:, np.newaxis] * isotropic(n, rng)
    return Produced(
        _charge(parents.pdg, rng),
        parents.position,
        parents.time,
        boosted(momentum, energy, parents.momentum, parents.mass),
        parents.weight,
        parents.event,
        np.arange(n),
        np.full(n, origin, np.int32),
        parents.pdg,
    )


def _charge(parent: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    """Charged mesons pass their charge on; baryons make mu-, antibaryons mu+; K_L and K_S both alike."""
    sign = np.where(np.abs(parent) > _FIRST_BARYON, np.sign(parent), -np.sign(parent))
    either = np.where(rng.random(len(parent)) < 0.5, 1, -1)
    return (MUON * np.where(np.isin(parent, _NEUTRAL_KAONS), either, sign)).astype(np.int32)


def pair_maker(pair_mass: Quantiles | None, spectator: float) -> Maker:
    """Decays with a muon pair: of the parent itself, or of a virtual photon beside a spectator of a given mass.

    The polar angle of the muons in the frame of a virtual photon goes as 1 + cos^2 + (4 m^2 / q^2) sin^2 about
    its direction; the decay of a vector meson, which is not polarised here, is isotropic.
    """

    def make(parents: Hadrons, rng: np.random.Generator) -> Produced:
        n = len(parents)
        mu = mass(MUON)
        if pair_mass is None:
            q, photon = parents.mass, np.zeros((n, 3))
            axis = isotropic(n, rng)
        else:
            q = np.minimum(pair_mass.draw(n, rng), parents.mass - spectator)
            flight = isotropic(n, rng)
            photon = two_body_momentum(parents.mass, q, spectator)[:, np.newaxis] * flight
            axis = about(flight, helicity_cosine(4 * mu**2 / q**2, rng), 2 * np.pi * rng.random(n))
        momentum = two_body_momentum(q, mu, mu)[:, np.newaxis] * axis
        both = []
        for sign in (1, -1):
            at_rest = boosted(sign * momentum, q / 2, photon, q)
            energy = np.sqrt((at_rest**2).sum(axis=1) + mu**2)
            both.append(boosted(at_rest, energy, parents.momentum, parents.mass))
        twice = np.concatenate([np.arange(n), np.arange(n)])
        return Produced(
            np.repeat([MUON, -MUON], n).astype(np.int32),
            parents.position[twice],
            parents.time[twice],
            np.concatenate(both),
            parents.weight[twice],
            parents.event[twice],
            twice,
            np.full(2 * n, Origin.DIMUON_RESONANCE, np.int32),
            parents.pdg[twice],
        )

    return make
