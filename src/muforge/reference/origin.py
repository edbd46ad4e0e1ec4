"""Where a muon of the reference simulation comes from."""

from __future__ import annotations

from enum import IntEnum


class Origin(IntEnum):
    """The process that made a muon. The numbers are written to files: never renumber, only add."""

    PION_KAON = 1
    DIMUON_RESONANCE = 2
    PHOTON_CONVERSION = 3
    CHARM = 4
    BEAUTY = 5
    HYPERON = 6
    CHARMONIUM = 7
    DRELL_YAN = 8
    POSITRON_ANNIHILATION = 9

    @property
    def title(self) -> str:
        """For a figure's legend."""
        return _TITLES[self]


_TITLES = {
    Origin.PION_KAON: "pion and kaon decay",
    Origin.DIMUON_RESONANCE: "light di-muon resonance",
    Origin.PHOTON_CONVERSION: "photon conversion",
    Origin.CHARM: "charm",
    Origin.BEAUTY: "beauty",
    Origin.HYPERON: "hyperon decay",
    Origin.CHARMONIUM: "J/psi and psi(2S)",
    Origin.DRELL_YAN: "Drell-Yan",
    Origin.POSITRON_ANNIHILATION: "positron annihilation",
}
