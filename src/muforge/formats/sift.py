"""From the raw columns of a file to a clean `Sample`, with an account of the rows left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.formats.protocol import Rejection
from muforge.sample import COLUMNS, MU_MINUS, MU_PLUS, Sample

FIRST_ENTRIES = 5
"""How many entries a `Rejection` names."""


class Sieve:
    """Which rows are kept so far, and why the others are not; a row is rejected for its first reason only.

    Arguments:
        entries: Entry number in the file of each row, shape (n,).
    """

    def __init__(self, entries: NDArray[np.int64]) -> None:
        self._entries = entries
        self._keep = np.ones(len(entries), bool)
        self._rejections: list[Rejection] = []

    def reject(self, bad: NDArray[np.bool_], reason: str, *, fault: bool = True) -> None:
        """Leave out the rows of the mask `bad`, shape (n,)."""
        if not bad.any():
            return
        entries = self._entries[bad & self._keep]
        self._keep &= ~bad
        if len(entries):
            first = tuple(int(entry) for entry in entries[:FIRST_ENTRIES])
            self._rejections.append(Rejection(reason, len(entries), first, fault))

    def narrow(self) -> NDArray[np.bool_] | slice:
        """The rows kept, as an index into columns; from here on the sieve speaks of those rows only."""
        rows = slice(None) if self._keep.all() else self._keep
        self._entries = self._entries[rows]
        self._keep = np.ones(len(self._entries), bool)
        return rows

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        return tuple(self._rejections)


def sift(
    raw: Mapping[str, NDArray[Any]],
    sieve: Sieve,
    *,
    labels: Mapping[str, str],
    what: str = "branch",
    events_known: bool = True,
) -> Sample:
    """The clean rows of raw numeric columns as a `Sample`; the others go into the sieve.

    Left out are, in this order: rows whose PDG code is not +-13 (no fault), values that are not finite, not
    whole or out of range for the column's type, and negative weights.

    Arguments:
        raw: Sample column name to numeric array of shape (n,), in the units of `Sample`.
        sieve: The sieve over these n rows.
        labels: Sample column name to its name in the file, for the reasons.
        what: What the file calls a column.
        events_known: As in `Sample`.
    """
    sieve.reject(_not_a_muon(raw["pdg"]), "not a muon", fault=False)
    columns = {name: _as_type(name, raw[name], sieve, f"{what} '{labels[name]}'") for name in raw}
    sieve.reject(columns["weight"] < 0, f"{what} '{labels['weight']}' is negative")
    rows = sieve.narrow()
    return Sample({name: values[rows] for name, values in columns.items()}, events_known=events_known)


def _not_a_muon(pdg: NDArray[Any]) -> NDArray[np.bool_]:
    other: NDArray[np.bool_] = np.isfinite(pdg) & (pdg != MU_MINUS) & (pdg != MU_PLUS)
    return other


def _as_type(name: str, values: NDArray[Any], sieve: Sieve, label: str) -> NDArray[Any]:
    dtype = COLUMNS[name].dtype
    if dtype.kind == "i":
        return _as_integers(values, dtype, sieve, label)
    with np.errstate(over="ignore"):
        converted = values.astype(dtype, copy=False)
    sieve.reject(~np.isfinite(converted), f"{label} is not finite")
    return converted


def _as_integers(values: NDArray[Any], dtype: np.dtype[Any], sieve: Sieve, label: str) -> NDArray[Any]:
    if np.can_cast(values.dtype, dtype):
        return values.astype(dtype, copy=False)
    finite = np.isfinite(values)
    sieve.reject(~finite, f"{label} is not finite")
    end = 2.0 ** (8 * dtype.itemsize - 1)
    fits = finite & (values >= -end) & (values < end) & (values == np.trunc(values))
    sieve.reject(~fits, f"{label} is not a whole number of {8 * dtype.itemsize} bits")
    return np.where(fits, values, 0).astype(dtype)
