from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.formats.protocol import Rejection
from muforge.formats.sift import Sieve, sift
from tests.formats.muons import some_muons


def raw_columns(rows: int) -> dict[str, NDArray[Any]]:
    return some_muons(rows, optional=False).columns


def labels(raw: dict[str, NDArray[Any]]) -> dict[str, str]:
    return {name: name.upper() for name in raw}


def test_clean_columns_pass_unchanged() -> None:
    raw = raw_columns(20)
    sieve = Sieve(np.arange(20))
    sample = sift(raw, sieve, labels=labels(raw))
    assert sieve.rejections == ()
    for name, values in raw.items():
        np.testing.assert_array_equal(sample[name], values, err_msg=name)


def test_a_row_is_rejected_for_its_first_reason_only() -> None:
    raw = raw_columns(6)
    raw["px"][[0, 2]] = np.nan
    raw["weight"][[2, 4]] = -1
    raw["pdg"][[0]] = 11
    sieve = Sieve(np.arange(100, 106))
    sample = sift(raw, sieve, labels=labels(raw))
    assert sieve.rejections == (
        Rejection("not a muon", 1, (100,), fault=False),
        Rejection("branch 'PX' is not finite", 1, (102,)),
        Rejection("branch 'WEIGHT' is negative", 1, (104,)),
    )
    np.testing.assert_array_equal(sample["pz"], raw["pz"][[1, 3, 5]])


def test_only_the_first_entries_are_named() -> None:
    sieve = Sieve(np.arange(1000))
    sieve.reject(np.arange(1000) >= 10, "bad")
    assert sieve.rejections == (Rejection("bad", 990, (10, 11, 12, 13, 14)),)


def test_after_narrowing_the_sieve_speaks_of_the_rows_kept() -> None:
    sieve = Sieve(np.array([3, 5, 7, 9]))
    sieve.reject(np.array([True, False, True, False]), "first")
    np.testing.assert_array_equal(np.array([0, 1, 2, 3])[sieve.narrow()], [1, 3])
    sieve.reject(np.array([False, True]), "second")
    assert sieve.rejections == (Rejection("first", 2, (3, 7)), Rejection("second", 1, (9,)))


def test_whole_numbers_at_the_ends_of_the_range() -> None:
    raw = raw_columns(4)
    raw["parent_pdg"] = np.array([-(2.0**31), 2.0**31 - 1, 2.0**31, -(2.0**31) - 1])
    raw["event"] = np.array([0, 2.0**63 - 1024, 2.0**62, 1])
    sieve = Sieve(np.arange(4))
    sample = sift(raw, sieve, labels=labels(raw))
    assert sieve.rejections == (Rejection("branch 'PARENT_PDG' is not a whole number of 32 bits", 2, (2, 3)),)
    assert sample["parent_pdg"].tolist() == [-(2**31), 2**31 - 1]
    assert sample["event"].tolist() == [0, 2**63 - 1024]
