"""Muons at their production, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from muforge.reference.columns import Columns


@dataclass(frozen=True)
class Produced(Columns):
    """Muons at their production vertices.

    Arguments:
        pdg: PDG code, shape (n,).
        position: Production vertex in cm, shape (n, 3).
        time: Of the production in ns after the proton passed z = 0, shape (n,).
        momentum: In GeV, shape (n, 3).
        weight: They add up to the number of muons that the simulated protons make, shape (n,).
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

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All parts, one after the other; the numbers of their decays are made different."""
        joined = super().concatenate(parts)
        spans = [int(part.decay.max(initial=-1)) + 1 for part in parts]
        first = np.repeat(np.cumsum([0, *spans[:-1]]), [len(part) for part in parts])
        return replace(joined, decay=joined.decay + first)
