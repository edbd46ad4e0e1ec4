"""What a conditional model is told, how it is drawn, and the weights that undo what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import halfnorm, kstest

from muforge.conditions import Conditions, FittedConditions, Given
from muforge.errors import ConfigError, SampleError
from muforge.region import NOTE_REGION, Region, Window
from muforge.representation import PhysicsRepresentationConfig, Representation
from muforge.sample import features
from tests.judge.beam import beam

COMMON = Region(windows=(Window(p=(20, 40), pt=(0.1, 4)),))
ALL = Conditions(
    names=("category", "charge", "dangerous", "rarity"), category=2, share=0.2, region=NOTE_REGION
)


def normal(n: int = 50_000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, ALL.latents)).astype(np.float32)


def fitted(names: tuple[str, ...], region: Region = COMMON) -> FittedConditions:
    sample = beam(3000, seed=1)
    representation = Representation.fit(sample, features(4), PhysicsRepresentationConfig())
    return FittedConditions(names, 4, sample, region, representation, seed=0)  # type: ignore[arg-type]


def test_numbers_are_drawn_as_they_are_among_muons() -> None:
    condition, weight = ALL.draw(normal(), Given())
    assert condition.shape == (50_000, ALL.numbers) == (50_000, 7)
    assert (condition[:, :4] == [0, 1, 0, 0]).all()
    assert (condition[:, 4] == -1).all()
    assert condition[:, 5].mean() == pytest.approx(0.2, abs=0.01)
    assert kstest(condition[:, 6], halfnorm.cdf).pvalue > 1e-3
    assert (weight == 1).all()


def test_what_is_asked_for_is_drawn_with_its_share_as_weight() -> None:
    for flag, share in ((True, 0.2), (False, 0.8)):
        condition, weight = ALL.draw(normal(), Given(dangerous=flag))
        assert (condition[:, 5] == flag).all()
        assert weight == pytest.approx(share)


@pytest.mark.parametrize("given", [Given(rarity_spread=2), Given(rarity_spread=3, rarity=1)])
def test_weights_undo_the_spread_of_rarity(given: Given) -> None:
    condition, weight = ALL.draw(normal(), given)
    r = condition[:, 6]
    for low, high in ((0.0, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 3.0), (3.0, 4.0)):
        inside = (low <= r) & (r < high)
        expected = halfnorm.cdf(high) - halfnorm.cdf(low) if low >= (given.rarity or 0) else 0
        assert weight[inside].sum() / len(r) == pytest.approx(expected, abs=0.1 * expected)


def test_at_least_so_rare() -> None:
    condition, weight = ALL.draw(normal(), Given(rarity=2.5))
    assert condition[:, 6].min() >= 2.5
    assert weight == pytest.approx(2 * (1 - 0.9937903), rel=1e-4)
    assert (condition[:, 6] > 3).mean() == pytest.approx(0.0026998 / 0.0124193, abs=0.01)


def test_a_condition_that_the_model_was_not_trained_with_is_named() -> None:
    told = Conditions(names=("rarity",), category=1)
    with pytest.raises(
        ConfigError, match="condition 'dangerous': the model was not trained with it, only with rarity"
    ):
        told.draw(normal()[:, :1], Given(dangerous=True))
    with pytest.raises(ConfigError, match="conditions: names: "):
        Conditions.restore({"names": [], "category": 1})


def test_what_cannot_be_asked_for_is_refused() -> None:
    for bad in ({"rarity": -1}, {"rarity_spread": 0.5}, {"charge": 1}):
        with pytest.raises(ValidationError):
            Given.model_validate(bad)


def test_conditions_of_muons() -> None:
    sample = beam(3000, seed=2)
    told = fitted(("charge", "dangerous", "rarity"))
    condition = told.of(sample)
    assert (condition[:, 0] == -1).all()
    assert np.array_equal(condition[:, 1], COMMON.contains(sample))
    inside = COMMON.contains(sample)
    for stratum in (inside, ~inside):
        assert np.average(condition[stratum, 2], weights=sample.weight[stratum]) == pytest.approx(
            halfnorm.mean(), abs=0.15
        )
    expected = beam(3000, seed=1)
    share = expected.weight[COMMON.contains(expected)].sum() / expected.sum_of_weights
    assert told.conditions.share == pytest.approx(share)


def test_balanced_batches_depend_on_the_condition_alone() -> None:
    sample = beam(3000, seed=1)
    rare = Region(windows=(Window(p=(70, 75), pt=(0.01, 9)),))
    told = fitted(("dangerous", "rarity"), rare)
    condition = told.of(sample)
    weight = told.balanced(sample.weight, condition, dangerous=0.25, spread=1.0)
    inside = rare.contains(sample)
    assert weight[inside].sum() / weight.sum() == pytest.approx(0.25)
    assert weight.sum() == pytest.approx(sample.sum_of_weights)
    more_often = told.balanced(sample.weight, condition, dangerous=0, spread=2.0) / sample.weight
    order = np.argsort(condition[:, 1])
    assert (np.diff(more_often[order]) >= 0).all()
    assert more_often[order[-1]] > 10 * more_often[order[0]]
    common = fitted(("dangerous",))
    as_it_was = common.balanced(sample.weight, common.of(sample), dangerous=0.01, spread=1.0)
    assert np.array_equal(as_it_was, sample.weight)


def test_a_region_without_training_muons_is_named() -> None:
    far = Region(windows=(Window(p=(390, 399), pt=(9, 10)),))
    with pytest.raises(
        SampleError, match="category 4, training events: none of 3,000 muons is in the region"
    ):
        fitted(("dangerous",), far)
