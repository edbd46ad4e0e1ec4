"""Muons that start in the blocks of the 2018 target, and hardly in its slits."""

from __future__ import annotations

import numpy as np

from muforge.reference.geometry import geometry
from muforge.sample import Sample
from muforge.studies.comb import slits
from tests.muons import make_sample


def comb_sample(
    muons: int = 3000, *, category: int | None = None, seed: int = 0, front: float = 0.0
) -> Sample:
    """As `make_sample`, with start z from the blocks alone."""
    sample = make_sample(2 * muons, category=category, seed=seed)
    z = sample["start_z"].astype(np.float64)
    kept = z < geometry().target_end
    for slit in slits(geometry()):
        kept &= (z < slit.front) | (z > slit.back)
    chosen = sample.select(np.flatnonzero(kept)[:muons])
    columns = chosen.columns | {"start_z": chosen["start_z"] + np.float32(front)}
    return Sample(columns, protons_on_target=sample.protons_on_target)
