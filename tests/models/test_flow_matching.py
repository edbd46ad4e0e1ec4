"""Flow matching."""

from __future__ import annotations

import torch
from torch import Tensor

from muforge.models import build, config_from
from muforge.models.flow_matching import VelocityField
from tests.models.test_families import box


class Rotation(VelocityField):
    """dx/dt = w (-y, x), whose solution is a rotation by w."""

    def velocity(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return 2 * torch.stack([-x[:, 1], x[:, 0]], dim=1)


def test_the_midpoint_method_is_of_second_order() -> None:
    start = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    exact = torch.tensor([[2.0]], dtype=torch.float64)
    expected = torch.cat([exact.cos(), exact.sin()], dim=1)
    errors = [
        float((Rotation(2, width=2, depth=1, midpoint_steps=steps)(start) - expected).norm())
        for steps in (8, 16)
    ]
    assert 3.5 < errors[0] / errors[1] < 4.5


def test_it_learns_a_shifted_normal_distribution() -> None:
    torch.manual_seed(0)
    config = config_from({"family": "flow_matching", "width": 16, "depth": 2, "learning_rate": 0.01})
    model = build(config, 2, box(2, -torch.inf, torch.inf))
    optimisers = model.optimisers()
    for _ in range(300):
        model.training_step(torch.tensor([1.5, -1.0]) + 0.5 * torch.randn(512, 2), optimisers)
    with torch.no_grad():
        made = model.sampler(torch.randn(4000, 2))
    torch.testing.assert_close(made.mean(dim=0), torch.tensor([1.5, -1.0]), atol=0.15, rtol=0)
    torch.testing.assert_close(made.std(dim=0), torch.tensor([0.5, 0.5]), atol=0.15, rtol=0)
