"""Small samples of made-up muons for the judge's tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.sample import Sample, pdg_code

MOMENTUM = 50.0
SPREAD = 4.0


def toy(muons: int, seed: int, *, category: int = 4, per_event: int = 1, **replaced: NDArray[Any]) -> Sample:
    """Muons with a narrow, correlated momentum and uneven weights; any column can be replaced."""
    generator = np.random.default_rng(seed)
    pz = generator.normal(MOMENTUM, SPREAD, muons)
    vertex = generator.normal(0, 1, (2, muons)) if category > 2 else np.zeros((2, muons))
    columns: dict[str, Any] = {
        "pdg": np.full(muons, pdg_code(category)),
        "start_x": vertex[0],
        "start_y": vertex[1],
        "start_z": generator.exponential(20.0, muons),
        "px": 0.1 * (pz - MOMENTUM) + generator.normal(0, 0.2, muons),
        "py": generator.normal(0, 0.5, muons),
        "pz": pz,
        "weight": generator.choice([1.0, 3.0], muons),
        "event": np.arange(muons) // per_event,
    }
    return Sample(columns | replaced)


def altered(sample: Sample, **replaced: NDArray[Any]) -> Sample:
    """The sample with some columns replaced."""
    return Sample(sample.columns | replaced)


def auc_sigma(n_eff_a: float, n_eff_b: float) -> float:
    """Standard error of the AUC of equal distributions (Hanley, McNeil 1982, at AUC = 1/2)."""
    return float(np.sqrt((n_eff_a + n_eff_b + 1) / (12 * n_eff_a * n_eff_b)))
