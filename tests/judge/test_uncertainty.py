"""The uncertainty of a generator from its replicas."""

from __future__ import annotations

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.judge.uncertainty import P_PT, Uncertainty
from muforge.sample import Sample
from tests.judge.beam import beam

ROWS = 20_000


def family(scales: list[float], seed: int, rows: int = ROWS) -> list[Sample]:
    return [beam(rows, seed + number, scale=scale, common=0.0) for number, scale in enumerate(scales)]


def drawn(count: int, spread: float, seed: int) -> list[float]:
    return list(np.random.default_rng(seed).normal(18.0, spread, count))


def test_the_systematic_error_is_the_spread_of_the_generators_not_of_their_samples() -> None:
    real, generated = family([18.0, 18.0], 0)
    same = Uncertainty()(real, generated, family([18.0] * 12, 100)).details["quantities"]["p"]
    different = Uncertainty()(real, generated, family(drawn(12, 3.0, 0), 100)).details["quantities"]["p"]
    ratio = np.array(different["systematic"]) / np.array(different["generated_error"])
    assert np.median(ratio) > 1.5
    assert np.median(np.array(same["systematic"]) / np.array(same["generated_error"])) < 0.6


def test_the_coverage_is_right_where_the_spread_is() -> None:
    """Each generator's scale is off by what its replicas spread by."""
    within, without = [], []
    for seed in range(12):
        off = drawn(1, 1.0, 1000 + seed)[0]
        real, generated = beam(ROWS, seed, common=0.0), beam(ROWS, 50 + seed, scale=off, common=0.0)
        centre = np.array(drawn(10, 1.0, seed)) - 18.0 + off
        found = Uncertainty()(real, generated, family(centre.tolist(), 1000 * (seed + 1))).details["coverage"]
        within.append(found["within"])
        without.append(found["without_systematic"])
        assert found["cells"] > 100
    assert np.mean(within) == pytest.approx(0.683, abs=0.08)
    assert np.mean(without) < np.mean(within) - 0.03


def test_cells_with_few_real_muons_do_not_count() -> None:
    real, generated, *replicas = family([18.0] * 4, 0, rows=2000)
    cells = Uncertainty()(real, generated, replicas).details["quantities"][P_PT]
    counted = [pull is not None for pull in cells["pull"]]
    assert 0 < sum(counted) < len(counted)
    assert all(np.array(cells["real"])[counted] > 0)


def test_one_replica_has_no_spread() -> None:
    real, generated, replica = family([18.0] * 3, 0, rows=500)
    with pytest.raises(ConfigError, match="1 replicas: a spread needs at least two"):
        Uncertainty()(real, generated, [replica])
