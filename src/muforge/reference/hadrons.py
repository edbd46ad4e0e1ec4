"""Hadrons as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muforge.reference.columns import Columns


@dataclass(frozen=True)
class Hadrons(Columns):
    """Hadrons of a cascade: just made, at an interaction, or at their decay.

    Arguments:
        pdg: PDG code, shape (n,).
        position: In cm, shape (n, 3).
        time: In ns, shape (n,).
        momentum: In GeV, shape (n, 3).
        mass: In GeV, shape (n,).
        event: Number of the proton, shape (n,).
        weight: Expected number of such hadrons for each one here; of parents of muons, the muons' weight, shape (n,).
    """

    pdg: NDArray[np.int32]
    position: NDArray[np.float64]
    time: NDArray[np.float64]
    momentum: NDArray[np.float64]
    mass: NDArray[np.float64]
    event: NDArray[np.int64]
    weight: NDArray[np.float64]

    @property
    def energy(self) -> NDArray[np.float64]:
        """Total energy in GeV, shape (n,)."""
        return np.asarray(np.sqrt((self.momentum**2).sum(axis=1) + self.mass**2))

    @property
    def kinetic(self) -> NDArray[np.float64]:
        """Kinetic energy in GeV, shape (n,)."""
        return self.energy - self.mass
