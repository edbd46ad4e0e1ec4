"""Rational-quadratic splines."""

from __future__ import annotations

import pytest
import torch

from muforge.models.spline import parameters_per_spline, rational_quadratic_spline

BOUND = 4.0


def parameters(rows: int, bins: int, scale: float = 2.0) -> torch.Tensor:
    return scale * torch.randn(rows, parameters_per_spline(bins), dtype=torch.float64)


@pytest.mark.parametrize("bins", [2, 5, 24])
def test_splines_invert_and_know_their_derivative(bins: int) -> None:
    torch.manual_seed(bins)
    chosen = parameters(500, bins)
    x = (1.5 * torch.randn(500, dtype=torch.float64)).requires_grad_()
    y, log_derivative = rational_quadratic_spline(x, chosen, bound=BOUND)
    (slope,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    torch.testing.assert_close(slope.log(), log_derivative)
    back, log_inverse = rational_quadratic_spline(y, chosen, bound=BOUND, inverse=True)
    torch.testing.assert_close(back, x, atol=1e-7, rtol=0)
    torch.testing.assert_close(log_inverse, -log_derivative, atol=1e-6, rtol=0)


def test_a_spline_rises_from_end_to_end_and_meets_the_identity() -> None:
    torch.manual_seed(0)
    chosen = parameters(1, 7).expand(1001, -1)
    x = torch.linspace(-BOUND - 1, BOUND + 1, 1001, dtype=torch.float64)
    y, log_derivative = rational_quadratic_spline(x, chosen, bound=BOUND)
    assert (y.diff() > 0).all()
    outside = x.abs() >= BOUND
    assert outside.sum() > 100
    assert torch.equal(y[outside], x[outside])
    assert (log_derivative[outside] == 0).all()
    assert (y - x).abs().max() > 0.1
    ends = torch.tensor([-BOUND, BOUND], dtype=torch.float64) * (1 - 1e-9)
    at_ends, slopes = rational_quadratic_spline(ends, chosen[:2], bound=BOUND)
    torch.testing.assert_close(at_ends, ends, atol=1e-6, rtol=0)
    torch.testing.assert_close(slopes, torch.zeros_like(slopes), atol=1e-4, rtol=0)


def test_parameters_of_zero_are_the_identity() -> None:
    x = torch.randn(100, dtype=torch.float64)
    y, log_derivative = rational_quadratic_spline(
        x, torch.zeros(100, parameters_per_spline(8), dtype=torch.float64), bound=BOUND
    )
    torch.testing.assert_close(y, x)
    torch.testing.assert_close(log_derivative, torch.zeros_like(x), atol=1e-12, rtol=0)
