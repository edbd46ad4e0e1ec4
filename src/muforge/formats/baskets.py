"""Baskets of a TTree without what is not needed: no copies, and no second compression of a constant.

Most of the columns of a generated ntuple are constants. uproot makes a copy of each basket's bytes and compresses each
anew; here a basket is handed on as it lies in memory, and the compressed form of a constant one is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PAIR = 8
"""Bytes of two numbers of 32 bits, which are compared at once."""


class _Rows:
    """As much of an array as uproot's `write_np_basket` looks at, with bytes that are not copied."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.dtype, self.shape, self._array = array.dtype, array.shape, array

    def __len__(self) -> int:
        return len(self._array)

    def tobytes(self) -> memoryview:
        return self._array.view(np.uint8).data


def write_without_copies(tree: Any) -> None:
    """Let a writable TTree of uproot write its baskets of numbers without copying them.

    Arguments:
        tree: What `mktree` returned; its branches must be given in the byte order of ROOT, which is big-endian.
    """
    cascading = tree._cascading
    write = cascading.write_np_basket

    def write_rows(sink: Any, branch: str, compression: Any, array: NDArray[Any]) -> Any:
        return write(sink, branch, compression, _Rows(array))

    cascading.write_np_basket = write_rows


def keeping_constants(codec: Any) -> Any:
    """A compression of uproot that compresses a constant once.

    Arguments:
        codec: `uproot.LZ4(1)` or the like.
    """

    class Keeping(type(codec)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(codec.level)
            self._kept: dict[tuple[bytes, int], bytes] = {}

        def compress(self, data: memoryview) -> bytes:
            if not _constant(data):
                return bytes(super().compress(data))
            key = bytes(data[:_PAIR]), len(data)
            if key not in self._kept:
                self._kept[key] = bytes(super().compress(data))
            return self._kept[key]

    return Keeping()


def _constant(data: memoryview) -> bool:
    """Whether all numbers of 32 bits are the same."""
    pairs = np.frombuffer(data[: len(data) // _PAIR * _PAIR], np.uint64)
    few = pairs[:64]
    return bool(
        len(few) and data[:4] == data[-4:] == data[4:8] and (few == few[0]).all() and (pairs == few[0]).all()
    )
