"""How the weight of each generated muon varies over the replicas of its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.bundle import Bundle
from muforge.sample import OFF_AXIS_FEATURES, VARIATIONS

Columns = Mapping[str, NDArray[Any]]


def variations(bundle: Bundle, category: int, columns: Columns) -> dict[str, NDArray[np.float32]]:
    """The columns `VARIATIONS` of muons of a category, one for each replica of the bundle.

    Each is the density of the muon's start in the replica over that in the model, times the ratio of their rates: a
    histogram filled with weight times variation is, on average, what the replica would have generated.

    Arguments:
        bundle: With replicas, of models that know their density.
        category: Of the muons.
        columns: Their starts.
    """
    model = bundle.model(category)
    sample = model.as_sample({name: columns[name] for name in OFF_AXIS_FEATURES})
    out = {}
    for name, replica in zip(VARIATIONS, bundle.replicas, strict=False):
        ratio = model.density_ratio(replica.model(category), sample)
        out[name] = (ratio * (replica.rates[category] / bundle.rates[category])).astype(np.float32)
    return out
