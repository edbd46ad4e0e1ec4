from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from muforge.training.ema import EMA


def module() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))


def first(net: nn.Module) -> Tensor:
    return next(net.parameters()).data


def test_average_follows_its_formula() -> None:
    net = module()
    ema = EMA(net, 0.6)
    expected = first(net).clone()
    for step in range(1, 30):
        with torch.no_grad():
            first(net).add_(step)
        ema.update(step)
        decay = min(0.6, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * first(net)
    torch.testing.assert_close(first(ema.average), expected)


def test_buffers_are_copied() -> None:
    net = module()
    ema = EMA(net, 0.99)
    net(torch.randn(8, 2))
    ema.update(1)
    for name, value in net.named_buffers():
        assert torch.equal(dict(ema.average.named_buffers())[name], value)


def test_decay_zero_is_the_module_itself() -> None:
    net = module()
    ema = EMA(net, 0.0)
    with torch.no_grad():
        first(net).mul_(1.2345678)
    ema.update(1)
    assert torch.equal(first(ema.average), first(net))


def test_average_is_apart_from_the_module() -> None:
    net = module()
    ema = EMA(net, 0.9)
    assert not ema.average.training
    assert not any(p.requires_grad for p in ema.average.parameters())
    before = first(net).clone()
    ema.update(1)
    with torch.no_grad():
        first(ema.average).zero_()
    assert torch.equal(first(net), before)
    assert net.training


@pytest.mark.parametrize("step", [1, 10**9])
def test_decay_never_exceeds_the_one_given(step: int) -> None:
    net = module()
    ema = EMA(net, 0.5)
    start = first(net).clone()
    with torch.no_grad():
        first(net).add_(1.0)
    ema.update(step)
    moved = float((first(ema.average) - start).mean())
    assert moved == pytest.approx(1 - min(0.5, (1 + step) / (10 + step)), rel=1e-5)
