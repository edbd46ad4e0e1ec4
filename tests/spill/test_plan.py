from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.spill.plan import ROWS_PER_CHUNK, plan_spill

RATES = {1: 1e-4, 2: 2e-4, 3: 6e-4, 4: 5e-4}


def test_the_number_is_poisson_around_the_rates() -> None:
    pot = 1e6
    numbers = np.array([plan_spill(RATES, protons_on_target=pot, seed=s).muons for s in range(400)])
    expected = sum(RATES.values()) * pot
    assert numbers.mean() == pytest.approx(expected, abs=5 * np.sqrt(expected / 400))
    assert numbers.var() / expected == pytest.approx(1, abs=0.35)


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
    assert sum(rows) == muons
    assert set(rows[:-1]) <= {ROWS_PER_CHUNK}
    assert [plan.first_row(chunk) for chunk in range(plan.chunks)] == [
        sum(rows[:chunk]) for chunk in range(plan.chunks)
    ]
    in_shards = [chunk for shard in range(shards) for chunk in plan.chunks_of_shard(shard, shards)]
    assert in_shards == list(range(plan.chunks))
