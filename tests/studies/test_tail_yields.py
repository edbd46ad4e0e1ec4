"""Yields beyond quantiles, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from muforge.sample import Sample
from muforge.studies.tail_yields import (
    LEVELS,
    TailYield,
    distance_of_tails,
    ratio_text,
    tail_quantities,
    tail_yields,
)
from tests.muons import make_sample


def with_weight(sample: Sample, weight: np.ndarray) -> Sample:
    return Sample({**sample.columns, "weight": weight})


@pytest.mark.parametrize("category", [1, 4])
def test_the_same_muons_have_ratios_of_one(category: int) -> None:
    sample = make_sample(2000, category=category)
    found = tail_yields(sample, sample, sample)
    assert [(each.quantity, each.level) for each in found] == [
        (quantity, level) for quantity in tail_quantities(category) for level in LEVELS
    ]
    assert all(each.ratio == pytest.approx(1) for each in found)
    assert distance_of_tails(found) == pytest.approx(0)


def test_twice_the_weight_beyond_a_quantile_is_seen() -> None:
    sample = make_sample(4000, category=4)
    p = np.sqrt(sample["px"] ** 2 + sample["py"] ** 2 + sample["pz"] ** 2)
    cut = np.sort(p)[int(0.9 * len(p))]
    ones = with_weight(sample, np.ones(len(sample)))
    doubled = with_weight(sample, np.where(p > cut, 2.0, 1.0))
    found = {(each.quantity, each.level): each for each in tail_yields(ones, doubled, ones)}
    assert found["p", 0.95].ratio == pytest.approx(2 / 1.1, rel=1e-3)
    assert found["p", 0.95].error < found["p", 0.999].error
    assert distance_of_tails([found["p", 0.95]]) == pytest.approx(np.log(2 / 1.1), rel=1e-3)


def test_an_empty_tail_has_a_finite_distance() -> None:
    assert distance_of_tails([TailYield("p", 0.99, 0.0, 0.1)]) == pytest.approx(np.log(100))


def test_text_of_several_seeds() -> None:
    yields = [TailYield("p", 0.99, ratio, 0.25) for ratio in (1.0, 2.0)]
    assert ratio_text(yields) == "1.50 ± 0.71 [0.25]"
