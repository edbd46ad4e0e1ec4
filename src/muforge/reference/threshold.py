"""The energy below which nothing matters any more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.reference.geometry import Stack
from muforge.reference.muon_tables import MuonTables
from muforge.reference.transport import least_losses

NEUTRAL_REACH = 100.0
"""cm. A neutral hadron loses nothing in matter, so it may carry its energy to where less is needed. That one of them
flies further than this, 5 and more interaction lengths, and from energies that differ by 1 GeV, is neglected."""


class Threshold:
    """Least energies, by position along the beam.

    Arguments:
        stack, tables: Geometry and tables.
        ecut: Kinetic energy in GeV that muons must have at production.
        least_at_end: And at the end of the stack.
    """

    def __init__(self, stack: Stack, tables: MuonTables, ecut: float, least_at_end: float) -> None:
        self._edges = stack.edges
        losses = least_losses(stack, tables, least_at_end)
        self._rest, self._per_cm = losses.rest, losses.per_cm
        self._ecut = ecut

    def muon(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Least kinetic energy in GeV of muons produced at z [cm]: below it none is kept at the end."""
        inside = np.clip(z, self._edges[0], self._edges[-1])
        slab = np.clip(np.searchsorted(self._edges, inside, side="right") - 1, 0, len(self._per_cm) - 1)
        rest = self._rest[slab] - self._per_cm[slab] * (inside - self._edges[slab])
        return np.maximum(rest, self._ecut)

    def hadron(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Least total energy in GeV of hadrons and photons made at z [cm]: below it none makes a muon that is kept.

        A muon's kinetic energy is less than the total one of what it comes from.
        """
        return np.minimum(self.muon(z), self.muon(z + NEUTRAL_REACH))
