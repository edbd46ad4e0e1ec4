from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from muforge.compiled import compiled
from muforge.engine.lanes import LANES, store_int
from muforge.engine.philox import philox, word


@compiled
def words_of(counter: Any, key: Any, out: Any) -> None:
    made = philox(
        word(counter[0]),
        word(counter[1]),
        word(counter[2]),
        word(counter[3]),
        np.uint64(key[0]),
        np.uint64(key[1]),
    )
    store_int(out, 0, made[0])
    store_int(out, LANES, made[1])
    store_int(out, 2 * LANES, made[2])
    store_int(out, 3 * LANES, made[3])


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_the_known_answers_of_random123(counter: str, key: str, expected: str) -> None:
    """Those for philox4x32-10 in the file `kat_vectors` of Random123."""

    def numbers(text: str) -> Any:
        return np.array([int(each, 16) for each in text.split()], np.uint32)

    out = np.empty(4 * LANES, np.int32)
    words_of(numbers(counter), numbers(key), out)
    np.testing.assert_array_equal(out.view(np.uint32).reshape(4, LANES).T, [numbers(expected)] * LANES)
