"""The other muon of each muon's decay."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.sample import PARTNER, Sample

MOMENTUM = ("px", "py", "pz")

_log = logging.getLogger(__name__)


def with_partners(sample: Sample, others: Mapping[str, NDArray[Any]]) -> Sample:
    """The sample with the columns `PARTNER`: zero for muons whose decay gave no other one that was kept.

    A sample in which a decay gave more than one muon of a charge is returned as it is, with a warning: its decays are
    not numbered as decays.

    Arguments:
        sample: Muons of one charge, with `event` and `decay`.
        others: Columns event, decay, px, py, pz of the muons of the other charge.
    """
    own, of_others = np.split(_decays(sample.columns, others), [len(sample)])
    most = max(int(np.bincount(numbers).max(initial=0)) for numbers in (own, of_others))
    if most > 1:
        _log.warning("a decay has %d muons of one charge: pairs of muons are not looked for", most)
        return sample
    row = np.full(max(own.max(initial=0), of_others.max(initial=0)) + 1, -1)
    row[of_others] = np.arange(len(of_others))
    partner = row[own]
    momenta = [
        np.where(partner >= 0, np.append(others[name], 0)[partner], 0).astype(np.float32) for name in MOMENTUM
    ]
    out = {**sample.columns, **dict(zip(PARTNER, momenta, strict=True))}
    return Sample(out, protons_on_target=sample.protons_on_target, events_known=sample.events_known)


def _decays(*sides: Any) -> NDArray[np.int64]:
    """A number for each decay of each event, of the rows of all sides one after the other."""
    event, decay = (np.concatenate([side[name] for side in sides]) for name in ("event", "decay"))
    for numbers in (event, decay):
        numbers[:] = np.unique(numbers, return_inverse=True)[1]
    return np.asarray(np.unique(event * (decay.max(initial=0) + 1) + decay, return_inverse=True)[1])
