from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import SampleError
from muforge.judge.split import draw_halves, halves_by_event
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from tests.judge.toy import toy


def generator(seed: int = 0) -> np.random.Generator:
    return stream(seed, Purpose.JUDGE)


def test_halves_share_no_event_and_hold_every_row_once() -> None:
    event = np.random.default_rng(0).integers(0, 300, 1000)
    first, second = halves_by_event(event, generator())

    assert sorted([*first, *second]) == list(range(1000))
    assert not set(event[first]) & set(event[second])
    assert abs(len(first) - len(second)) < 20


def test_a_dominant_event_leaves_no_half_empty() -> None:
    event = np.array([7] * 50 + [8])
    for seed in range(5):
        first, second = halves_by_event(event, generator(seed))
        assert {len(first), len(second)} == {50, 1}


def test_one_event_cannot_be_split() -> None:
    with pytest.raises(SampleError, match="all muons are of one event"):
        halves_by_event(np.zeros(30, np.int64), generator())


def test_rows_are_capped_and_not_repeated() -> None:
    sample = toy(400, 0, per_event=4)
    train, test = draw_halves(sample, 50, generator())

    assert len(train) == len(test) == 50
    assert len(set(train["pz"]) | set(test["pz"])) == 100
    assert not set(train["event"]) & set(test["event"])


def test_rows_are_their_own_events_where_events_are_unknown() -> None:
    columns = {name: values for name, values in toy(101, 0).columns.items() if name != "event"}
    columns["event"] = np.zeros(101, np.int64)
    train, test = draw_halves(Sample(columns, events_known=False), 1000, generator())

    assert {len(train), len(test)} == {50, 51}


def test_the_generator_decides_the_rows() -> None:
    sample = toy(200, 0)
    rows = [draw_halves(sample, 30, generator(seed))[0]["pz"].tolist() for seed in (1, 1, 2)]

    assert rows[0] == rows[1]
    assert rows[0] != rows[2]
