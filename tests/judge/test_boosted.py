from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from muforge.judge import boosted
from muforge.judge.boosted import Backend, Rows, Trees, train

BACKENDS: tuple[Backend, ...] = ("xgboost", "scikit-learn")


def rows(n: int, seed: int, shift: float = 0.5) -> Rows:
    """Real rows, then others, which differ by `shift` in the first of three columns."""
    generator = np.random.default_rng(seed)
    is_real = np.repeat(np.array([1, 0], np.int8), n)
    matrix = generator.normal(size=(2 * n, 3)).astype(np.float32)
    matrix[:n, 0] += np.float32(shift)
    return Rows(matrix, is_real, np.ones(2 * n))


def trained(backend: Backend, learn: Rows, stop: Rows, threads: int | None = 1) -> Trees:
    if backend == "xgboost":
        pytest.importorskip("xgboost", reason="xgboost is not installed (pip install 'muforge[judge]')")
    return train(learn, stop, random_state=0, threads=threads, backend=backend)


def test_backends_agree() -> None:
    learn, stop, test = rows(4000, 0), rows(1000, 1), rows(2000, 2)
    first, second = (trained(backend, learn, stop).probability(test.matrix) for backend in BACKENDS)
    assert np.mean((first - first.mean()) * (second - second.mean())) > 0.95 * first.std() * second.std()
    assert np.abs(first - second).mean() < 0.03


@pytest.mark.parametrize("backend", BACKENDS)
def test_probabilities_are_those_of_the_densities(backend: Backend) -> None:
    """Gaussians shifted by d: log(D / (1 - D)) = d * x - d**2 / 2."""
    test = rows(4000, 2)
    output = trained(backend, rows(8000, 0), rows(2000, 1)).probability(test.matrix)
    expected = 1 / (1 + np.exp(0.125 - 0.5 * test.matrix[:, 0].astype(np.float64)))
    assert output.shape == (8000,)
    assert np.abs(output - expected).mean() < 0.045


@pytest.mark.parametrize("backend", BACKENDS)
def test_trees_grown_after_the_best_one_are_dropped(backend: Backend) -> None:
    """Between equal rows the outputs stay near one half."""
    trees = trained(backend, rows(8000, 0, 0.0), rows(2000, 1, 0.0))
    assert trees.number < boosted.PATIENCE
    assert trees.probability(rows(4000, 2, 0.0).matrix).std() < 0.015


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_of_no_weight_teach_nothing(backend: Backend) -> None:
    """Half of the rows differ the other way round but weigh almost nothing."""
    right, wrong = rows(2000, 0, 1.0), rows(2000, 1, -1.0)
    learn = Rows(
        np.concatenate([right.matrix, wrong.matrix]),
        np.concatenate([right.is_real, wrong.is_real]),
        np.repeat([2.0, 1e-6], 4000),
    )
    test = rows(1000, 2, 1.0)
    output = trained(backend, learn, rows(1000, 3, 1.0)).probability(test.matrix)
    assert output[:1000].mean() > output[1000:].mean() + 0.1


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_of_the_stopping_rows_count(backend: Backend) -> None:
    """Stopping rows that contradict what is learnt end the training at once, unless they weigh almost nothing."""
    learn, right, wrong = rows(2000, 0, 1.0), rows(1000, 1, 1.0), rows(1000, 2, -1.0)
    both = Rows(
        np.concatenate([right.matrix, wrong.matrix]),
        np.concatenate([right.is_real, wrong.is_real]),
        np.repeat([2.0, 1e-6], 2000),
    )
    turned = replace(both, weight=both.weight[::-1].copy())
    assert trained(backend, learn, both).number > 5
    assert trained(backend, learn, turned).number <= 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_number_of_trees_is_limited(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosted, "MOST_TREES", 3)
    assert trained(backend, rows(2000, 0, 3.0), rows(500, 1, 3.0)).number == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_same_seed_gives_the_same_trees_on_any_threads(backend: Backend) -> None:
    learn, stop, test = rows(1000, 0), rows(300, 1), rows(300, 2)
    outputs = [trained(backend, learn, stop, threads).probability(test.matrix) for threads in (1, 1, None)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    np.testing.assert_allclose(outputs[0], outputs[2], atol=1e-4)
