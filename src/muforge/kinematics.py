"""Kinematic limits of what a beam of protons makes."""

from __future__ import annotations

from math import sqrt

BEAM_MOMENTUM = 400.0
"""GeV, of SHiP's protons."""

PROTON_MASS = 0.93827209
"""GeV, Particle Data Group."""


MUON_MASS = 0.1056583755
"""GeV, Particle Data Group."""


def transverse_limit(beam_momentum: float) -> float:
    """Largest transverse momentum, half of sqrt(s), from a proton on a nucleon at rest: s = 2 m (E + m).

    Arguments:
        beam_momentum: GeV.
    """
    energy = sqrt(beam_momentum**2 + PROTON_MASS**2)
    return sqrt(2 * PROTON_MASS * (energy + PROTON_MASS)) / 2
