"""Numba's `njit`, with its type: functions compiled once, kept on disk, in strict IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function in machine code. Floating-point operations keep their order, so results repeat.

    Other threads of Python run on while it does.

    Warning:
        Numba compiles anew when the function's own file has changed, not when a function that it calls from
        another file has: touch the caller's file after such a change.
    """
    try:
        made = njit(cache=True, nogil=True, fastmath=False)(function)
    except (
        RuntimeError
    ):  # neither the package's folder nor the user's cache can be written: compile in each process
        made = njit(nogil=True, fastmath=False)(function)
    return cast("Callable[Parameters, Result]", made)


def inlined(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """As `compiled`, to be called by compiled functions only, into which its code is copied."""
    return cast("Callable[Parameters, Result]", njit(fastmath=False, forceinline=True)(function))
