"""A sample's events drawn again."""

from __future__ import annotations

import numpy as np
import pytest

from muforge.resample import resampled
from muforge.sample import Sample
from tests.judge.beam import beam

ROWS = 20_000


def times(sample: Sample, replica: int) -> np.ndarray:
    """How often each row was drawn."""
    marked = Sample({**sample.columns, "weight": np.ones(len(sample)), "decay": np.arange(len(sample))})
    drawn = resampled(marked, replica)
    out = np.zeros(len(sample))
    out[drawn["decay"]] = drawn.weight
    return out


def test_events_are_drawn_a_poisson_number_of_times() -> None:
    sample = beam(ROWS, 0)
    first = np.unique(sample["event"], return_index=True)[1]
    found = times(sample, 1)[first]
    assert found.mean() == pytest.approx(1, abs=0.03)
    assert found.var() == pytest.approx(1, abs=0.06)
    assert set(found) >= {0.0, 1.0, 2.0, 3.0}


def test_muons_of_an_event_are_drawn_together_and_in_every_category() -> None:
    sample = beam(ROWS, 0)
    found = times(sample, 2)
    order = np.argsort(sample["event"], kind="stable")
    same = np.diff(sample["event"][order]) == 0
    assert same.any()
    assert (np.diff(found[order])[same] == 0).all()
    other = beam(ROWS, 5, category=3)
    shared = np.intersect1d(sample["event"], other["event"])
    of_other = dict(zip(other["event"], times(other, 2), strict=True))
    of_sample = dict(zip(sample["event"], found, strict=True))
    assert all(of_other[event] == of_sample[event] for event in shared)


def test_replicas_differ() -> None:
    sample = beam(ROWS, 0)
    assert abs(np.corrcoef(times(sample, 1), times(sample, 2))[0, 1]) < 0.05


def test_the_spread_over_replicas_is_the_error_over_events() -> None:
    """Of the mean momentum, against its known error from independent samples."""

    def mean(sample: Sample) -> float:
        return float(np.average(sample["pz"], weights=sample.weight))

    spread = np.std([mean(resampled(beam(3000, 0), replica)) for replica in range(1, 60)])
    truth = np.std([mean(beam(3000, seed)) for seed in range(60)])
    assert spread == pytest.approx(truth, rel=0.3)
