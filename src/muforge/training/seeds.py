"""torch's random generators, seeded for one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from muforge.rng import Purpose, stream


@contextmanager
def seeded(seed: int, category: int, device: torch.device) -> Iterator[None]:
    """Seed the generators by their address inside; their states are put back afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(stream(seed, Purpose.TRAINING, category).integers(2**63)))
        yield
