"""Against float64, over the whole range in which the engine uses them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from muforge.compiled import compiled
from muforge.engine.elementary import cos_sin_of_turn, exp, log, normal_pair, silu_pair, softplus
from muforge.engine.lanes import LANES, load, load_int, store

ROWS = 16_000 * LANES


@compiled
def exp_of(x: Any, out: Any) -> None:
    for k in range(0, len(x), LANES):
        store(out, k, exp(load(x, k)))


@compiled
def log_of(x: Any, out: Any) -> None:
    for k in range(0, len(x), LANES):
        store(out, k, log(load(x, k)))


@compiled
def softplus_of(x: Any, out: Any) -> None:
    for k in range(0, len(x), LANES):
        store(out, k, softplus(load(x, k)))


@compiled
def silu_of(x: Any, out: Any) -> None:
    for k in range(0, len(x), 2 * LANES):
        left, right = silu_pair(load(x, k), load(x, k + LANES))
        store(out, k, left)
        store(out, k + LANES, right)


@compiled
def cos_sin_of(x: Any, cosine: Any, sine: Any) -> None:
    for k in range(0, len(x), LANES):
        c, s = cos_sin_of_turn(load(x, k))
        store(cosine, k, c)
        store(sine, k, s)


@compiled
def normals_of(words: Any, out: Any) -> None:
    half = len(words) // 2
    for k in range(0, half, LANES):
        x, y = normal_pair(load_int(words, k), load_int(words, half + k))
        store(out, k, x)
        store(out, half + k, y)


def applied(function: Any, x: NDArray[np.float32]) -> NDArray[np.float64]:
    out = np.empty_like(x)
    function(x, out)
    return out.astype(np.float64)


def test_exp() -> None:
    x = np.linspace(-87, 88, ROWS, dtype=np.float32)
    np.testing.assert_allclose(applied(exp_of, x), np.exp(x.astype(np.float64)), rtol=1.2e-7)
    beyond = np.repeat(np.array([-1e4, 1e4], np.float32), LANES)
    np.testing.assert_allclose(applied(exp_of, beyond)[::LANES], np.exp([-87.0, 88.0]), rtol=1.2e-7)


def test_log() -> None:
    x = np.exp(np.linspace(-80, 80, ROWS)).astype(np.float32)
    exact = np.log(x.astype(np.float64))
    np.testing.assert_allclose(applied(log_of, x), exact, rtol=1.2e-7, atol=1e-8)


def test_softplus() -> None:
    x = np.linspace(-80, 80, ROWS, dtype=np.float32)
    np.testing.assert_allclose(applied(softplus_of, x), np.logaddexp(0, x.astype(np.float64)), rtol=3e-7)


def test_silu() -> None:
    x = np.linspace(-100, 100, ROWS, dtype=np.float32)
    exact = x / (1 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(applied(silu_of, x), exact, rtol=5e-7, atol=1e-15)


def test_cosine_and_sine() -> None:
    turn = np.linspace(0, 1, ROWS, dtype=np.float32)
    cosine, sine = np.empty_like(turn), np.empty_like(turn)
    cos_sin_of(turn, cosine, sine)
    exact = 2 * np.pi * turn.astype(np.float64)
    np.testing.assert_allclose(cosine, np.cos(exact), rtol=0, atol=1.3e-7)
    np.testing.assert_allclose(sine, np.sin(exact), rtol=0, atol=1.3e-7)


def test_normal_numbers_are_normal() -> None:
    words = np.random.default_rng(3).integers(-(2**31), 2**31, ROWS).astype(np.int32)
    z = np.empty(ROWS, np.float32)
    normals_of(words, z)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert np.corrcoef(z[: ROWS // 2], z[ROWS // 2 :])[0, 1] == pytest.approx(0, abs=5 / np.sqrt(ROWS / 2))
    assert stats.kurtosis(z) == pytest.approx(0, abs=5 * np.sqrt(24 / ROWS))


def test_the_rarest_words_give_the_largest_normal_number() -> None:
    words = np.zeros(2 * LANES, np.int32)
    z = np.empty(2 * LANES, np.float32)
    normals_of(words, z)
    assert z[0] == pytest.approx(np.sqrt(2 * 33 * np.log(2)), rel=1e-6)
    words[:LANES] = -1
    normals_of(words, z)
    assert z[0] == 0
