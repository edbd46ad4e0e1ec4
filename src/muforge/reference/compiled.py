"""Numba's `njit`, with its type: functions compiled once, kept on disk, in strict IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function in machine code. Floating-point operations keep their order, so results repeat.

    Warning:
        Numba compiles anew when the function's own file has changed, not when a function that it calls from
        another file has: touch the caller's file after such a change.
    """
    return cast("Callable[Parameters, Result]", njit(cache=True, fastmath=False)(function))
