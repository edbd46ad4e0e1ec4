"""Small production files for the tests of ingestion."""

from __future__ import annotations

from pathlib import Path

import muforge as mf
from muforge.sample import Sample
from tests.muons import make_sample


def write_flat(path: Path, muons: int = 400, *, seed: int = 0, events: bool = True) -> Sample:
    """A flat ntuple of muons of all categories; returns what was written."""
    sample = make_sample(muons, seed=seed, protons_on_target=None)
    mf.write(sample, path, event_columns=events)
    return sample
