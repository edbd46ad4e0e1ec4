from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from muforge.judge.bdt import OUTPUT_EDGES, BDTResult, average, evaluate_output
from muforge.sample import Sample
from tests.judge.toy import toy


def weighted(*weights: float) -> Sample:
    """A sample of these weights, each muon an event of its own."""
    return toy(len(weights), 0, weight=np.array(weights))


@pytest.fixture
def result() -> BDTResult:
    """Real outputs 0.9 and 0.4 of weights 1 and 2; others 0.4 and 0.1 of weights 1 and 3."""
    return evaluate_output(
        np.array([0.9, 0.4]),
        weighted(1.0, 2.0),
        np.array([0.4, 0.1]),
        weighted(1.0, 3.0),
        np.random.default_rng(0),
    )


def test_auc_by_hand_counts_weights_and_half_of_ties(result: BDTResult) -> None:
    above = 1 * (1 + 3) + 2 * 3
    tied = 2 * 1
    assert result.auc == pytest.approx((above + tied / 2) / (3 * 4))


def test_overlap_and_effective_sizes_by_hand(result: BDTResult) -> None:
    assert result.overlap == pytest.approx(1 / 4)
    assert result.n_eff_real == pytest.approx(9 / 5)
    assert result.n_eff_other == pytest.approx(16 / 10)
    assert result.reduced_chi2 is None


def test_output_distribution_has_unit_area_with_the_ends_in(result: BDTResult) -> None:
    ends = evaluate_output(
        np.array([0.0, 1.0]),
        weighted(1.0, 1.0),
        np.array([1.0, 1.0]),
        weighted(1.0, 1.0),
        np.random.default_rng(0),
    )
    for one in (result, ends):
        assert one.density_real @ np.diff(OUTPUT_EDGES) == pytest.approx(1.0)
        assert one.density_other @ np.diff(OUTPUT_EDGES) == pytest.approx(1.0)
    assert np.flatnonzero(ends.density_real).tolist() == [0, 99]


def test_average_is_mean_and_standard_deviation(result: BDTResult) -> None:
    repeats = [
        replace(result, auc=auc, reduced_chi2=chi2) for auc, chi2 in ((0.5, 1.0), (0.6, 2.0), (0.7, 6.0))
    ]
    combined = average(repeats)

    assert combined.auc == pytest.approx(0.6)
    assert combined.auc_error == pytest.approx(0.1)
    assert combined.reduced_chi2 == pytest.approx(3.0)
    assert combined.reduced_chi2_error == pytest.approx(np.sqrt(7.0))
    assert combined.overlap_error == 0.0


def test_one_repeat_has_no_error(result: BDTResult) -> None:
    one = average([result])
    assert (one.auc_error, one.reduced_chi2_error, one.overlap_error) == (None, None, None)


def test_chi2_undefined_in_one_repeat_is_undefined_in_the_mean(result: BDTResult) -> None:
    combined = average([replace(result, reduced_chi2=1.0), replace(result, reduced_chi2=None)])
    assert combined.reduced_chi2 is None
    assert combined.reduced_chi2_error is None


def test_to_dict_is_strict_json(result: BDTResult) -> None:
    read_back = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert read_back["auc"] == result.auc
    assert read_back["reduced_chi2"] is None
    assert read_back["density_real"] == result.density_real.tolist()
