"""Small made-up samples for tests: shapes like a beam dump's, numbers from a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.sample import Sample, pdg_code

MUONS_PER_EVENT = 3


def make_sample(
    muons: int = 1000, *, category: int | None = None, seed: int = 0, protons_on_target: float | None = 1e6
) -> Sample:
    """Weighted muons of one category, or of all four in equal parts; several share an event."""
    rng = np.random.default_rng(seed)
    categories = np.full(muons, category) if category else 1 + np.arange(muons) % 4
    off_axis: NDArray[np.bool_] = categories > 2
    momentum = 10 + rng.exponential(20, muons)
    angle = rng.exponential(0.02, muons)
    azimuth = rng.uniform(0, 2 * np.pi, muons)
    start_z = rng.exponential(30, muons)
    return Sample(
        {
            "pdg": np.array([pdg_code(int(number)) for number in categories]),
            "start_x": np.where(off_axis, start_z * angle * np.cos(azimuth) + 1e-4, 0),
            "start_y": np.where(off_axis, start_z * angle * np.sin(azimuth) + 1e-4, 0),
            "start_z": start_z,
            "px": momentum * np.sin(angle) * np.cos(azimuth),
            "py": momentum * np.sin(angle) * np.sin(azimuth),
            "pz": momentum * np.cos(angle),
            "weight": rng.choice([1.0, 10.0, 100.0], muons),
            "event": np.arange(muons) // MUONS_PER_EVENT,
            "ecut": np.full(muons, 10.0),
        },
        protons_on_target=protons_on_target,
    )
