"""Muons at their production, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Produced:
    """Muons at their production vertices.

    Arguments:
        pdg: PDG code, shape (n,).
        position: Production vertex in cm, shape (n, 3).
        time: Of the production in ns after the proton passed z = 0, shape (n,).
        momentum: In GeV, shape (n, 3).
        weight: Expected number per simulated proton, times the number of protons, shape (n,).
        event: Number of the proton, shape (n,).
        decay: Muons of one event with equal numbers are of one decay, shape (n,).
        origin: `Origin` of each, shape (n,).
        parent: PDG code of the mother, shape (n,).
    """

    pdg: NDArray[np.int32]
    position: NDArray[np.float64]
    time: NDArray[np.float64]
    momentum: NDArray[np.float64]
    weight: NDArray[np.float64]
    event: NDArray[np.int64]
    decay: NDArray[np.int64]
    origin: NDArray[np.int32]
    parent: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.pdg)

    def select(self, rows: NDArray[Any]) -> Self:
        """The rows of a mask or an index array."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All parts, one after the other; the numbers of their decays are made different."""
        first = 0
        decay = []
        for part in parts:
            decay.append(part.decay + first)
            first += int(part.decay.max(initial=-1)) + 1
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)
        }
        return cls(**columns | {"decay": np.concatenate(decay)})
