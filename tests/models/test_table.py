"""Piecewise linear functions of a normal number."""

from __future__ import annotations

import torch

from muforge.models.table import Table


def test_knots_are_equally_far_apart_in_probability() -> None:
    table = Table(5, 2)
    with torch.no_grad():
        table.weight.copy_(torch.tensor([[0.0, 1], [10, 1], [20, 1], [30, 1], [40, 1]]))
    at = torch.special.ndtri(
        torch.tensor([1e-6, 0.125, 0.25, 0.5, 0.9, 1 - 1e-6], dtype=torch.float64)
    ).float()
    values = table(at)
    torch.testing.assert_close(values[:, 0], torch.tensor([0.0, 5, 10, 20, 36, 40]), atol=1e-3, rtol=0)
    torch.testing.assert_close(values[:, 1], torch.ones(6))


def test_far_out_a_table_keeps_its_last_value() -> None:
    table = Table(3, 1)
    torch.nn.init.normal_(table.weight)
    torch.testing.assert_close(table(torch.tensor([-40.0, 40.0])), table.weight[[0, -1]])
