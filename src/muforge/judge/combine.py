"""One p-value from several that are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SMALLEST, LARGEST = 1e-15, 0.99
"""P-values are taken to lie between these. A value near one would otherwise outweigh any small one."""


def combine(p_values: Sequence[float]) -> float:
    """The truncated Cauchy combination of p-values, close to uniform if each is, however correlated they are.

    It is exact, up to the truncation, for p-values that are independent or all the same, and towards zero for
    any others.

    Raises:
        ValueError: There are none.

    References:
        Liu, Xie, Cauchy combination test | https://doi.org/10.1080/01621459.2018.1554485
        Fang et al., Heavy-tailed distributions for combining dependent p-values | https://arxiv.org/abs/2103.12967
    """
    if not p_values:
        raise ValueError("no p-values to combine")
    p = np.clip(np.asarray(p_values, np.float64), SMALLEST, LARGEST)
    mean = float(np.mean(1 / np.tan(np.pi * p)))
    return float(np.arctan2(1, mean) / np.pi)
