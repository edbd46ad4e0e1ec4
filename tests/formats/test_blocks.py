from __future__ import annotations

import numpy as np
import pytest

from muforge.formats.blocks import Blocks, Columns


@pytest.mark.parametrize("pieces", [[10], [3, 3, 4], [1] * 10, [0, 7, 0, 3], [4, 4, 2]])
def test_blocks_have_the_size_asked_for(pieces: list[int]) -> None:
    seen: list[list[int]] = []

    def keep(block: Columns) -> None:
        assert block["a"].dtype == np.float32
        np.testing.assert_array_equal(block["b"], block["a"] + 1)
        seen.append(block["a"].tolist())

    blocks = Blocks({"a": np.float32, "b": np.int64}, 4, keep)
    start = 0
    for rows in pieces:
        values = np.arange(start, start + rows)
        blocks.append({"a": values, "b": values + 1})
        start += rows
    blocks.flush()
    blocks.flush()
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
