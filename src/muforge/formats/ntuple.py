"""FairShip's ntuple `pythia8-Geant4`: its columns, which are branches of a TTree or fields of an RNTuple."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import SampleError
from muforge.formats.metadata import EVENTS_FIELD, METADATA_KEY, decode
from muforge.formats.protocol import Chunk
from muforge.formats.root_file import classes, open_root
from muforge.formats.sift import Sieve, sift
from muforge.formats.units import to_centimetres, to_metres
from muforge.sample import COLUMNS, VARIATIONS, Sample

NTUPLE = "pythia8-Geant4"
# fmt: off
BRANCHES = (
    "id", "px", "py", "pz", "x", "y", "z", "opx", "opy", "opz", "ox", "oy", "oz",
    "pythiaid", "parentid", "w", "ecut",
)
# fmt: on
"""The 17 float32 columns, in the order of FairShip's ntuple."""

EVENT_BRANCHES: Mapping[str, np.dtype[Any]] = {
    "event": np.dtype(np.int32),
    "origin": np.dtype(np.int32),
    "decay": np.dtype(np.int32),
    "time": np.dtype(np.float32),
}
"""Columns that the reference simulation appends; `time` is that of the start vertex in ns."""

REQUIRED_SOURCES: Mapping[str, str] = {
    "pdg": "id",
    "start_x": "ox",
    "start_y": "oy",
    "start_z": "oz",
    "px": "opx",
    "py": "opy",
    "pz": "opz",
    "weight": "w",
}
OPTIONAL_SOURCES: Mapping[str, str] = {
    "event": "event",
    "start_t": "time",
    "plane_x": "x",
    "plane_y": "y",
    "plane_z": "z",
    "plane_px": "px",
    "plane_py": "py",
    "plane_pz": "pz",
    "parent_pdg": "parentid",
    "origin": "origin",
    "decay": "decay",
    "ecut": "ecut",
    "dangerous": "dangerous",
    **{name: name for name in VARIATIONS},
}
SOURCES: Mapping[str, str] = {**REQUIRED_SOURCES, **OPTIONAL_SOURCES}
"""Column of a `Sample` to column of the ntuple."""

IN_METRES = frozenset({"start_x", "start_y", "start_z", "plane_x", "plane_y", "plane_z"})

UNITS: Mapping[str, str] = {
    **{column: "m" if name in IN_METRES else COLUMNS[name].unit for name, column in SOURCES.items()},
    "pythiaid": "",
}
"""Column of the ntuple to its unit."""


def dtypes(*, event_columns: bool, variations: int) -> dict[str, np.dtype[Any]]:
    """Column to type, in the order of the file.

    Arguments:
        event_columns: Whether `EVENT_BRANCHES` are among them.
        variations: How many of `VARIATIONS` are.
    """
    out: dict[str, np.dtype[Any]] = dict.fromkeys(BRANCHES, np.dtype(np.float32))
    if event_columns:
        out |= EVENT_BRANCHES
    return out | dict.fromkeys(VARIATIONS[:variations], np.dtype(np.float32))


def to_columns(sample: Sample, names: Iterable[str], z_offset: float) -> dict[str, NDArray[Any]]:
    """The named columns of the ntuple, each of shape (n,); what the sample lacks is 0.

    Arguments:
        sample: The muons.
        names: Of columns, all of `BRANCHES` among them.
        z_offset: Metres added to `z` and `oz`.

    Raises:
        SampleError: A number of an event or a decay that does not fit into 32 bits, or a variation is missing.
    """
    columns: dict[str, NDArray[Any]] = dict.fromkeys(names, np.broadcast_to(np.float32(0), len(sample)))
    for name, column in SOURCES.items():
        if column in columns and (name in sample or name in VARIATIONS):
            offset = z_offset if column in ("z", "oz") else 0.0
            values = to_metres(sample[name], offset) if name in IN_METRES else sample[name]
            columns[column] = _narrowed(name, values, EVENT_BRANCHES.get(column))
    return columns | {"pythiaid": columns["id"]}


def _narrowed(name: str, values: NDArray[Any], dtype: np.dtype[Any] | None) -> NDArray[Any]:
    if dtype is not None and dtype.kind == "i" and len(values):
        limit = np.iinfo(dtype)
        if not limit.min <= values.min() <= values.max() <= limit.max:
            raise SampleError(
                f"column '{name}': {values.min()} to {values.max()}, expected to fit into {8 * dtype.itemsize} bits"
            )
    return values


def to_chunk(
    arrays: Mapping[str, NDArray[Any]],
    sources: Mapping[str, str],
    first: int,
    *,
    what: str,
    events_known: bool,
) -> Chunk:
    """Rows of the ntuple as muons; without a column `event` every row is an event of its own.

    Arguments:
        arrays: Columns of the ntuple, each of shape (n,).
        sources: Column of a `Sample` to column of the ntuple, for those that are there.
        first: Entry number of the first row.
        what: What the file calls a column.
        events_known: As in `Sample`.
    """
    raw = {
        name: to_centimetres(arrays[column]) if name in IN_METRES else arrays[column]
        for name, column in sources.items()
    }
    entries = np.arange(first, first + len(raw["pdg"]))
    sieve = Sieve(entries)
    sample = sift({"event": entries} | raw, sieve, labels=SOURCES, what=what, events_known=events_known)
    return Chunk(sample, len(entries), sieve.rejections)


def events_known(sources: Mapping[str, str], metadata: Mapping[str, Any]) -> bool:
    """Whether a file with these columns and metadata says which muons share a proton."""
    return "event" in sources and bool(metadata.get(EVENTS_FIELD, True))


def stored_metadata(path: Path) -> dict[str, Any]:
    """The metadata in a ROOT file, {} if there are none."""
    with open_root(path) as file:
        return metadata_in(path, file)


def metadata_in(path: Path, file: Any) -> dict[str, Any]:
    """The same of a file that is open."""
    return decode(path, str(file[METADATA_KEY])) if classes(file).get(METADATA_KEY) == "TObjString" else {}
