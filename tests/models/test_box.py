"""Latents restricted to a box."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm
from torch import nn

from muforge.models.box import Boxed, probability


@pytest.mark.parametrize("ends", [(-1.0, 0.5), (1.0, np.inf), (-np.inf, -2.0), (8.0, 9.0), (-9.0, -7.0)])
def test_latents_of_a_box_are_truncated_normal(ends: tuple[float, float]) -> None:
    normal = torch.from_numpy(np.random.default_rng(0).standard_normal((4000, 3), np.float32))
    seen = Boxed(nn.Identity(), {1: ends})(normal).double().numpy()
    assert np.array_equal(seen[:, ::2], normal.double().numpy()[:, ::2])
    inside: NDArray[np.float64] = seen[:, 1]
    assert (inside > ends[0] - 1e-5).all()
    assert (inside < ends[1] + 1e-5).all()
    sign = -1 if sum(ends) > 0 else 1
    low, high = sorted(sign * np.array(ends))
    share = (norm.cdf(sign * inside) - norm.cdf(low)) / (norm.cdf(high) - norm.cdf(low))
    grid = (np.arange(4000) + 0.5) / 4000
    assert np.abs(np.sort(share) - grid).max() < 1.95 / 4000**0.5
    assert (np.diff(inside[np.argsort(normal[:, 1].numpy())]) >= 0).all()


def test_probability_is_exact_in_both_tails() -> None:
    expected = (norm.cdf(1) - norm.cdf(-1)) * (norm.sf(6) - norm.sf(8)) * (norm.cdf(-7) - norm.cdf(-9))
    box = {0: (-1.0, 1.0), 2: (6.0, 8.0), 3: (-9.0, -7.0), 4: (-np.inf, np.inf)}
    assert probability(box) == pytest.approx(expected, rel=1e-9)
    assert probability({}) == 1
