"""One network for several categories."""

from __future__ import annotations

import pytest
import torch

from muforge.models.autoregressive import AutoregressiveSplines
from muforge.models.flow import FlowConfig, FlowModel
from muforge.models.shared import SharedSplines

CONFIG = FlowConfig(width=6, depth=2, bins=4, knots=7, knots_others=3)
DIMENSIONS = (3, 3, 5, 5)


@pytest.fixture
def shared() -> SharedSplines:
    torch.manual_seed(0)
    network = SharedSplines(CONFIG, DIMENSIONS)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return network


def alone(shared: SharedSplines, number: int) -> AutoregressiveSplines:
    flow = FlowModel.make_sampler(CONFIG, DIMENSIONS[number])
    assert isinstance(flow, AutoregressiveSplines)
    flow.load_state_dict(shared.tensors_of(number))
    return flow


def rows(x: torch.Tensor, number: int) -> torch.Tensor:
    filled = torch.full((len(x), max(DIMENSIONS) - x.shape[1]), 0.7)
    return torch.cat([x, filled, torch.full((len(x), 1), float(number))], dim=1)


@pytest.mark.parametrize("number", range(len(DIMENSIONS)))
def test_the_flow_of_a_category_has_the_shared_density(shared: SharedSplines, number: int) -> None:
    x = torch.randn(50, DIMENSIONS[number])
    with torch.no_grad():
        expected = shared.log_prob(rows(x, number))
        torch.testing.assert_close(alone(shared, number).log_prob(x), expected, rtol=1e-4, atol=1e-4)


def test_categories_differ(shared: SharedSplines) -> None:
    x = torch.randn(50, 5)
    with torch.no_grad():
        assert (shared.log_prob(rows(x, 2)) - shared.log_prob(rows(x, 3))).abs().min() > 1e-4


def test_every_parameter_is_trained_and_foreign_columns_are_ignored(shared: SharedSplines) -> None:
    x = torch.cat([rows(torch.randn(20, size), number) for number, size in enumerate(DIMENSIONS)])
    shared.log_prob(x).mean().backward()  # type: ignore[no-untyped-call]
    for name, parameter in shared.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    other = x.clone()
    other[:40, 3:5] = -1.3
    with torch.no_grad():
        torch.testing.assert_close(shared.log_prob(other), shared.log_prob(x))
