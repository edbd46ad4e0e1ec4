"""Muon pairs from photons in the field of a nucleus, and from positrons on electrons.

References:
    Burkhardt, Kelner, Kokoulin, Monte Carlo generator for muon pair production, CERN-SL-2002-016 (AP), 2002
    Geant4 Physics Reference Manual, Gamma Conversion into a Muon - Anti-muon Pair
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muforge.reference.constants import AVOGADRO, constants, mass, material, number
from muforge.reference.kinematics import about, helicity_cosine
from muforge.reference.origin import Origin
from muforge.reference.produced import Produced
from muforge.reference.shower import PHOTON, Pairs, Showering, electrons_per_cm3

Array = NDArray[np.float64]

MUON = 13
_ENERGIES = 64
_SHARES = 200
_LOWEST = 1.0
"""GeV, where the table of conversions begins."""


def _radiation_logarithm(Z: float, A: float) -> tuple[float, float]:
    """B and D_n of the screening and the size of the nucleus (Geant4 manual, after eq. 6.48)."""
    return (202.4, 1.49) if Z == 1 else (183.0, 1.54 * A**0.27)


def log_w(energy: Array, share: Array, Z: float, A: float) -> Array:
    """Logarithm of W of the conversion gamma -> mu mu.

    Arguments:
        energy: Of the photon, GeV.
        share: x+, share of the mu+ in it; broadcasts with `energy`.
        Z, A: Of the nucleus.
    """
    B, D = _radiation_logarithm(Z, A)
    mu, e = mass(MUON), mass(11)
    delta = mu**2 / (2 * energy * share * (1 - share))
    reach = B * Z ** (-1 / 3)
    infinite = reach / D * mu / e
    ratio = (1 + (D * np.sqrt(np.e) - 2) * delta / mu) / (1 + reach * np.sqrt(np.e) * delta / e)
    return np.asarray(np.log(np.maximum(infinite * ratio, 1.0)))


def conversion_cross_section(energy: Array, Z: float, A: float) -> Array:
    """Cross-section in cm^2 per nucleus of gamma -> mu mu at photon energies in GeV, shape (n,)."""
    share = (np.arange(_SHARES) + 0.5) / _SHARES
    grid = energy[:, np.newaxis]
    inside = np.abs(share - 0.5) < np.sqrt(0.25 - mass(MUON) / grid)
    density = np.where(inside, (1 - 4 / 3 * share * (1 - share)) * log_w(grid, share, Z, A), 0.0)
    radius = number("electron_radius") * mass(11) / mass(MUON)
    return np.asarray(4 * number("fine_structure") * Z**2 * radius**2 * density.mean(axis=1))


def showering(materials: Sequence[str], highest: float) -> Showering:
    """The tables of the shower's kernel for these materials, up to a photon energy in GeV."""
    log_energy = np.linspace(np.log(_LOWEST), np.log(highest), _ENERGIES)
    return Showering(
        np.array([1 / material(name).radiation_length for name in materials]),
        np.array([electrons_per_cm3(name) for name in materials]),
        log_energy,
        np.array([_conversion_ratio(name, np.exp(log_energy)) for name in materials]),
    )


def _conversion_ratio(name: str, energy: Array) -> Array:
    """sigma(gamma -> mu mu) / sigma(gamma -> e e), the latter 7/9 per radiation length."""
    made_of, elements = material(name), constants().elements
    formula = sum(count * elements[element].A for element, count in made_of.elements.items())
    per_formula = sum(
        count * conversion_cross_section(energy, elements[element].Z, elements[element].A)
        for element, count in made_of.elements.items()
    )
    electron_pairs = 7 / 9 * formula / (AVOGADRO * made_of.radiation_length * made_of.density)
    return np.asarray(per_formula) / electron_pairs


def heaviest_element(name: str) -> tuple[int, float]:
    """Z and A of the element that makes nearly all conversions, which go as Z^2."""
    elements = [constants().elements[element] for element in material(name).elements]
    heaviest = max(elements, key=lambda element: element.Z)
    return heaviest.Z, heaviest.A


