"""Hadrons as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hadrons:
    """Hadrons of a cascade: just made, at an interaction, or at their decay.

    Arguments:
        pdg: PDG code, shape (n,).
        position: In cm, shape (n, 3).
        time: In ns, shape (n,).
        momentum: In GeV, shape (n, 3).
        mass: In GeV, shape (n,).
        event: Number of the proton, shape (n,).
        weight: Expected number per simulated proton; of parents of muons: the muons' weight, shape (n,).
    """

    pdg: NDArray[np.int32]
    position: NDArray[np.float64]
    time: NDArray[np.float64]
    momentum: NDArray[np.float64]
    mass: NDArray[np.float64]
    event: NDArray[np.int64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pdg)

    def select(self, rows: NDArray[Any]) -> Self:
        """The rows of a mask or an index array."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def energy(self) -> NDArray[np.float64]:
        """Total energy in GeV, shape (n,)."""
        return np.asarray(np.sqrt((self.momentum**2).sum(axis=1) + self.mass**2))

    @property
    def kinetic(self) -> NDArray[np.float64]:
        """Kinetic energy in GeV, shape (n,)."""
        return self.energy - self.mass

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All parts, one after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
