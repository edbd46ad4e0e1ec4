"""Constants of rational-quadratic splines, for every implementation of them."""

from __future__ import annotations

from math import expm1, log

SMALLEST = 1e-3
"""Smallest share of the interval that a bin takes, and smallest slope at a knot."""

SLOPE_OFFSET = log(expm1(1 - SMALLEST))
"""softplus(SLOPE_OFFSET) = 1 - SMALLEST, so that a parameter of zero is a slope of one."""
