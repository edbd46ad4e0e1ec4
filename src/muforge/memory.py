"""Memory that is freed and taken again, thousands of times a second."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of the parameters in glibc's `malloc.h`."""

_KEPT = 2**28
"""Bytes that are kept: a quarter of a gibibyte."""

_LARGEST = 2**25
"""Bytes of the largest block that is kept, glibc's own limit."""


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks of megabytes instead of giving each back to the system, for this process.

    Else every array of a chunk of muons is made of new pages, whose first touch costs more than its numbers. Without
    glibc nothing is changed.

    References:
        mallopt(3) | https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _KEPT)
