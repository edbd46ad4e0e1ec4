from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.binning import weighted_quantile
from muforge.report.ranges import MARGIN, axis_range
from tests.judge.toy import toy


def test_weighted_quantile_by_hand() -> None:
    values = np.array([3.0, 1.0, 2.0])
    weight = np.array([1.0, 2.0, 7.0])
    assert weighted_quantile(values, weight, (0.0, 0.2, 0.21, 0.9, 0.91, 1.0)).tolist() == [1, 1, 2, 2, 3, 3]


def test_equal_weights_give_numpy_quantiles() -> None:
    values = np.random.default_rng(0).normal(size=1001)
    levels = (0.1, 0.5, 0.9)
    expected = np.quantile(values, levels, method="inverted_cdf")
    assert weighted_quantile(values, np.ones(1001), levels) == pytest.approx(expected)


def test_light_outliers_and_ghosts_do_not_stretch_an_axis() -> None:
    pz = np.append(np.linspace(10, 20, 5000), [1e4, 1e6])
    weight = np.append(np.ones(5000), [0.1, 0.0])
    low, high = axis_range(toy(5002, 0, pz=pz, weight=weight), "pz")
    assert 9.7 < low < 10
    assert 20 < high < 20.3


def test_start_z_is_drawn_whole() -> None:
    sample = toy(5000, 0, start_z=np.append(np.linspace(0, 10, 4999), 200.0))
    assert axis_range(sample, "start_z") == pytest.approx((-200 * MARGIN, 200 * (1 + MARGIN)))


def test_a_constant_column_has_an_axis() -> None:
    assert axis_range(toy(30, 0, category=1), "start_x") == (-0.5, 0.5)
