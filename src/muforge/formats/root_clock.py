"""A stopped clock for ROOT files: the same muons give the same bytes, whenever they are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import RLock
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

MUON_FILE_UUID = uuid5(NAMESPACE_URL, "pythia8-Geant4")
ROOT_EPOCH = datetime(1995, 1, 1)
"""The first moment that a ROOT TDatime can hold."""

_LOCK = RLock()


def constant_uuid() -> UUID:
    """The identifier of every file that muforge writes, in place of uproot's time-based `uuid1`."""
    return MUON_FILE_UUID


@contextmanager
def stopped_clock() -> Iterator[None]:
    """Within the block uproot stamps `ROOT_EPOCH` on all that it writes.

    A ROOT file carries the time of writing in its directory and in the key of every object and basket, so
    two runs with the same seed would differ. uproot has no option for it, but turns each of these times
    into bytes through one function, `uproot._util.datetime_to_code`, which is replaced here.

    Wrap single writes, not the life of a file: the lock then makes the blocks of several open files follow
    one another, also over threads, and the function that is put back is always uproot's own.
    """
    import uproot

    with _LOCK:
        original = uproot._util.datetime_to_code
        code = original(ROOT_EPOCH)

        def constant_code(_: Any) -> int:
            return int(code)

        uproot._util.datetime_to_code = constant_code
        try:
            yield
        finally:
            uproot._util.datetime_to_code = original
