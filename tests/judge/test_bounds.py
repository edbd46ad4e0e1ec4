from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.bounds import GAPS, Bounds
from muforge.kinematics import BEAM_MOMENTUM, transverse_limit
from muforge.sample import Sample
from tests.judge.beam import beam, generated
from tests.judge.toy import altered, toy

NUCLEON = 0.93827209


def share_beyond(real: Sample, other: Sample, null: Sample, text: str) -> float:
    return next(result.value for result in Bounds()(real, other, null).results if text in result.of)


def test_transverse_limit_by_hand() -> None:
    energy = np.hypot(400.0, NUCLEON)
    s = 2 * NUCLEON**2 + 2 * energy * NUCLEON
    assert transverse_limit(BEAM_MOMENTUM) == pytest.approx(np.sqrt(s) / 2)
    assert transverse_limit(BEAM_MOMENTUM) == pytest.approx(13.72, abs=0.01)


def test_momentum_bound_follows_the_beam() -> None:
    sides = [beam(500, seed) for seed in range(3)]
    sides[1] = altered(sides[1], pz=np.where(np.arange(500) < 5, 500.0, sides[1]["pz"]))
    of_400, of_600 = (Bounds(beam_momentum=momentum)(*sides).results for momentum in (400.0, 600.0))
    assert sum(result.value > 0 for result in of_400) == 1
    assert all(result.value == 0 for result in of_600)


def test_share_is_of_the_weight_and_details_count_rows() -> None:
    real, null = toy(300, 0), toy(300, 1)
    weight = np.where(np.arange(300) < 4, 5.0, 1.0)
    other = altered(toy(300, 2), pz=np.where(np.arange(300) < 4, -50.0, 50.0), weight=weight)
    findings = Bounds()(real, other, null)
    row = next(each for each in findings.details["bounds"] if "pz <= 0" in each["text"])
    assert (row["rows"], row["share"]) == (4, pytest.approx(20 / 316))
    assert all(result.p_value is None and result.perfect == 0 for result in findings.results)


def test_good_muons_just_before_the_first_real_one_are_no_violation() -> None:
    """The first muons of 50 samples of one law lie on both sides of the first real one, and none is flagged."""
    real, null = toy(400, 0), toy(400, 1)
    first = min(real["start_z"].min(), null["start_z"].min())
    others = [toy(400, seed) for seed in range(2, 52)]
    assert any(other["start_z"].min() < first for other in others)
    assert all(share_beyond(real, other, null, "start z") == 0 for other in others)


def test_muons_well_before_the_front_are() -> None:
    real, null, other = (toy(400, seed) for seed in range(3))
    spacing = 20.0 / 800
    z = other["start_z"].copy()
    z[0] = -3 * GAPS * spacing
    assert share_beyond(real, altered(other, start_z=z), null, "start z") > 0


def test_a_good_generator_violates_nothing() -> None:
    for category in (1, 4):
        real, null = (beam(1000, seed, category=category) for seed in range(2))
        results = Bounds()(real, generated(1000, 2, category=category), null).results
        assert len(results) >= 4
        assert all(result.value == 0 and result.null == 0 for result in results)
