"""Sizes and numbers as people write them."""

from __future__ import annotations

import re

from muforge.errors import ConfigError

_UNITS = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def bytes_of(text: str) -> float:
    """Bytes of a size such as `2GB` or `500 MB`, whose units are powers of a thousand.

    Raises:
        ConfigError: It is no size, or not positive.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?)\s*([kKMGT]?B?)\s*", text)
    unit = match.group(2).upper() if match else None
    if match is None or unit not in _UNITS or float(match.group(1)) <= 0:
        raise ConfigError(f"size '{text}': must be a positive number with a unit, such as 2GB or 500MB")
    return float(match.group(1)) * _UNITS[unit]


def whole_number(value: float, option: str) -> int:
    """A number such as 1e9 as an integer; `ConfigError` naming the option if it is none."""
    if not value.is_integer():
        raise ConfigError(f"{option} {value:g}: must be a whole number")
    return int(value)
