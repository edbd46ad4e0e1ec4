"""Tails beyond the data: generalised Pareto distributions within a bound."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import numpy as np
import pytest

from muforge.errors import RepresentationError
from muforge.representation.tail import LIGHTEST, Tail

SHAPES = (-1.0, -0.5, 0.0, 0.2, 0.4)


def draw(shape: float, rows: int, seed: int) -> np.ndarray:
    """Excesses of scale 2, by inverting the survival function by hand."""
    u = np.random.default_rng(seed).random(rows)
    return 2 * (-np.log(u) if shape == 0 else (u**-shape - 1) / shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_fit_finds_the_tail_that_was_drawn(shape: float) -> None:
    fitted = [Tail.fit(draw(shape, 300, seed), np.ones(300)) for seed in range(100)]
    assert np.mean([tail.shape for tail in fitted]) == pytest.approx(shape, abs=0.05)
    assert np.mean([tail.scale for tail in fitted]) == pytest.approx(2, rel=0.08)


def test_weights_count() -> None:
    e = draw(0.2, 200, 0)
    weight = np.random.default_rng(1).integers(1, 5, 200)
    weighted, repeated = (
        Tail.fit(e, weight.astype(float)),
        Tail.fit(np.repeat(e, weight), np.ones(weight.sum())),
    )
    assert weighted.scale == pytest.approx(repeated.scale, rel=1e-3)
    assert weighted.shape == pytest.approx(repeated.shape, abs=1e-3)
    assert abs(weighted.shape - Tail.fit(e, np.ones(200)).shape) > 1e-3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reach", [1.5, 3.0, inf])
def test_survival_and_excess_are_inverse(shape: float, reach: float) -> None:
    tail = Tail(2.0, shape, reach)
    end = min(reach, 2 / -shape if shape < 0 else inf)
    e = np.linspace(0, min(end, 8.0), 50)[:-1]
    survival = tail.survival(e)
    assert survival[0] == 1
    assert (np.diff(survival) < 0).all()
    np.testing.assert_allclose(tail.excess(survival), e, atol=1e-12)
    last = float(tail.excess(np.array([0.0]))[0])
    assert last == pytest.approx(end)
    if end < inf:
        assert tail.survival(np.array([1.001 * end]))[0] == 0


def test_survival_by_hand() -> None:
    np.testing.assert_allclose(Tail(1.0, 0.5).survival(np.array([2.0])), [0.25])
    np.testing.assert_allclose(Tail(1.0, 0.0).survival(np.array([2.0])), [np.exp(-2)])
    np.testing.assert_allclose(Tail(4.0, -1.0, 2.0).survival(np.array([1.0])), [0.5])


def test_the_largest_excess_is_never_out_of_reach() -> None:
    """Moments alone would end this tail before its largest excess."""
    e = np.append(np.linspace(0.01, 1, 100), 1.4)
    tail = Tail.fit(e, np.ones(101))
    assert tail.survival(e[-1:])[0] >= 0.049 / 101


def test_state_survives_json() -> None:
    for tail in (Tail(1.5, -0.3, 7.0), Tail(1 / 3, 0.1)):
        assert Tail.from_state(json.loads(json.dumps(tail.state(), allow_nan=False))) == tail


@pytest.mark.parametrize("state", [None, {}, {"scale": 1, "shape": "x", "reach": None}, [1, 2, 3]])
def test_other_states_are_refused(state: Any) -> None:
    with pytest.raises(RepresentationError, match="not a scale, a shape and a reach"):
        Tail.from_state(state)


@pytest.mark.parametrize("constants", [(0.0, 0.1, 1.0), (1.0, np.nan, 1.0), (1.0, 0.1, 0.0)])
def test_impossible_constants_are_refused(constants: tuple[float, float, float]) -> None:
    with pytest.raises(RepresentationError, match="expected a positive scale"):
        Tail(*constants)


def test_excesses_that_are_almost_equal_have_a_finite_slope() -> None:
    tail = Tail.fit(np.array([0.11274, 0.11295]), np.ones(2))
    assert tail.shape == LIGHTEST
    rounded = Tail(float(f"{tail.scale:.6g}"), tail.shape)
    assert rounded.survival(np.array([0.11295]))[0] > 0