def pair_muons(
    pairs: Pairs,
    materials: Sequence[str],
    position: Array,
    direction: Array,
    time: Array,
    event: NDArray[np.int64],
    weight: Array,
    rng: np.random.Generator,
) -> Produced:
    """The muons of pairs.

    Arguments:
        pairs: n of them.
        materials: Of the geometry.
        position, direction, time, event, weight: Of each pair, shapes (n, 3), (n, 3), (n,), (n,), (n,).
        rng: Of their momenta.
    """
    n = len(pairs.source)
    plus_share = np.empty(n)
    angle_plus, angle_minus, opening = np.empty(n), np.empty(n), np.zeros(n)
    from_photon = pairs.kind == PHOTON
    for index, name in enumerate(materials):
        rows = np.flatnonzero(from_photon & (pairs.material == index))
        Z, A = heaviest_element(name)
        plus_share[rows] = x = _draw_share(pairs.energy[rows], Z, A, rng)
        angle_plus[rows], angle_minus[rows], opening[rows] = _draw_angles(pairs.energy[rows], x, Z, A, rng)
    rows = np.flatnonzero(~from_photon)
    plus_share[rows], angle_plus[rows], angle_minus[rows] = _draw_annihilation(pairs.energy[rows], rng)
    azimuth = 2 * np.pi * rng.random(n)
    momenta = [
        _momentum(direction, plus_share * pairs.energy, angle_plus, azimuth + opening / 2),
        _momentum(direction, (1 - plus_share) * pairs.energy, angle_minus, azimuth + np.pi - opening / 2),
    ]
    twice = np.concatenate([np.arange(n), np.arange(n)])
    origin = np.where(from_photon, Origin.PHOTON_CONVERSION, Origin.POSITRON_ANNIHILATION)
    return Produced(
        np.repeat([-MUON, MUON], n).astype(np.int32),
        position[twice],
        time[twice],
        np.concatenate(momenta),
        weight[twice],
        event[twice],
        twice,
        origin.astype(np.int32)[twice],
        pairs.kind.astype(np.int32)[twice],
    )


def _momentum(axis: Array, energy: Array, angle: Array, azimuth: Array) -> Array:
    momentum = np.sqrt(np.maximum(energy**2 - mass(MUON) ** 2, 0.0))
    return momentum[:, np.newaxis] * about(axis, np.cos(angle), azimuth)


def _draw_share(energy: Array, Z: float, A: float, rng: np.random.Generator) -> Array:
    """x+, of density (1 - 4/3 x+ x-) log W, whose factors are at most 1 and log W at x+ = 1/2."""
    share = np.empty(len(energy))
    half_range = np.sqrt(0.25 - mass(MUON) / energy)
    largest = log_w(energy, np.full(len(energy), 0.5), Z, A)
    left = np.arange(len(energy))
    while len(left):
        x = 0.5 + half_range[left] * (2 * rng.random(len(left)) - 1)
        density = (1 - 4 / 3 * x * (1 - x)) * log_w(energy[left], x, Z, A)
        accepted = rng.random(len(left)) * largest[left] < density
        share[left[accepted]] = x[accepted]
        left = left[~accepted]
    return share


def _draw_angles(
    energy: Array, share: Array, Z: float, A: float, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Angles of mu+ and mu- with the photon, and by how much their azimuths are not opposite, in radians.

    As G4GammaConversionToMuons::PostStepDoIt of Geant4 11 draws t, psi and rho.
    """
    gamma = mass(MUON) / energy
    product = share * (1 - share)
    size = A**0.27
    c1 = (0.20 * size * gamma / (2 * product)) ** 2
    t, psi = np.empty(len(energy)), np.empty(len(energy))
    left = np.arange(len(energy))
    while len(left):
        p, trial = product[left], 1 - rng.random(len(left))
        shape = (1 - 2 * p + 4 * p * trial * (1 - trial)) / (1 + c1[left] / trial**2) ** 2
        accepted = rng.random(len(left)) * (1 - p) / (1 + c1[left]) ** 2 < shape
        t[left[accepted]] = trial[accepted]
        left = left[~accepted]
    left = np.arange(len(energy))
    while len(left):
        p, angle = product[left], 2 * np.pi * rng.random(len(left))
        interference = 4 * p * t[left] * (1 - t[left])
        shape = 1 - 2 * p + interference * (1 + np.cos(2 * angle))
        accepted = rng.random(len(left)) * (1 - 2 * p + 2 * interference) < shape
        psi[left[accepted]] = angle[accepted]
        left = left[~accepted]
    screening = mass(11) / (183 * Z ** (-1 / 3) * mass(MUON))
    c2 = 4 / np.sqrt(product) * ((gamma / (2 * product * t)) ** 2 + screening**2) ** 2
    u = np.sqrt(1 / t - 1)
    rho_max = 1.9 / size * u**2
    rho = (c2 * np.expm1(np.log1p(rho_max**4 / c2) * rng.random(len(energy)))) ** 0.25
    half = rho * np.cos(psi) / 2
    opening = np.divide(rho * np.sin(psi), u, out=np.zeros_like(u), where=u > 0)
    plus, minus = gamma * (u + half) / share, gamma * (u - half) / (1 - share)
    return np.clip(plus, -np.pi, np.pi), np.clip(minus, -np.pi, np.pi), opening


def _draw_annihilation(energy: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Share of the mu+ in a positron's energy, and the angles of mu+ and mu- with it.

    In the rest frame of the pair the polar angle goes as 1 + cos^2 + (1 - beta^2) sin^2.
    """
    mu, electron = mass(MUON), mass(11)
    s = 2 * electron * (energy + electron)
    beta = np.sqrt(1 - 4 * mu**2 / s)
    cosine = helicity_cosine(1 - beta**2, rng)
    transverse = np.sqrt(s) / 2 * beta * np.sqrt(1 - cosine**2)
    share = (1 + beta * cosine) / 2
    return share, transverse / (share * energy), transverse / ((1 - share) * energy)
