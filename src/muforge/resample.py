"""A sample's events drawn again: the bootstrap."""

from __future__ import annotations

from math import exp, factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.rng import Purpose, stream, uniform_at
from muforge.sample import Sample


def resampled(training: Sample, replica: int) -> Sample:
    """The muons with their weights times how often their event was drawn: Poisson numbers of mean one.

    Events of the same number are drawn as often in every category.

    Arguments:
        training: Muons of whole events.
        replica: Number of the replica, at least 1.

    References:
        Efron, Bootstrap methods | https://doi.org/10.1214/aos/1176344552
        Chamandy et al., Estimating uncertainty for massive data streams (Poisson bootstrap), Google (2012)
    """
    events = training["event"] if training.events_known else np.arange(len(training))
    key = int(stream(replica, Purpose.REPLICA).integers(2**63))
    times = _poisson(key, events)
    kept = times > 0
    sample = training.select(kept)
    columns: dict[str, Any] = {**sample.columns, "weight": sample.weight * times[kept]}
    return Sample(columns, protons_on_target=sample.protons_on_target, events_known=sample.events_known)


def _poisson(key: int, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """A Poisson number of mean one for each number: equal ones get equal ones."""
    upto = np.cumsum([exp(-1) / factorial(k) for k in range(_MOST + 1)])
    return np.searchsorted(upto, uniform_at(key, numbers), side="right").astype(np.int64)


_MOST = 12
"""Poisson numbers above are as rare as one in 1e10."""
