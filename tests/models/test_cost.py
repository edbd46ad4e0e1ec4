"""Counting floating-point operations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from muforge.models import build_sampler, config_from
from muforge.models.cost import operations_per_sample
from muforge.presets import preset
from tests.models.test_families import box


def test_a_layer_by_hand() -> None:
    network = nn.Sequential(nn.Linear(5, 32), nn.SiLU(), nn.Linear(32, 3))
    assert operations_per_sample(network, 5) == (2 * 5 * 32 + 2 * 32 * 3, 32)


class Elementwise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.exp() + 1, x], dim=1)[:, :2]


def test_moving_numbers_is_free() -> None:
    assert operations_per_sample(Elementwise(), 7) == (0, 14)


def test_the_default_costs_at_most_five_thousand() -> None:
    config = preset("best").model
    for dimensions in (3, 5):
        sampler = build_sampler(config, dimensions, box(dimensions, -torch.inf, torch.inf))
        assert sum(operations_per_sample(sampler, config.latents(dimensions))) <= 5000


def test_the_wide_flow_costs_far_more() -> None:
    config = config_from({"family": "flow"})
    sampler = build_sampler(config, 5, box(5, -torch.inf, torch.inf))
    assert operations_per_sample(sampler, 5)[0] > 100_000
