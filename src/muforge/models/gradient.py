"""The gradient of a discriminator with respect to the muons that it looks at."""

from __future__ import annotations

import torch
from torch import Tensor


def gradient_at(logit: Tensor, rows: Tensor, dimensions: int) -> Tensor:
    """The gradient of each muon's logit with respect to its columns, shape (n, dimensions), itself differentiable.

    Arguments:
        logit: Shape (n, 1), made from `rows`.
        rows: Muons, and conditions beside them, which require a gradient.
        dimensions: Columns of a muon.
    """
    (gradient,) = torch.autograd.grad(logit.sum(), rows, create_graph=True)
    return gradient[:, :dimensions]
