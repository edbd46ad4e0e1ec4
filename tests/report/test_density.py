from __future__ import annotations

import numpy as np
import pytest

from muforge.report.density import Density, density, histogram, ratio
from tests.judge.toy import toy


def test_histogram_is_weighted_and_density_counts_the_flow_in() -> None:
    sample = toy(4, 0, pz=np.array([0.5, 0.5, 1.5, 9.0]), weight=np.array([1.0, 2.0, 3.0, 2.0]))
    result = density(histogram(sample, "pz", 4, (0.0, 2.0)))

    assert result.edges.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert result.values.tolist() == [0.0, 3 / 8 / 0.5, 0.0, 3 / 8 / 0.5]
    assert result.errors == pytest.approx([0.0, np.sqrt(5) / 8 / 0.5, 0.0, 3 / 8 / 0.5])
    assert result.outside == pytest.approx(2 / 8)


@pytest.mark.parametrize("column", ["start_x", "px", "pz"])
def test_area_and_share_outside_add_to_one(column: str) -> None:
    result = density(histogram(toy(500, 1), column, 30, (-1.0, 51.0)))
    assert result.values @ np.diff(result.edges) + result.outside == pytest.approx(1.0)


def test_ratio_by_hand() -> None:
    edges = np.arange(4.0)
    generated = Density(edges, np.array([0.2, 0.0, 0.5]), np.array([0.02, 0.0, 0.1]), 0.0)
    real = Density(edges, np.array([0.4, 0.1, 0.0]), np.array([0.1, 0.05, 0.0]), 0.0)
    result = ratio(generated, real)

    np.testing.assert_allclose(result.values, [0.5, 0.0, np.nan])
    np.testing.assert_allclose(result.errors, [0.05, 0.0, np.nan])
    np.testing.assert_allclose(result.band, [0.25, 0.5, np.nan])
