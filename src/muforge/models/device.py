"""The device that networks run on."""

from __future__ import annotations

import torch

from muforge.errors import ConfigError


def available_device(name: str) -> torch.device:
    """A device of torch; raises `ConfigError` if there is none of this name, or not here."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(
            f"device '{name}': unknown to torch, expected for example 'cpu' or 'cuda'"
        ) from None
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ConfigError(f"device '{name}': not available here") from None
    return device
