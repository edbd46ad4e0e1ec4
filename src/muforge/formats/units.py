"""Conversion between a `Sample` (cm) and the files that hold metres."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CENTIMETRES_PER_METRE = 100.0


def to_centimetres(metres: NDArray[Any]) -> NDArray[np.float64]:
    """Metres to centimetres, computed in float64."""
    return metres.astype(np.float64) * CENTIMETRES_PER_METRE


def to_metres(centimetres: NDArray[Any], offset: float = 0.0) -> NDArray[np.float32]:
    """Centimetres to metres, plus an offset in metres, as if computed in float64, returned as float32.

    Without an offset float32 is enough: a quotient in float64, rounded to float32, is the one in float32.

    References:
        Figueroa, When is double rounding innocuous? | https://doi.org/10.1145/221332.221334
    """
    if offset == 0 and centimetres.dtype == np.float32:
        return np.asarray(centimetres / np.float32(CENTIMETRES_PER_METRE), np.float32)
    return (centimetres.astype(np.float64) / CENTIMETRES_PER_METRE + offset).astype(np.float32)
