"""The other muon of each decay."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import muforge as mf
from muforge.dataset.partners import with_partners
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.sample import PARTNER, Sample
from tests.judge.beam import beam


def sides() -> tuple[Sample, Sample]:
    """Muons of both charges, of which rows 1 and 2 of the first and 2 and 0 of the second are from the same decays."""
    plus, minus = beam(3, 0, category=3), beam(3, 1, category=4)
    one = Sample({**plus.columns, "event": [5, 5, 9], "decay": [1, 2, 2]})
    two = Sample({**minus.columns, "event": [9, 5, 5], "decay": [2, 7, 2]})
    return one, two


def test_partners_are_of_the_same_event_and_decay() -> None:
    one, two = sides()
    found = with_partners(one, two.columns)
    for name, momentum in zip(PARTNER, ("px", "py", "pz"), strict=True):
        np.testing.assert_array_equal(found[name], [0, two[momentum][2], two[momentum][0]])
    back = with_partners(two, one.columns)
    np.testing.assert_array_equal(back["partner_pz"], [one["pz"][2], 0, one["pz"][1]])


def test_no_muons_of_the_other_charge_are_no_partners() -> None:
    one, two = sides()
    found = with_partners(one, two.select(slice(0, 0)).columns)
    assert not found["partner_pz"].any()


def test_numbers_that_are_not_of_decays_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    one, two = sides()
    same = Sample({**one.columns, "decay": [0, 0, 0]})
    with caplog.at_level(logging.WARNING):
        assert "partner_pz" not in with_partners(same, two.columns)
    assert "2 muons of one charge" in caplog.text


def test_a_data_set_knows_partners(tmp_path: object) -> None:
    dataset = mf.ingest([PACKAGED_SAMPLE], f"{tmp_path}/ds").dataset
    plus, minus = (dataset.load(category, "train") for category in (1, 2))
    counts = [int((each["partner_pz"] != 0).sum()) for each in (plus, minus)]
    assert counts[0] == counts[1] > 100
    paired = minus.select(minus["partner_pz"] != 0)
    assert np.isin(paired["partner_pz"], plus["pz"]).all()
