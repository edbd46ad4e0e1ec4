"""Whether stored tensors are those of a network."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from muforge.errors import ConfigError


def check_tensors(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    """Raise `ConfigError` if tensors are missing, left over or of another shape."""
    for name in sorted({*expected, *given}):
        if name not in given:
            raise ConfigError(f"tensor '{name}': missing")
        if name not in expected:
            raise ConfigError(f"tensor '{name}': not part of this model")
        if expected[name].shape != given[name].shape:
            raise ConfigError(
                f"tensor '{name}': shape {tuple(given[name].shape)}, expected {tuple(expected[name].shape)}"
            )
