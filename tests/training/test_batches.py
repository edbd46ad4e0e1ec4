from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from muforge.training import batches as batches_module
from muforge.training.batches import STEPS_PER_BLOCK, WeightedBatches


def numbered(weight: list[float], rows: int = 50, *, seed: int = 0, category: int = 1) -> WeightedBatches:
    """Batches of a matrix whose first column is the row's number."""
    number = np.arange(len(weight), dtype=np.float32)
    return WeightedBatches(np.stack([number, -number], axis=1), weight, rows, seed=seed, category=category)


def test_shape_and_type() -> None:
    batch = numbered([1, 2, 3], rows=7).at(0)
    assert batch.shape == (7, 2)
    assert batch.dtype == torch.float32
    assert torch.equal(batch[:, 0], -batch[:, 1])


def test_rows_come_in_proportion_to_their_weights() -> None:
    """Chi2 of 51,200 draws against the weights; 6 degrees of freedom, so 22.5 has probability 0.001."""
    weight = np.array([0.0, 3.0, 1.0, 0.0, 10.0, 1e-9, 5.0, 2.5, 0.5, 0.0])
    drawn = numbered(list(weight)).draw(0)
    counts = np.bincount(drawn, minlength=10)
    expected = weight / weight.sum() * drawn.size
    assert counts[weight == 0].sum() == 0
    seen = expected > 5
    chi2 = ((counts - expected)[seen] ** 2 / expected[seen]).sum()
    assert seen.sum() == 6
    assert chi2 < 22.5


def test_each_batch_is_a_fair_draw_by_itself() -> None:
    """Batches are shuffled: without that each would hold neighbouring rows of the sorted draw."""
    batches = numbered([1.0] * 1000)
    means = np.array([float(batches.at(step)[:, 0].mean()) for step in range(200)])
    spread = 1000 / 12**0.5 / 50**0.5
    assert means.mean() == pytest.approx(499.5, abs=5 * spread / 200**0.5)
    assert means.std() == pytest.approx(spread, rel=0.25)


def test_a_batch_depends_on_its_step_alone() -> None:
    steps = [0, 5, STEPS_PER_BLOCK - 1, STEPS_PER_BLOCK, 3 * STEPS_PER_BLOCK + 2]
    forwards = numbered([1.0, 2, 3] * 20)
    batches = {step: forwards.at(step).clone() for step in steps}
    backwards = numbered([1.0, 2, 3] * 20)
    for step in reversed(steps):
        assert torch.equal(backwards.at(step), batches[step])
    assert not torch.equal(batches[STEPS_PER_BLOCK], batches[0])


def test_seed_and_category_are_part_of_the_address() -> None:
    weight = [1.0] * 500
    base = numbered(weight).at(0)
    assert torch.equal(base, numbered(weight).at(0))
    assert not torch.equal(base, numbered(weight, seed=1).at(0))
    assert not torch.equal(base, numbered(weight, category=2).at(0))


def test_a_single_row_with_weight_is_always_drawn() -> None:
    assert set(numbered([0, 0, 1e-300, 0]).at(17)[:, 0].tolist()) == {2.0}


def test_the_smallest_and_largest_uniform_numbers_draw_rows_with_weight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ends(np.random.Generator):
        def random(self, n: int) -> Any:  # type: ignore[override]
            return np.resize([0.0, 1 - 2.0**-53], n)

    monkeypatch.setattr(batches_module, "stream", lambda *address: Ends(np.random.Philox(0)))
    assert set(numbered([0, 0, 2, 0.1, 0, 7, 0]).draw(0).tolist()) == {2, 5}


def test_weights_of_very_different_size_stay_in_range() -> None:
    drawn = numbered([1e-30, 1e30, 1e-30]).draw(0)
    assert set(drawn.tolist()) == {1}
