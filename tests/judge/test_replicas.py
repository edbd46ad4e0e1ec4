from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from muforge.errors import SampleError
from muforge.judge.replicas import Groups, Shares, compare_shares, number_of_events
from muforge.sample import Sample
from tests.judge.toy import altered, toy

BINS = 20
EXPERIMENTS = 200


def bins(sample: Sample) -> np.ndarray:
    return np.clip((sample["pz"].astype(np.float64) - 38) * BINS / 24, 0, BINS - 1).astype(np.intp)


def cloned(sample: Sample, times: int) -> Sample:
    """Every muon several times, the copies in its event: as correlated as can be."""
    return sample.select(np.repeat(np.arange(len(sample)), times))


def test_shares_are_those_of_the_weight() -> None:
    sample = toy(500, 1)
    shares = Groups(sample, np.random.default_rng(0)).shares(bins(sample), BINS)
    expected = np.bincount(bins(sample), sample.weight, BINS) / sample.sum_of_weights
    np.testing.assert_allclose(shares.value, expected, rtol=1e-12)


def test_rows_of_negative_bins_count_in_the_total_alone() -> None:
    sample = toy(500, 1)
    place = np.where(sample["px"] > 0, 0, -1)
    shares = Groups(sample, np.random.default_rng(0)).shares(place, 1)
    assert shares.value[0] == pytest.approx(sample.weight[place == 0].sum() / sample.sum_of_weights)


def test_means_of_an_indicator_are_shares() -> None:
    sample = toy(500, 1)
    groups = Groups(sample, np.random.default_rng(0))
    one = np.where(sample["px"] > 0, 0, -1)
    shares, means = groups.shares(one, 1), groups.means((one == 0)[:, None].astype(np.float64))
    np.testing.assert_allclose(means.value, shares.value)
    np.testing.assert_allclose(means.deviation, shares.deviation)


def test_variance_is_that_of_other_samples_of_the_same_law() -> None:
    found = [
        Groups(toy(2000, seed), np.random.default_rng(seed)).shares(bins(toy(2000, seed)), BINS)
        for seed in range(100)
    ]
    spread = np.var([shares.value for shares in found], axis=0, ddof=1)
    estimate = np.mean([shares.variance for shares in found], axis=0)
    filled = found[0].value > 0.02
    np.testing.assert_allclose(estimate[filled].sum(), spread[filled].sum(), rtol=0.15)


def test_variance_knows_that_muons_of_one_event_are_correlated() -> None:
    sample = toy(1000, 1)
    one, four = (
        Groups(each, np.random.default_rng(0)).shares(bins(each), BINS)
        for each in (sample, cloned(sample, 4))
    )
    np.testing.assert_allclose(four.variance, one.variance, rtol=1e-9)


def test_fluctuations_have_the_variance() -> None:
    sample = toy(2000, 1)
    groups = Groups(sample, np.random.default_rng(0))
    shares = groups.shares(bins(sample), BINS)
    noise = shares.fluctuations(groups.multipliers(np.random.default_rng(1), 4000))
    np.testing.assert_allclose(noise.var(axis=0), shares.variance, rtol=0.15)
    np.testing.assert_allclose(noise.sum(axis=1), 0, atol=1e-12)


def test_map_is_linear_in_value_and_fluctuations() -> None:
    shares = Shares(np.array([0.2, 0.3, 0.5]), np.array([[0.1, -0.1, 0.0]]))
    cumulated = shares.map(lambda rows: np.cumsum(rows, axis=1))
    np.testing.assert_allclose(cumulated.value, [0.2, 0.5, 1.0])
    np.testing.assert_allclose(cumulated.deviation, [[0.1, 0.0, 0.0]], atol=1e-15)


def largest(difference: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(difference).max(axis=1))


def p_value(real: Sample, other: Sample, seed: int) -> float:
    generator = np.random.default_rng(seed)
    sides = [Groups(sample, generator) for sample in (real, other)]
    shares = [side.shares(bins(sample), BINS) for side, sample in zip(sides, (real, other), strict=True)]
    multipliers = [side.multipliers(generator, 200) for side in sides]
    return compare_shares(shares[0], shares[1], multipliers[0], multipliers[1], largest).p_value


def test_p_values_of_clustered_against_single_muons_are_uniform() -> None:
    found = [p_value(cloned(toy(400, seed), 3), toy(600, 10_000 + seed), seed) for seed in range(EXPERIMENTS)]
    assert kstest(found, "uniform").pvalue > 0.01


def test_p_values_that_take_muons_for_independent_are_not_uniform() -> None:
    """The same pseudo-experiments, told that each muon is an event of its own."""
    found = []
    for seed in range(EXPERIMENTS):
        clustered = cloned(toy(400, seed), 3)
        single = altered(clustered, event=np.arange(len(clustered)))
        found.append(p_value(single, toy(600, 10_000 + seed), seed))
    assert kstest(found, "uniform").pvalue < 1e-6


def test_a_shift_is_found() -> None:
    shifted = altered(toy(2000, 2), pz=toy(2000, 2)["pz"] * np.float32(1.03))
    assert p_value(toy(2000, 1), shifted, 0) < 0.01
    assert p_value(toy(2000, 1), toy(2000, 2), 0) > 0.05


def test_a_single_event_has_no_error() -> None:
    with pytest.raises(SampleError, match="all muons are of one event"):
        Groups(toy(20, 0, per_event=20), np.random.default_rng(0))


def test_events_that_are_not_known_are_one_per_muon() -> None:
    sample = toy(20, 0, per_event=20)
    assert number_of_events(sample) == 1
    sample.events_known = False
    assert number_of_events(sample) == 20
