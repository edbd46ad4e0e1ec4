"""Blocks of a fixed number of rows, however the rows come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Columns = Mapping[str, NDArray[Any]]


class Blocks:
    """Collects rows and hands them on in blocks of exactly `size` (the last one may be shorter).

    A file written through it has the same blocks, and so the same bytes, whatever the pieces it was given.

    Arguments:
        dtypes: Column name to type.
        size: Rows per block.
        emit: Called with the columns of each block, which are valid until it returns.
    """

    def __init__(self, dtypes: Mapping[str, DTypeLike], size: int, emit: Callable[[Columns], None]) -> None:
        self._block = {name: np.empty(size, dtype) for name, dtype in dtypes.items()}
        self._size = size
        self._fill = 0
        self._emit = emit

    def append(self, columns: Columns) -> None:
        """Add rows: every column of the block, each of shape (n,)."""
        rows = len(next(iter(columns.values())))
        taken = 0
        while taken < rows:
            step = min(self._size - self._fill, rows - taken)
            for name, block in self._block.items():
                block[self._fill : self._fill + step] = columns[name][taken : taken + step]
            taken += step
            self._fill += step
            if self._fill == self._size:
                self.flush()

    def flush(self) -> None:
        """Hand on the rows of the block begun, if any."""
        if self._fill:
            self._emit({name: block[: self._fill] for name, block in self._block.items()})
            self._fill = 0
