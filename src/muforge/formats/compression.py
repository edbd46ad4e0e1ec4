"""The compressions that files can have."""

from __future__ import annotations

from typing import Literal, get_args

from muforge.errors import ConfigError

Compression = Literal["lz4", "zstd", "zlib", "none"]
"""Each at its fastest level."""


def check_compression(compression: Compression) -> Compression:
    """The compression itself, or `ConfigError` if it is none of them."""
    if compression not in get_args(Compression):
        raise ConfigError(f"compression '{compression}': must be one of {', '.join(get_args(Compression))}")
    return compression
