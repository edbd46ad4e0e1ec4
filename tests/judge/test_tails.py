from __future__ import annotations

import numpy as np
import pytest

from muforge.judge.quantities import values
from muforge.judge.tails import P_EDGES, PT_EDGES, Tails
from tests.judge.beam import beam, generated


def test_ratios_are_those_of_the_shares_beyond() -> None:
    real, null = (beam(5000, seed) for seed in range(2))
    other = generated(5000, 2, scale=14.0)
    findings = Tails()(real, other, null)
    row = next(
        each for each in findings.details["quantiles"] if each["quantity"] == "p" and each["level"] == 0.99
    )
    beyond = [values(sample, "p") > row["threshold"] for sample in (other, real, null)]
    shares = [
        sample.weight[rows].sum() / sample.sum_of_weights
        for sample, rows in zip((other, real, null), beyond, strict=True)
    ]
    assert row["ratio"] == pytest.approx(shares[0] / shares[1])
    assert row["null_ratio"] == pytest.approx(shares[2] / shares[1])
    assert shares[2] == pytest.approx(0.01, abs=0.001)
    assert row["low"] < row["ratio"] < row["high"]
    result = next(each for each in findings.results if each.of.startswith("p beyond its 99% quantile"))
    assert result.value == row["ratio"]
    assert (result.p_value or 0.0) < 0.05


def test_cells_hold_the_ratio_of_what_lies_in_them() -> None:
    real, null = (beam(5000, seed) for seed in range(2))
    other = generated(5000, 2)
    cells = Tails()(real, other, null).details["cells"]
    i, j = P_EDGES.index(15.0), PT_EDGES.index(0.25)
    shares = []
    for sample in (other, real):
        p, pt = values(sample, "p"), values(sample, "pt")
        inside = (p >= 15) & (p < 20) & (pt >= 0.25) & (pt < 0.5)
        shares.append(sample.weight[inside].sum() / sample.sum_of_weights)
    assert cells["ratio"][i][j] == pytest.approx(shares[0] / shares[1])
    assert cells["low"][i][j] < cells["ratio"][i][j] < cells["high"][i][j]
    assert np.sign(cells["significance"][i][j]) == np.sign(shares[0] - shares[1])
    assert cells["ratio"][0][0] is None


def test_regions_with_few_muons_have_no_p_value() -> None:
    real, null = (beam(500, seed) for seed in range(2))
    results = {each.of: each for each in Tails()(real, generated(500, 2), null).results}
    rare = [each for text, each in results.items() if "99.9%" in text]
    assert all(each.p_value is None for each in rare)
    assert next(each for text, each in results.items() if "p beyond its 90%" in text).p_value is not None
