from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from muforge.judge.binned import BinnedTrees
from muforge.judge.binning import bin_of, equal_weight_edges, merged
from muforge.judge.chi2 import effective_entries, reduced_chi2, usable
from muforge.judge.replicas import Groups, Shares
from tests.judge.toy import toy


def test_bins_of_equal_weight() -> None:
    generator = np.random.default_rng(0)
    column, weight = generator.normal(size=5000), generator.exponential(size=5000)
    place = bin_of(column, equal_weight_edges(column, weight, 10))
    np.testing.assert_allclose(np.bincount(place, weight) / weight.sum(), 0.1, atol=0.005)


def test_repeated_values_share_a_bin() -> None:
    column = np.repeat([1.0, 2.0], 50)
    edges = equal_weight_edges(column, np.ones(100), 10)
    assert len(np.unique(bin_of(column, edges))) == 2


def test_merged_bins_add_up() -> None:
    shares = Shares(np.array([0.1, 0.2, 0.3, 0.4]), np.array([[1.0, 2.0, 3.0, 4.0]]))
    joined = merged(shares, [0, 1, 3])
    np.testing.assert_allclose(joined.value, [0.1, 0.5, 0.4])
    np.testing.assert_allclose(joined.deviation, [[1.0, 5.0, 4.0]])


def test_effective_entries_of_single_muons_are_their_number() -> None:
    sample = toy(20_000, 0, weight=np.ones(20_000))
    place = np.where(sample["px"] > 0.5, 0, 1)
    shares = Groups(sample, np.random.default_rng(0)).shares(place, 2)
    count = int((place == 0).sum())
    assert effective_entries(shares)[0] == pytest.approx(count / (1 - count / 20_000), rel=0.3)


def test_bins_with_little_in_both_are_left_out() -> None:
    full = Shares(np.array([0.9, 0.1, 0.0]), np.array([[0.01, 0.05, 0.0]]))
    empty = Shares(np.array([0.9, 0.0, 0.1]), np.array([[0.01, 0.0, 0.01]]))
    assert usable(full, empty).tolist() == [True, False, True]
    statistic = reduced_chi2(full, empty)
    assert statistic is not None
    assert statistic((full.value - empty.value)[None])[0] == pytest.approx(0.1**2 / 0.01**2)
    assert reduced_chi2(full, Shares(full.value, full.deviation * 100)) is None


def test_trees_on_bins_are_the_trees_on_values() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(4000, 3)).astype(np.float32)
    is_real = (rows[:, 0] + generator.normal(size=4000) > 0).astype(np.int8)
    plain = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(rows, is_real)
    binned = BinnedTrees(HistGradientBoostingClassifier(max_iter=20, random_state=0))
    binned.fit(rows, is_real, np.ones(4000))
    assert np.corrcoef(plain.predict_proba(rows)[:, 1], binned.predict_proba(rows)[:, 1])[0, 1] > 0.99
