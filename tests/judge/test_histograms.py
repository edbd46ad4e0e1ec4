from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.histograms import Histogram, fill, overlap, reduced_chi2

THREE_BINS = np.linspace(0.0, 3.0, 4)
TWENTY_BINS = np.linspace(0.0, 1.0, 21)


def filled(entries: list[int], weight: float, edges: np.ndarray = THREE_BINS) -> Histogram:
    centres = (edges[1:] + edges[:-1]) / 2
    values = np.repeat(centres, entries)
    return fill(values, np.full(len(values), weight), edges)


def test_contents_and_errors_by_hand() -> None:
    histogram = fill(np.array([0.5, 0.7, 2.0, 3.0, 3.1]), np.array([1.0, 2.0, 4.0, 1.0, 9.0]), THREE_BINS)

    assert histogram.sum_w.tolist() == [3.0, 0.0, 5.0]
    assert histogram.sum_w2.tolist() == [5.0, 0.0, 17.0]
    assert histogram.entries.tolist() == [2, 0, 2]
    assert histogram.fraction.tolist() == [3 / 8, 0.0, 5 / 8]
    assert histogram.fraction_variance.tolist() == [5 / 64, 0.0, 17 / 64]


def test_density_has_unit_integral_on_uneven_bins() -> None:
    edges = np.array([0.0, 0.1, 1.0, 4.0])
    values = np.random.default_rng(0).uniform(0, 4, 1000)
    histogram = fill(values, values, edges)

    assert histogram.density @ np.diff(edges) == pytest.approx(1.0)
    assert histogram.density_error == pytest.approx(np.sqrt(histogram.sum_w2) / values.sum() / np.diff(edges))


def test_reduced_chi2_by_hand_uses_only_bins_with_more_than_nine_entries_in_both() -> None:
    a = filled([10, 10, 9], weight=2.0)
    b = filled([20, 10, 30], weight=1.0)

    first = (20 / 58 - 20 / 60) ** 2 / (40 / 58**2 + 20 / 60**2)
    second = (20 / 58 - 10 / 60) ** 2 / (40 / 58**2 + 10 / 60**2)
    chi2, degrees_of_freedom = reduced_chi2(a, b)
    assert degrees_of_freedom == 1
    assert chi2 == pytest.approx(first + second)
    assert reduced_chi2(b, a)[0] == pytest.approx(chi2)


def test_reduced_chi2_is_undefined_with_fewer_than_two_common_bins() -> None:
    assert reduced_chi2(filled([50, 0, 9], 1.0), filled([50, 50, 50], 1.0)) == (None, 0)


def test_reduced_chi2_of_one_distribution_averages_to_one() -> None:
    generator = np.random.default_rng(1)

    def draw() -> Histogram:
        return fill(generator.uniform(0, 1, 2000), generator.exponential(1.0, 2000), TWENTY_BINS)

    values = [reduced_chi2(draw(), draw()) for _ in range(100)]
    mean = np.mean([chi2 for chi2, _ in values if chi2 is not None])
    degrees_of_freedom = len(TWENTY_BINS) - 2
    assert {dof for _, dof in values} == {degrees_of_freedom}
    assert mean == pytest.approx(1.0, abs=5 * np.sqrt(2 / degrees_of_freedom / len(values)))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([4, 2, 2], [8, 4, 4], 1.0),
        ([4, 0, 0], [0, 2, 3], 0.0),
        ([1, 1, 2], [3, 1, 0], 0.5),
    ],
)
def test_overlap(a: list[int], b: list[int], expected: float) -> None:
    assert overlap(filled(a, weight=3.0), filled(b, weight=0.5)) == pytest.approx(expected)
