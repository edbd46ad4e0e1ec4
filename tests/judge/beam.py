"""Made-up muons with the shapes that the judge looks at: clustered events, a comb, tails, correlations, a mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from muforge.sample import Sample, pdg_code

SLITS = ((8.0, 8.5), (11.0, 11.5), (14.0, 14.5), (17.0, 17.5))
"""cm."""

MODE = 0.005
"""Share of the muons in a mode of their own."""

MODE_AT = ((60.0, 2.0), (1.5, 0.1), (0.3, 0.2), (0.5, 0.2), (2.0, 0.2), (40.0, 1.0))
"""Lower ends and widths of p, pT, azimuth of the momentum and of the vertex, r and z."""

_THROUGH_SLIT = 0.15
_LENGTH = 20.0


def beam(muons: int, seed: int, *, category: int = 4, scale: float = 18.0, common: float = 0.3) -> Sample:
    """Muons in events of a few, with weights 1 or 3, of which a share takes the momentum of their event's first.

    Momenta lie above 10 GeV, exponentially with `scale`.
    """
    generator = np.random.default_rng(seed)
    first = np.cumsum(generator.random(muons) < 0.5)
    event = first - first[0]
    p = 10 + generator.exponential(scale, muons)
    start = np.searchsorted(event, event)
    p = np.where(generator.random(muons) < common, p[start], p)
    pt = 0.02 * p * generator.exponential(0.6, muons)
    azimuth = generator.uniform(-np.pi, np.pi, muons)
    z = _comb(generator.exponential(_LENGTH, 2 * muons), generator)[:muons]
    turn = azimuth + generator.normal(0, 0.5, muons)
    r = (0.3 + 0.02 * z) * generator.exponential(1, muons)
    in_mode = generator.random(muons) < MODE
    for column, (low, width) in zip((p, pt, azimuth, turn, r, z), MODE_AT, strict=True):
        column[in_mode] = low + width * generator.random(int(in_mode.sum()))
    off_axis = category > 2
    return Sample(
        {
            "pdg": np.full(muons, pdg_code(category)),
            "start_x": r * np.cos(turn) if off_axis else np.zeros(muons),
            "start_y": r * np.sin(turn) if off_axis else np.zeros(muons),
            "start_z": z,
            "px": pt * np.cos(azimuth),
            "py": pt * np.sin(azimuth),
            "pz": np.sqrt(np.maximum(p**2 - pt**2, 1.0)),
            "weight": generator.choice([1.0, 3.0], muons),
            "event": event,
        }
    )


def _comb(z: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    in_slit = np.zeros(len(z), np.bool_)
    for front, back in SLITS:
        in_slit |= (z >= front) & (z < back)
    return z[~in_slit | (generator.random(len(z)) < _THROUGH_SLIT)]


def generated(muons: int, seed: int, *, category: int = 4, scale: float = 18.0) -> Sample:
    """Muons of the same law as a generator would give them: independent of each other, of weight one."""
    sample = beam(3 * muons, seed, category=category, scale=scale, common=0.0)
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(sample)) * 3 < sample.weight)[:muons]
    columns = sample.select(kept).columns | {"weight": np.ones(muons), "event": np.arange(muons)}
    return Sample(columns, events_known=False)
