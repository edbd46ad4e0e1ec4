"""torch's global settings, set for a while and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

MatmulPrecision = Literal["highest", "high", "medium"]

SMALL_LAYER = 65_536
"""Weights of a 256 x 256 layer. Where none is larger, converting to bfloat16 costs more than it saves."""


def fast_precision(network: nn.Module) -> MatmulPrecision:
    """The precision of matrix products with which a network trains fastest on a CPU."""
    largest = max(weight.numel() for weight in network.parameters())
    return "medium" if largest > SMALL_LAYER else "highest"


@contextmanager
def torch_settings(*, threads: int, matmul_precision: MatmulPrecision) -> Iterator[None]:
    """Use so many threads and this float32 matrix-product precision inside; restore both afterwards."""
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(matmul_precision)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
