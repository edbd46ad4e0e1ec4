"""Electromagnetic showers above a cut, followed for the muon pairs that their photons and positrons make.

Showers are collinear: a muon pair opens at m_mu / E, which is much more than the angles of a shower at the same energy.

References:
    Pair production and bremsstrahlung at complete screening: PDG Review 2024, Passage of Particles Through Matter,
        eqs. 34.29 and 34.34
    e+ e- -> mu+ mu-: PDG Review 2024, Cross-Section Formulae for Specific Processes, eq. 51.1
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.compiled import compiled
from muforge.reference.constants import AVOGADRO, CM2_PER_MILLIBARN, constants, mass, material, number
from muforge.reference.geometry import Stack
from muforge.reference.walk import LEAVES, path_through

Array = NDArray[np.float64]

PHOTON, ELECTRON, POSITRON = 22, 11, -11

_STEP = 0.2
"""Step of electrons in radiation lengths."""


class Showering(NamedTuple):
    """What the kernel needs of each material, in the order of the geometry.

    Arguments:
        inverse_length: 1 / radiation length, 1/cm, shape (materials,).
        electrons: Electrons per cm^3, shape (materials,).
        log_energy: Grid, shape (energies,), uniform.
        conversion: sigma(gamma -> mu mu) / sigma(gamma -> e e) on it, shape (materials, energies).
    """

    inverse_length: Array
    electrons: Array
    log_energy: Array
    conversion: Array


class Pairs(NamedTuple):
    """Muon pairs to be made.

    Arguments:
        source: Row of the photon that began the shower, shape (n,).
        kind: PDG code of the particle that makes the pair, photon or positron, shape (n,).
        energy: Its energy in GeV, shape (n,).
        path: From the shower's beginning, in cm, shape (n,).
        material: Where it is made, shape (n,).
    """

    source: NDArray[np.int64]
    kind: NDArray[np.int64]
    energy: Array
    path: Array
    material: NDArray[np.int64]


def electrons_per_cm3(name: str) -> float:
    """Density of electrons in a material."""
    elements = constants().elements
    made_of = material(name)
    formula = sum(count * elements[element].A for element, count in made_of.elements.items())
    charge = sum(count * elements[element].Z for element, count in made_of.elements.items())
    return made_of.density * AVOGADRO / formula * charge


_ELECTRON_MASS = mass(11)
_MUON_MASS = mass(13)
_ANNIHILATION_THRESHOLD = 2 * _MUON_MASS**2 / _ELECTRON_MASS - _ELECTRON_MASS
_ALPHA_SQUARED = number("fine_structure") ** 2
_HBAR_C_SQUARED = number("hbar_c_squared") * CM2_PER_MILLIBARN


@compiled
def annihilation_cross_section(energy: float) -> float:
    """Cross-section in cm^2 of e+ e- -> mu+ mu- for a positron of this energy in GeV on an electron at rest."""
    if energy <= _ANNIHILATION_THRESHOLD:
        return 0.0
    s = 2 * _ELECTRON_MASS * (energy + _ELECTRON_MASS)
    beta = math.sqrt(1 - 4 * _MUON_MASS**2 / s)
    return 4 * math.pi * _ALPHA_SQUARED / (3 * s) * beta * (3 - beta**2) / 2 * _HBAR_C_SQUARED


@compiled
def _pair_share(rng: np.random.Generator) -> float:
    """Share x of a photon's energy that one electron gets, of density 1 - 4/3 x (1 - x)."""
    x = rng.random()
    while rng.random() > 1 - 4 / 3 * x * (1 - x):
        x = rng.random()
    return x


@compiled
def _radiation_rate(least: float) -> float:
    """Bremsstrahlung photons per radiation length above a share of the electron's energy."""
    return -4 / 3 * math.log(least) - 4 / 3 * (1 - least) + (1 - least * least) / 2


@compiled
def _soft_loss(least: float) -> float:
    """Share of its energy that an electron loses per radiation length to photons below a share of it."""
    return 4 / 3 * least - 2 / 3 * least * least + least**3 / 3


