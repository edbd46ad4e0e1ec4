from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.spill.plan import ROWS_PER_CHUNK, Plan, plan_spill

RATES = {1: 1e-4, 2: 2e-4, 3: 6e-4, 4: 5e-4}


def test_counts_are_poisson_around_the_rates() -> None:
    pot = 1e6
    counts = np.array(
        [list(plan_spill(RATES, protons_on_target=pot, seed=s).counts.values()) for s in range(400)]
    )
    expected = np.array(list(RATES.values())) * pot
    np.testing.assert_allclose(counts.mean(0), expected, atol=5 * np.sqrt(expected / 400).max())
    np.testing.assert_allclose(counts.var(0) / expected, 1, atol=0.35)
    correlation = np.corrcoef(counts.T) - np.eye(4)
    assert np.abs(correlation).max() < 0.25


def test_a_number_of_muons_is_kept_exactly() -> None:
    plan = plan_spill(RATES, muons=10_007, seed=3)
    assert plan.muons == 10_007
    assert plan.protons_on_target == pytest.approx(10_007 / sum(RATES.values()))
    assert plan_spill(RATES, muons=10_007, seed=3) == plan
    assert plan_spill(RATES, muons=10_007, seed=4) != plan


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either"),
        ({"protons_on_target": 1.0, "muons": 1}, "either"),
        ({"protons_on_target": -1e9}, r"--pot -1e\+09"),
        ({"protons_on_target": 0.0}, "--pot 0"),
        ({"protons_on_target": float("nan")}, "--pot nan"),
        ({"protons_on_target": 1e30}, r"--pot 1e\+30: .* more than can be numbered"),
        ({"protons_on_target": 1.0}, "too few protons"),
        ({"muons": 0}, "--muons 0"),
        ({"muons": -5}, "--muons -5"),
        ({"muons": 10**16}, "more than can be numbered"),
    ],
)
def test_bad_requests_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_spill(RATES, **options)


@pytest.mark.parametrize("muons", [1, 5, ROWS_PER_CHUNK, ROWS_PER_CHUNK + 1, 1_000_003])
@pytest.mark.parametrize("shards", [1, 2, 3])
def test_chunks_hold_every_muon_once(muons: int, shards: int) -> None:
    plan = plan_spill(RATES, muons=muons)
    rows = [plan.rows(chunk) for chunk in range(plan.chunks)]
    assert {c: sum(r[c] for r in rows) for c in RATES} == plan.counts
    assert max(sum(r.values()) for r in rows) <= ROWS_PER_CHUNK + len(RATES)
    assert [plan.first_row(chunk) for chunk in range(plan.chunks)] == [
        sum(sum(r.values()) for r in rows[:chunk]) for chunk in range(plan.chunks)
    ]
    in_shards = [chunk for shard in range(shards) for chunk in plan.chunks_of_shard(shard, shards)]
    assert in_shards == list(range(plan.chunks))


def test_categories_are_spread_evenly() -> None:
    plan = Plan(0, 1.0, {1: 10 * ROWS_PER_CHUNK, 4: ROWS_PER_CHUNK})
    assert {tuple(plan.rows(chunk).values()) for chunk in range(plan.chunks)} <= {
        (59578, 5957),
        (59578, 5958),
        (59579, 5957),
        (59579, 5958),
        (59577, 5958),
    }
