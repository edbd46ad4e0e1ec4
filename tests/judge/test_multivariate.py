"""Distances against closed forms and direct sums."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import norm, wasserstein_distance

from muforge.judge.checks import one_category
from muforge.judge.frechet import Frechet, frechet_distance
from muforge.judge.kernel import _Block, _discrepancy
from muforge.judge.one_dimensional import KS, W1, OneDimensional
from muforge.judge.quantities import quantities, values
from muforge.judge.sliced_wasserstein import SlicedWasserstein
from muforge.judge.standardise import NormalScores
from muforge.sample import Sample
from tests.judge.beam import beam, generated
from tests.judge.toy import altered, toy


def test_frechet_distance_of_gaussians() -> None:
    generator = np.random.default_rng(0)
    a, b = (generator.normal(size=(3, 3)) for _ in range(2))
    first, second = a @ a.T, b @ b.T
    shift = np.array([1.0, -2.0, 0.5])
    expected = shift @ shift + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert float(frechet_distance(shift, first, np.zeros(3), second)) == pytest.approx(expected)
    assert float(frechet_distance(shift, first, shift, first)) == pytest.approx(0.0, abs=1e-9)


def test_frechet_of_equal_distributions_is_zero_within_its_error() -> None:
    real, null = (beam(4000, seed) for seed in range(2))
    result = Frechet()(real, generated(4000, 2), null).results[0]
    for value, error in ((result.value, result.error), (result.null, result.null_error)):
        assert abs(value or 0.0) < 3 * (error or 0.0)


def test_discrepancy_is_the_direct_sum_without_pairs_of_one_event() -> None:
    generator = np.random.default_rng(0)
    blocks = [
        _Block(generator.normal(size=(6, 2)), generator.exponential(size=6), np.array([0, 0, 1, 2, 3, 3]))
        for _ in range(2)
    ]
    sums: dict[str, list[float]] = {"aa": [], "bb": [], "ab": []}
    for name, (x, y) in {"aa": (0, 0), "bb": (1, 1), "ab": (0, 1)}.items():
        weight, total = 0.0, 0.0
        for i in range(6):
            for j in range(6):
                if x == y and blocks[x].event[i] == blocks[y].event[j]:
                    continue
                w = blocks[x].weight[i] * blocks[y].weight[j]
                total += w * (blocks[x].scores[i] @ blocks[y].scores[j] / 2 + 1) ** 4
                weight += w
        sums[name].append(total / weight)
    expected = sums["aa"][0] + sums["bb"][0] - 2 * sums["ab"][0]
    assert _discrepancy(*blocks) == pytest.approx(expected)


def test_scores_are_normal_for_the_sample_that_they_were_fitted_to() -> None:
    sample = toy(5000, 1)
    scale = NormalScores.fit(sample, quantities(one_category(sample)))
    scores = scale.transform(sample)
    for column in scores.T:
        order = np.argsort(column)
        below = np.cumsum(sample.weight[order]) / sample.sum_of_weights
        assert np.abs(norm.cdf(column[order]) - below).max() < 0.01


def test_quantities_that_do_not_vary_have_no_score() -> None:
    sample = toy(100, 1, start_z=np.full(100, 3.0))
    assert "start_z" not in NormalScores.fit(sample, ("start_z", "px")).names


def unweighted(sample: Sample) -> Sample:
    return altered(sample, weight=np.ones(len(sample)))


def test_one_dimensional_distances_are_those_of_scipy() -> None:
    from scipy.stats import ks_2samp

    a, b = unweighted(toy(1500, 1)), unweighted(toy(1200, 2))
    found = {
        (result.name, result.of): result.value
        for result in OneDimensional()(a, b, unweighted(toy(1200, 3))).results
    }
    for name in ("px", "start_z", "pt"):
        x, y = values(a, name), values(b, name)
        assert found[KS, name] == pytest.approx(ks_2samp(x, y).statistic, abs=0.002)
        assert found[W1, name] == pytest.approx(wasserstein_distance(x, y) / x.std(), rel=0.03)


def test_splitting_a_weight_changes_nothing() -> None:
    real, other, null = (beam(1500, seed) for seed in range(3))
    halves = other.select(np.repeat(np.arange(1500), 2))
    halved = altered(halves, weight=halves.weight / 2)
    for test in (OneDimensional(), SlicedWasserstein(directions=5)):
        whole = [result.value for result in test(real, other, null).results]
        split = [result.value for result in test(real, halved, null).results]
        assert split == pytest.approx(whole, rel=0.05)