@compiled
def _photon_share(least: float, rng: np.random.Generator) -> float:
    """Share y of the electron's energy of a bremsstrahlung photon, of density (4/3 - 4/3 y + y^2) / y from `least`."""
    y = math.pow(least, rng.random())
    while rng.random() * 4 / 3 > 4 / 3 - 4 / 3 * y + y * y:
        y = math.pow(least, rng.random())
    return y


@compiled
def _conversion_ratio(showering: Showering, medium: int, energy: float) -> float:
    spacing = showering.log_energy[1] - showering.log_energy[0]
    place = (math.log(energy) - showering.log_energy[0]) / spacing
    step = min(max(int(place), 0), len(showering.log_energy) - 2)
    low, high = showering.conversion[medium, step], showering.conversion[medium, step + 1]
    return float(low + (place - step) * (high - low))


@compiled
def _muon_pairs(showering: Showering, code: int, energy: float, medium: int, path: float) -> float:
    """Mean number of muon pairs of a photon that converts, or of an electron or positron on a path in cm."""
    if code == PHOTON:
        return _conversion_ratio(showering, medium, energy)
    if code == POSITRON:
        return float(showering.electrons[medium]) * annihilation_cross_section(energy) * path
    return 0.0


@compiled
def _shower(
    stack: Stack,
    showering: Showering,
    source: int,
    position: Array,
    direction: Array,
    energy: float,
    mean: float,
    cut: float,
    rng: np.random.Generator,
    found: list[tuple[int, int, float, float, int]],
) -> None:
    """One shower, from a photon; its muon pairs are added to `found`, as `Pairs` has them."""
    ux, uy, uz = direction
    waiting = [(PHOTON, energy, 0.0)]
    while len(waiting) > 0:
        code, e, s = waiting.pop()
        if e <= cut:
            continue
        least = cut / e
        depth = rng.standard_exponential()
        depth = depth * 9 / 7 if code == PHOTON else min(depth / _radiation_rate(least), _STEP)
        x, y, z = position[0] + s * ux, position[1] + s * uy, position[2] + s * uz
        step, medium = path_through(stack, showering.inverse_length, x, y, z, ux, uy, uz, depth)
        if medium == LEAVES:
            continue
        for _ in range(rng.poisson(mean * _muon_pairs(showering, code, e, medium, step))):
            at = s + (step if code == PHOTON else step * rng.random())
            found.append((source, code, e, at, medium))
        s += step
        if code == PHOTON:
            share = _pair_share(rng)
            waiting.append((ELECTRON, share * e, s))
            waiting.append((POSITRON, (1 - share) * e, s))
            continue
        e *= 1 - _soft_loss(least) * depth
        if depth < _STEP:
            share = _photon_share(least, rng)
            waiting.append((PHOTON, share * e, s))
            e *= 1 - share
        waiting.append((code, e, s))


@compiled
def _showers(
    stack: Stack,
    showering: Showering,
    position: Array,
    direction: Array,
    energy: Array,
    mean: Array,
    cut: float,
    rng: np.random.Generator,
) -> list[tuple[int, int, float, float, int]]:
    found = [(0, 0, 0.0, 0.0, 0)]
    for i in range(len(energy)):
        _shower(stack, showering, i, position[i], direction[i], energy[i], mean[i], cut, rng, found)
    return found


def develop(
    stack: Stack,
    showering: Showering,
    position: Array,
    direction: Array,
    energy: Array,
    mean: Array,
    cut: float,
    rng: np.random.Generator,
) -> Pairs:
    """The muon pairs of the showers of photons.

    Arguments:
        stack, showering: Geometry and its materials.
        position, direction: Of the photons, in cm and as unit vectors, shape (n, 3).
        energy: In GeV, shape (n,).
        mean: How many times more often than in nature muon pairs are made, shape (n,).
        cut: Particles below this energy in GeV are dropped.
        rng: Of everything.
    """
    found = np.array(_showers(stack, showering, position, direction, energy, mean, cut, rng)[1:], np.float64)
    source, kind, of_energy, path, medium = found.reshape(-1, 5).T
    return Pairs(source.astype(np.int64), kind.astype(np.int64), of_energy, path, medium.astype(np.int64))
