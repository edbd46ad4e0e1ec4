"""Normal scores: tables of quantiles with tails."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, norm

from muforge.errors import RepresentationError
from muforge.representation import Quantile
from muforge.representation.quantile import KNOTS

ROWS = 20_000
FREE = (-inf, inf)


def data(seed: int = 0, rows: int = ROWS) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.exponential(2, rows), rng.normal(size=rows), rng.uniform(size=rows)], axis=1)


def fit(x: np.ndarray, weight: np.ndarray | None = None, **bounds: tuple[float, float]) -> Quantile:
    names = {"a": FREE, "b": FREE, "c": FREE} | bounds
    return Quantile.fit(x, np.ones(len(x)) if weight is None else weight, bounds=names)


def test_scores_of_other_data_are_standard_normal() -> None:
    y = fit(data()).forward(data(seed=1))
    for column in y.T:
        assert kstest(column, norm.cdf).pvalue > 1e-3
    assert y.shape == (ROWS, 3)


def test_weights_move_the_scores() -> None:
    x = data()
    weight = 1 + 3 * x[:, 2]
    y = fit(x, weight).forward(x)
    for column in y.T:
        assert np.average(column, weights=weight) == pytest.approx(0, abs=2e-3)
        assert np.average(column**2, weights=weight) == pytest.approx(1, abs=5e-3)
    assert abs(y[:, 2].mean()) > 0.1


def test_round_trip_is_exact_even_beyond_the_data() -> None:
    x = data()
    quantile = fit(x, a=(0.0, inf), c=(0.0, 1.0))
    np.testing.assert_allclose(quantile.inverse(quantile.forward(x)), x, rtol=1e-9, atol=1e-9)
    scores = np.tile(np.linspace(-6, 6, 500)[:, None], 3)
    np.testing.assert_allclose(quantile.forward(quantile.inverse(scores)), scores, atol=1e-6)
    decoded = quantile.inverse(scores)
    assert (np.diff(decoded, axis=0) >= 0).all()
    assert decoded[-1, 0] > x[:, 0].max()


def test_bounds_hold_for_any_score() -> None:
    quantile = fit(data(), a=(0.0, 30.0), b=(-8.0, 8.0), c=(0.0, 1.0))
    for scores in (
        np.full((1, 3), -inf),
        np.full((1, 3), inf),
        40 * np.random.default_rng(0).normal(size=(99, 3)),
    ):
        decoded = quantile.inverse(scores)
        assert np.isfinite(decoded).all()
        assert (decoded >= [0, -8, 0]).all()
        assert (decoded <= [30 * (1 + 1e-12), 8 * (1 + 1e-12), 1 + 1e-12]).all()


def test_the_tail_goes_on_where_the_table_ends() -> None:
    """An exponential column: beyond the data, ten times fewer every 2 ln 10."""
    x = data(rows=100_000)
    quantile = fit(x)
    far = quantile.inverse(np.full((1, 3), norm.isf(1e-7)))[0, 0]
    assert far == pytest.approx(2 * np.log(1e7), rel=0.15)
    at = norm.isf(300 / 100_000)
    near = quantile.inverse(np.array([[at - 1e-9] * 3, [at + 1e-9] * 3]))
    np.testing.assert_allclose(near[0], near[1], rtol=1e-6)


def test_ties_share_a_score_and_come_back() -> None:
    x = data()
    x[: ROWS // 200, 1] = 0.5
    quantile = fit(x)
    y = quantile.forward(x)
    assert len(np.unique(y[: ROWS // 200, 1])) == 1
    np.testing.assert_allclose(quantile.inverse(y)[: ROWS // 200, 1], 0.5, atol=1e-9)


def test_an_atom_is_named() -> None:
    x = data()
    x[: ROWS // 20, 1] = 0.5
    with pytest.raises(RepresentationError, match=r"column 'b': 5.0% of the weight has the value 0.5"):
        fit(x)


def test_values_beyond_a_bound_are_named() -> None:
    x = data()
    x[17, 2] = 1.5
    with pytest.raises(RepresentationError, match=r"column 'c', row 17: 1.5; must be between 0 and 1"):
        fit(x, c=(0.0, 1.0))


def test_a_constant_column_is_named() -> None:
    x = data()
    x[:, 1] = 3
    with pytest.raises(RepresentationError, match="column 'b' is constant"):
        fit(x)


def test_further_columns_pass_unchanged() -> None:
    x = data()
    quantile = Quantile.fit(x, np.ones(ROWS), bounds={"a": FREE, "b": FREE}, unchanged=1)
    y = quantile.forward(x)
    assert quantile.dimensions == 3
    np.testing.assert_array_equal(y[:, 2], x[:, 2])
    np.testing.assert_array_equal(quantile.inverse(y)[:, 2], x[:, 2])


@pytest.mark.parametrize("rows", [20, 1000, ROWS])
def test_state_survives_json_to_the_last_bit(rows: int) -> None:
    one = fit(data(rows=rows), a=(0.0, inf))
    state = json.loads(json.dumps(one.state(), allow_nan=False))
    two = Quantile.from_state(state)
    x = data(seed=4)
    np.testing.assert_array_equal(one.forward(x), two.forward(x))
    np.testing.assert_array_equal(one.inverse(x), two.inverse(x))
    assert len(state["columns"][0]["knots"]) == min(rows, KNOTS)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(columns=3),
        lambda s: s.update(unchanged="1"),
        lambda s: s["columns"][0].update(knots=[2.0, 1.0]),
        lambda s: s["columns"][0].update(knots=[1.0]),
        lambda s: s["columns"][0].update(below=0.7),
        lambda s: s["columns"][0].update(upper=None),
    ],
)
def test_damaged_states_are_refused(change: Any) -> None:
    state = fit(data(rows=50)).state()
    change(state)
    with pytest.raises(RepresentationError):
        Quantile.from_state(state)


@pytest.mark.parametrize("rows", [5, 20, 60, 300])
@pytest.mark.parametrize("seed", range(5))
def test_scores_of_the_data_themselves_are_finite(rows: int, seed: int) -> None:
    """Few rows, an outlier, ties at an end, and a column that ends at its bound but for a hair."""
    x = data(seed, rows)
    x[0, 0] = 1e4
    x[1:3, 1] = x[:, 1].max() + 1
    x[3, 2] = 1 - 1e-12
    y = fit(x, a=(0.0, inf), c=(0.0, 1.0)).forward(x)
    assert np.isfinite(y).all()
    assert np.abs(y).max() < 9
