"""What a sample costs: floating-point operations, counted while a sampler runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

_ROWS = 64
_PRODUCTS = ("mm", "addmm", "bmm", "baddbmm")
_VIEWS = ("view", "slice", "select", "expand", "transpose", "split", "unsqueeze", "squeeze", "permute")
_COPIES = ("t", "cat", "stack", "gather", "embedding", "index", "clone", "constant_pad_nd")
_MAKERS = ("_to_copy", "zeros_like", "full_like", "unbind", "detach", "alias", "copy_", "arange")
_OTHERS = ("lift_fresh", "_unsafe_view", "reshape", "zeros", "empty", "empty_like", "where", "scalar_tensor")
_NO_OPERATION = frozenset((*_VIEWS, *_COPIES, *_MAKERS, *_OTHERS))
"""Operators that move numbers, or make them of nothing."""


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up 2 n m k for each matrix product, and one for each number that any other operation computes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products = 0
        self.others = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in _PRODUCTS:
            inner = [each for each in args if isinstance(each, Tensor)][-1].shape[-2]
            self.products += 2 * out.numel() * inner
        elif name not in _NO_OPERATION:
            first = out[0] if isinstance(out, tuple) else out
            self.others += first.numel() if isinstance(first, Tensor) else 0
        return out


def operations_per_sample(sampler: nn.Module, latents: int) -> tuple[int, int]:
    """Floating-point operations per row: in matrix products (two a multiplication), and in everything else.

    Everything else counts one for each number computed, an exponential as much as a sum; moving numbers is free.

    Arguments:
        sampler: Maps latents (n, latents) to samples.
        latents: Numbers in a latent vector.
    """
    latent = torch.zeros(_ROWS, latents)
    with torch.no_grad(), _Counter() as counter:
        sampler(latent)
    return round(counter.products / _ROWS), round(counter.others / _ROWS)
