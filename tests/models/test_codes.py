"""Codes made of standard normal numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from muforge.models.codes import Codes


def test_order_and_sizes() -> None:
    codes = Codes(noise=2, categorical=(3, 2), continuous=2)
    latents = torch.tensor([[0.1, 0.2, 0.0, 1.0, -1.0, 0.0, 7.0, 8.0]])
    assert (codes.latents, codes.outputs) == (6, 9)
    uniform = 2 * torch.special.ndtr(torch.tensor([-1.0, 0.0])) - 1
    expected = [0.1, 0.2, 0, 1, 0, 0, 1, *uniform.tolist(), 7, 8]
    assert codes(latents)[0].tolist() == pytest.approx(expected)


def test_codes_are_uniform_and_independent_of_the_noise() -> None:
    rng = np.random.default_rng(0)
    codes = Codes(noise=1, categorical=(5,), continuous=1)
    made = codes(torch.from_numpy(rng.standard_normal((50_000, 3)))).numpy()
    np.testing.assert_allclose(made[:, 1:6].mean(axis=0), 0.2, atol=5 * 0.4 / 50_000**0.5)
    assert (made[:, 1:6].sum(axis=1) == 1).all()
    assert made[:, 6].mean() == pytest.approx(0, abs=5 * 3**-0.5 / 50_000**0.5)
    assert made[:, 6].std() == pytest.approx(3**-0.5, rel=0.01)
    assert np.abs(np.corrcoef(made.T)[[0, 6]][:, [0, 1, 6]] - np.eye(3)[[0, 2]]).max() < 0.02


def test_extreme_numbers_have_codes() -> None:
    codes = Codes(noise=1, categorical=(3,), continuous=1)
    (category,), continuous = codes.told(torch.tensor([[0.0, 1e6, 1e6], [0.0, -1e6, -1e6]]))
    assert category.tolist() == [2, 0]
    assert continuous.flatten().tolist() == [1, -1]


def test_no_categories_or_no_continuous_codes() -> None:
    latents = torch.randn(4, 2)
    assert Codes(1, (2,), 0)(latents).shape == (4, 3)
    assert Codes(1, (), 1)(latents).shape == (4, 2)
