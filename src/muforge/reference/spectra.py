"""Distributions within decays into three particles, as tables of quantiles.

References:
    K -> pi mu nu: PDG Review 2024, Form Factors for Radiative Pion and Kaon Decays / Dalitz plot parameters for
        K -> pi l nu decays, eqs. (2) to (5)
    Dalitz decays: Landsberg, Phys. Rep. 128 (1985) 301 | https://doi.org/10.1016/0370-1573(85)90129-2
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from muforge.reference.constants import mass, number

Array = NDArray[np.float64]

_POINTS = 2000
_MUON = 13
_PION = 211
_K_PLUS = 321


class Quantiles:
    """A distribution known by its density on an interval.

    Arguments:
        density: Of any norm, not negative.
        low, high: The interval.
    """

    def __init__(self, density: Callable[[Array], Array], low: float, high: float) -> None:
        edges = np.linspace(low, high, _POINTS + 1)
        weight = density((edges[1:] + edges[:-1]) / 2)
        self._edges = edges
        self._cumulative = np.concatenate([[0.0], np.cumsum(weight)]) / weight.sum()

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        return np.interp(rng.random(n), self._cumulative, self._edges)


def kaon_muon_energy(kaon: int, pion: int) -> Quantiles:
    """Energy in GeV of the muon in the rest frame of a kaon that decays into pi mu nu."""
    M, m, mu = mass(kaon), mass(pion), mass(_MUON)
    return Quantiles(kaon_lepton_density(kaon, pion, _MUON), mu, (M**2 + mu**2 - m**2) / (2 * M))


def kaon_lepton_density(kaon: int, pion: int, lepton: int) -> Callable[[Array], Array]:
    """Density of the lepton's energy in kaon -> pion lepton nu, up to a norm that does not depend on the lepton.

    The Dalitz density with linear form factors f_+ and f_0, integrated over the energy of the pion.
    """
    M, m, mu = mass(kaon), mass(pion), mass(lepton)
    of_kaon = "" if kaon == _K_PLUS else "_neutral"
    plus, zero = number(f"k_l3_lambda_plus{of_kaon}"), number(f"k_l3_lambda_0{of_kaon}")
    unit = mass(_PION) ** 2
    highest_pion = (M**2 + m**2 - mu**2) / (2 * M)
    step = (highest_pion - m) / _POINTS
    pion_energy = (m + step * (np.arange(_POINTS) + 0.5))[np.newaxis, :]
    pion_momentum = np.sqrt(pion_energy**2 - m**2)

    def density(energy: Array) -> Array:
        e_l = energy[:, np.newaxis]
        e_nu = M - e_l - pion_energy
        p_l = np.sqrt(np.maximum(e_l**2 - mu**2, 0.0))
        allowed = (e_nu >= np.abs(pion_momentum - p_l)) & (e_nu <= pion_momentum + p_l)
        t = M**2 + m**2 - 2 * M * pion_energy
        f_plus, f_zero = 1 + plus * t / unit, 1 + zero * t / unit
        xi = (f_zero / f_plus - 1) * (M**2 - m**2) / t
        missing = highest_pion - pion_energy
        a = M * (2 * e_l * e_nu - M * missing) + mu**2 * (missing / 4 - e_nu)
        b = mu**2 * (e_nu - missing / 2)
        c = mu**2 * missing / 4
        dalitz = np.where(allowed, f_plus**2 * (a + b * xi + c * xi**2), 0.0)
        return np.asarray(dalitz.sum(axis=1) * step)

    return density


def phase_space_muon_energy(parent: int, baryon: int) -> Quantiles:
    """Energy in GeV of the muon in the rest frame of a hyperon that decays into baryon mu nu, by phase space."""
    M, m, mu = mass(parent), mass(baryon), mass(_MUON)

    def density(muon_energy: Array) -> Array:
        p_mu = np.sqrt(muon_energy**2 - mu**2)
        recoil = M**2 + mu**2 - 2 * M * muon_energy
        return p_mu * (recoil - m**2) / recoil

    return Quantiles(density, mu, (M**2 + mu**2 - m**2) / (2 * M))


def pseudoscalar_pair_mass(parent: int, form_factor: Callable[[Array], Array]) -> Quantiles:
    """Mass in GeV of the muon pair of eta or eta' -> mu mu gamma.

    Arguments:
        parent: PDG code.
        form_factor: |F|^2 at the squared mass of the pair.
    """
    M, mu = mass(parent), mass(_MUON)

    def density(pair: Array) -> Array:
        q2 = pair**2
        return _lepton_factor(q2, mu) * (1 - q2 / M**2) ** 3 * form_factor(q2) * pair

    return Quantiles(density, 2 * mu, M)


def vector_pair_mass(parent: int, pseudoscalar: int, form_factor: Callable[[Array], Array]) -> Quantiles:
    """Mass in GeV of the muon pair of omega -> pi0 mu mu and its like."""
    M, m, mu = mass(parent), mass(pseudoscalar), mass(_MUON)

    def density(pair: Array) -> Array:
        q2 = pair**2
        gap = M**2 - m**2
        momentum = (1 + q2 / gap) ** 2 - 4 * M**2 * q2 / gap**2
        return _lepton_factor(q2, mu) * np.maximum(momentum, 0.0) ** 1.5 * form_factor(q2) * pair

    return Quantiles(density, 2 * mu, M - m)


def _lepton_factor(q2: Array, mu: float) -> Array:
    return (1 + 2 * mu**2 / q2) * np.sqrt(1 - 4 * mu**2 / q2) / q2


def pole(inverse_square: float, width_squared: float = 0.0) -> Callable[[Array], Array]:
    """|F(q^2)|^2 of a single pole.

    Arguments:
        inverse_square: Lambda^-2 in GeV^-2.
        width_squared: gamma^2 in GeV^2, for a pole within the allowed region.
    """
    square = 1 / inverse_square

    def form_factor(q2: Array) -> Array:
        return square * (square + width_squared) / ((square - q2) ** 2 + square * width_squared)

    return form_factor
