"""One p-value from several that are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SMALLEST = 1e-15


def combine(p_values: Sequence[float]) -> float:
    """The Cauchy combination of p-values: uniform if each is, whether they are independent or the same.

    In between, for p-values of correlated tests, it is close to uniform and exact towards zero.

    Raises:
        ValueError: There are none.

    References:
        Liu, Xie, Cauchy combination test | https://doi.org/10.1080/01621459.2018.1554485
    """
    if not p_values:
        raise ValueError("no p-values to combine")
    p = np.clip(np.asarray(p_values, np.float64), _SMALLEST, 1 - _SMALLEST)
    mean = float(np.mean(1 / np.tan(np.pi * p)))
    return float(np.arctan2(1, mean) / np.pi)
