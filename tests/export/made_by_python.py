"""Muons as Python makes them, from any number on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.sample import OFF_AXIS_FEATURES, Sample
from muforge.spill.chunk import make_chunk
from muforge.spill.engine import Engine
from muforge.spill.plan import Plan

MUON = np.dtype(
    [("number", np.uint64), ("pdg", np.int32), *((name, np.float32) for name in OFF_AXIS_FEATURES)]
)
"""A muon as the C++ programs of the tests write it."""


def muons(bundle: Bundle, seed: int, first: int, count: int) -> NDArray[Any]:
    """Muons first, first + 1, ... of a seed, of dtype `MUON`."""
    plan, engine = Plan(seed, 1.0, first + count), Engine(bundle, seed)
    chunks = [
        make_chunk(bundle, engine, plan, chunk) for chunk in range(plan.chunks)[first // plan.rows(0) :]
    ]
    joined = Sample.concatenate(chunks)
    out = np.empty(len(joined), MUON)
    out["number"] = joined["event"]
    for name in ("pdg", *OFF_AXIS_FEATURES):
        out[name] = joined[name]
    return out[out["number"] >= first]
