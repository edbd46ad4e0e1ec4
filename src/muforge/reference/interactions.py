"""Where hadrons interact: inverse interaction lengths in the materials of a geometry, and the nuclei that are hit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muforge.reference.constants import AVOGADRO, CM2_PER_MILLIBARN, constants, mass, material
from muforge.reference.hadron_nucleus import HadronNucleus, mean_collisions

Array = NDArray[np.float64]

# fmt: off
LONG_LIVED = (
    211, -211, 321, -321, 130, 310, 2212, -2212, 2112, -2112, 3122, -3122, 3222, -3222, 3112, -3112,
    3322, -3322, 3312, -3312, 3334, -3334,
)
# fmt: on
"""PDG codes of the hadrons that a cascade follows."""

NEUTRAL = (130, 310, 2112, 3122, 3322)

_ENERGIES = 32


class Interactions:
    """Cross-sections of the long-lived hadrons, tabulated in the logarithm of their energy.

    Arguments:
        collider: Where the hadron-nucleon cross-sections come from.
        materials: Of the geometry, in its order.
        lowest, highest: Kinetic and total energy in GeV between which hadrons interact.
    """

    def __init__(
        self, collider: HadronNucleus, materials: Sequence[str], lowest: float, highest: float
    ) -> None:
        self._log_energy = np.linspace(np.log(lowest), np.log(highest), _ENERGIES)
        self._index = {pdg: number for number, pdg in enumerate(LONG_LIVED)}
        self._nuclei = [_nuclei(name) for name in materials]
        grid = np.exp(self._log_energy)
        self._cross_section = np.array(
            [[collider.cross_section(pdg, energy + mass(pdg)) for energy in grid] for pdg in LONG_LIVED]
        )
        self._rate = np.stack([_inverse_length(name, self._cross_section) for name in materials], axis=-1)

    def rates(self, pdg: NDArray[np.int32], kinetic: Array) -> Array:
        """Inverse interaction lengths in 1/cm, shape (n, materials)."""
        return self._interpolate(self._rate, pdg, kinetic)

    def nuclei(
        self,
        pdg: NDArray[np.int32],
        kinetic: Array,
        medium: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """The nucleus that each hadron hits: Z, A and the mean number of nucleons struck, each of shape (n,).

        Arguments:
            pdg, kinetic: Of the hadrons, shape (n,).
            medium: Index of the material, shape (n,).
            rng: Chooses among the elements of a compound.
        """
        sigma = self._interpolate(self._cross_section, pdg, kinetic)
        uniform = rng.random(len(pdg))
        Z, A, mean = np.empty(len(pdg), np.int64), np.empty(len(pdg), np.int64), np.empty(len(pdg))
        for index, nuclei in enumerate(self._nuclei):
            rows = np.flatnonzero(medium == index)
            means = np.array([mean_collisions(sigma[rows], a) for _, a, _ in nuclei])
            share = np.array([[count * a] for _, a, count in nuclei]) / means
            below = np.cumsum(share, axis=0) / share.sum(axis=0)
            chosen = np.minimum((uniform[rows] >= below).sum(axis=0), len(nuclei) - 1)
            Z[rows] = np.array([z for z, *_ in nuclei])[chosen]
            A[rows] = np.array([a for _, a, _ in nuclei])[chosen]
            mean[rows] = means[chosen, np.arange(len(rows))]
        return Z, A, mean

    def _interpolate(self, table: Array, pdg: NDArray[np.int32], kinetic: Array) -> Array:
        species = np.array([self._index[code] for code in pdg.tolist()], np.int64)
        start, spacing = self._log_energy[0], self._log_energy[1] - self._log_energy[0]
        place = np.clip((np.log(kinetic) - start) / spacing, 0, _ENERGIES - 1.000001)
        step = place.astype(np.int64)
        part = (place - step).reshape(-1, *[1] * (table.ndim - 2))
        return np.asarray(table[species, step] * (1 - part) + table[species, step + 1] * part)


def _nuclei(name: str) -> list[tuple[int, int, int]]:
    """Z, number of nucleons and number of atoms of each element of a material."""
    elements = constants().elements
    return [
        (elements[element].Z, round(elements[element].A), count)
        for element, count in material(name).elements.items()
    ]


def _inverse_length(name: str, cross_section: Array) -> Array:
    """1/cm for hadrons of these cross-sections on a nucleon in mb: sigma(hA) = A sigma(hN) / <n>."""
    made_of, elements = material(name), constants().elements
    formula = sum(count * elements[element].A for element, count in made_of.elements.items())
    per_formula = sum(
        count * a * cross_section / mean_collisions(cross_section, a) for _, a, count in _nuclei(name)
    )
    return np.asarray(made_of.density * AVOGADRO / formula * per_formula * CM2_PER_MILLIBARN)
