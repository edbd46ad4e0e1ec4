"""Monotone rational-quadratic splines."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad, softmax, softplus

from muforge.models.spline_constants import SLOPE_OFFSET, SMALLEST


def parameters_per_spline(bins: int) -> int:
    """Widths and heights of the bins, and slopes at the knots between them."""
    return 3 * bins - 1


def rational_quadratic_spline(
    x: Tensor, parameters: Tensor, *, bound: float, inverse: bool = False
) -> tuple[Tensor, Tensor]:
    """A monotone spline on [-bound, bound] of each number, and the logarithm of its derivative.

    Parameters of zero give the identity, which is also what every spline is beyond the interval.

    Warning:
        Defined over [-bound, bound] only; numbers beyond pass unchanged.

    Arguments:
        x: Shape (...).
        parameters: Unconstrained widths, heights and slopes, shape (..., 3 bins - 1).
        bound: End of the interval.
        inverse: Apply the inverse, and return the logarithm of the inverse's derivative.

    References:
        Durkan et al., Neural spline flows | https://arxiv.org/abs/1906.04032
        Gregory, Delbourgo, Piecewise rational quadratic interpolation | https://doi.org/10.1093/imanum/2.2.123
    """
    bins = (parameters.shape[-1] + 1) // 3
    left, width = _bins(parameters[..., :bins], bound)
    bottom, height = _bins(parameters[..., bins : 2 * bins], bound)
    slope = pad(SMALLEST + softplus(parameters[..., 2 * bins :] + SLOPE_OFFSET), (1, 1), value=1.0)
    inside = (x > -bound) & (x < bound)
    at = torch.where(inside, x, torch.zeros_like(x))[..., None]
    edges = bottom if inverse else left
    number = ((at >= edges).sum(dim=-1, keepdim=True) - 1).clamp_(0, bins - 1)
    x0, w, y0, h, d0 = (t.gather(-1, number)[..., 0] for t in (left, width, bottom, height, slope))
    d1 = slope.gather(-1, number + 1)[..., 0]
    s = h / w
    curvature = d0 + d1 - 2 * s
    t = _solve(at[..., 0] - y0, h, s, d0, curvature) if inverse else (at[..., 0] - x0) / w
    across = t * (1 - t)
    denominator = s + curvature * across
    log_derivative = (
        2 * torch.log(s)
        + torch.log(d1 * t * t + 2 * s * across + d0 * (1 - t) * (1 - t))
        - 2 * torch.log(denominator)
    )
    if inverse:
        y, log_derivative = x0 + w * t, -log_derivative
    else:
        y = y0 + h * (s * t * t + d0 * across) / denominator
    return torch.where(inside, y, x), torch.where(inside, log_derivative, torch.zeros_like(x))


def _bins(unconstrained: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """Left edges and widths of bins that fill [-bound, bound]."""
    bins = unconstrained.shape[-1]
    widths = 2 * bound * (SMALLEST + (1 - SMALLEST * bins) * softmax(unconstrained, dim=-1))
    return pad(widths[..., :-1].cumsum(dim=-1), (1, 0)) - bound, widths


def _solve(y: Tensor, h: Tensor, s: Tensor, d0: Tensor, curvature: Tensor) -> Tensor:
    """The place t in [0, 1] in a bin at which the spline is y above the bin's bottom."""
    a = h * (s - d0) + y * curvature
    b = h * d0 - y * curvature
    c = -s * y
    return 2 * c / (-b - torch.sqrt((b * b - 4 * a * c).clamp_min(0)))
