"""The flat ntuple `pythia8-Geant4`: what muon productions are handed on in, and what FairShip reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError, InputFileError, SampleError
from muforge.formats.atomic_writer import AtomicWriter, check_offset
from muforge.formats.blocks import Blocks, Columns
from muforge.formats.metadata import (
    EVENTS_FIELD,
    METADATA_KEY,
    decode,
    protons_in_title,
    protons_on_target,
)
from muforge.formats.protocol import Chunk, FileInfo
from muforge.formats.root_clock import constant_uuid, stopped_clock
from muforge.formats.root_file import classes, has_tree, open_root, require_branches, steps
from muforge.formats.sift import Sieve, sift
from muforge.formats.units import to_centimetres, to_metres
from muforge.sample import VARIATIONS, Sample

TREE = "pythia8-Geant4"
# fmt: off
BRANCHES = (
    "id", "px", "py", "pz", "x", "y", "z", "opx", "opy", "opz", "ox", "oy", "oz",
    "pythiaid", "parentid", "w", "ecut",
)
# fmt: on
"""The 17 float32 branches, in the order of FairShip's ntuple."""

EVENT_BRANCHES: Mapping[str, np.dtype[Any]] = {
    "event": np.dtype(np.int32),
    "origin": np.dtype(np.int32),
    "decay": np.dtype(np.int32),
    "time": np.dtype(np.float32),
}
"""Branches that the reference simulation appends; `time` is that of the start vertex in ns."""

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
    **{name: name for name in VARIATIONS},
}
SOURCES: Mapping[str, str] = {**REQUIRED_SOURCES, **OPTIONAL_SOURCES}
IN_METRES = frozenset({"start_x", "start_y", "start_z", "plane_x", "plane_y", "plane_z"})

DEFAULT_TITLE = "muons behind the hadron absorber (m, GeV), before smearing"
ROWS_PER_BASKET = 1_000_000

Compression = Literal["lz4", "zstd", "zlib", "none"]


class FlatReader:
    """Reads flat ntuples, with branches of any numeric type and positions in metres.

    Without an `event` branch every row is an event of its own. Rows whose `id` is not +-13 are left out
    without being a fault, as FairShip's own reader does; a trailing row of zeros is one. Protons on target
    are those of our metadata, or those in a tree title such as `POT = 1e9`.
    """

    name = "flat"

    def recognises(self, path: Path) -> bool:
        return has_tree(path, TREE)

    def describe(self, path: Path) -> FileInfo:
        with open_root(path) as file:
            tree = file[TREE]
            metadata = _metadata(path, file)
            pot = protons_on_target(path, metadata) or protons_in_title(tree.title)
            known = _events_known(_sources(path, tree), metadata)
            return FileInfo(self.name, tree.num_entries, pot, known, metadata)

    def chunks(self, path: Path, rows: int) -> Iterator[Chunk]:
        with open_root(path) as file:
            tree = file[TREE]
            sources = _sources(path, tree)
            known = _events_known(sources, _metadata(path, file))
            first = 0
            for arrays in steps(tree, list(sources.values()), rows, "np"):
                chunk = _chunk(arrays, sources, first, known)
                yield chunk
                first += chunk.entries


def _sources(path: Path, tree: Any) -> dict[str, str]:
    """Sample column to branch, for the branches that the tree has."""
    require_branches(path, tree, list(REQUIRED_SOURCES.values()))
    present = {branch.name: branch for branch in tree.branches}
    sources = {name: branch for name, branch in SOURCES.items() if branch in present}
    for branch in sources.values():
        dtype = getattr(present[branch].interpretation, "numpy_dtype", np.dtype(object))
        if dtype.kind not in "iuf" or dtype.shape:
            kind = present[branch].typename
            raise InputFileError(f"{path}: branch '{branch}' is of type {kind}, expected one number an entry")
    return sources


def stored_metadata(path: Path) -> dict[str, Any]:
    """The metadata in a ROOT file, {} if there are none."""
    with open_root(path) as file:
        return _metadata(path, file)


def _metadata(path: Path, file: Any) -> dict[str, Any]:
    return decode(path, str(file[METADATA_KEY])) if classes(file).get(METADATA_KEY) == "TObjString" else {}


def _events_known(sources: Mapping[str, str], metadata: Mapping[str, Any]) -> bool:
    return "event" in sources and bool(metadata.get(EVENTS_FIELD, True))


def _chunk(arrays: Mapping[str, NDArray[Any]], sources: Mapping[str, str], first: int, known: bool) -> Chunk:
    raw = {
        name: to_centimetres(arrays[branch]) if name in IN_METRES else arrays[branch]
        for name, branch in sources.items()
    }
    entries = np.arange(first, first + len(raw["pdg"]))
    sieve = Sieve(entries)
    sample = sift({"event": entries} | raw, sieve, labels=SOURCES, events_known=known)
    return Chunk(sample, len(entries), sieve.rejections)


class FlatWriter(AtomicWriter):
    """Writes an explicit TTree with the 17 float32 branches, in the layout that FairShip's reader binds.

    What the samples lack (`plane_*`, `parent_pdg`, `ecut`) is 0; `pythiaid` is `id`. The same muons in the
    same order give the same bytes, whatever the pieces and the time they are written in, and the name.

    Arguments:
        path, force: As `AtomicWriter`.
        metadata: JSON content of the object `muforge`, a TObjString beside the tree.
        title: Title of the tree.
        z_offset: Metres added to `z` and `oz`, to move to the frame of the consumer.
        buffer_row: End with a row of zeros, for FairShip versions that stop one entry early.
        rows_per_basket: Rows in each basket of each branch.
        compression: One of "lz4", "zstd", "zlib" (each at its fastest level) and "none".
        event_columns: Append `EVENT_BRANCHES` (0 where the sample lacks the column).
        variations: Append so many of `VARIATIONS`.

    Raises:
        OutputError: As `AtomicWriter`.
        ConfigError: An option is out of range.
        SampleError: With `event_columns`, a number of an event or a decay that does not fit into 32 bits.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        force: bool = False,
        metadata: Mapping[str, Any] | None = None,
        title: str = DEFAULT_TITLE,
        z_offset: float = 0.0,
        buffer_row: bool = False,
        rows_per_basket: int = ROWS_PER_BASKET,
        compression: Compression = "lz4",
        event_columns: bool = False,
        variations: int = 0,
    ) -> None:
        super().__init__(path, force=force, metadata=metadata, title=title)
        if compression not in get_args(Compression):
            raise ConfigError(
                f"compression '{compression}': must be one of {', '.join(get_args(Compression))}"
            )
        if rows_per_basket < 1:
            raise ConfigError(f"rows per basket {rows_per_basket}: must be at least 1")
        self._z_offset = check_offset(z_offset)
        self._buffer_row = buffer_row
        self._compression = compression
        self._event_columns = event_columns
        self._dtypes: dict[str, np.dtype[Any]] = {name: np.dtype(np.float32) for name in BRANCHES}
        if event_columns:
            self._dtypes |= EVENT_BRANCHES
        self._variations = VARIATIONS[:variations]
        self._dtypes |= dict.fromkeys(self._variations, np.dtype(np.float32))
        self._rows = Blocks(self._dtypes, rows_per_basket, self._extend)
        self._tree: Any = None

    def write(self, sample: Sample) -> None:
        columns = _branches(sample, self._z_offset)
        if self._event_columns:
            columns |= _event_branches(sample)
        columns |= {name: sample[name] for name in self._variations}
        self._rows.append(columns)

    @contextmanager
    def _opened(self, partial: Path) -> Iterator[None]:
        import uproot

        with partial.open("w+b") as raw:
            with stopped_clock():
                file = uproot.recreate(
                    raw, compression=_codec(self._compression), uuid_function=constant_uuid
                )
                file[METADATA_KEY] = self._metadata
                self._tree = file.mktree(TREE, self._dtypes, title=self._title)
            yield
            if self._buffer_row:
                self._rows.append({name: np.zeros(1, dtype) for name, dtype in self._dtypes.items()})
            self._rows.flush()

    def _extend(self, block: Columns) -> None:
        with stopped_clock():
            self._tree.extend(dict(block))


def _codec(compression: Compression) -> Any:
    import uproot

    codecs = {"lz4": uproot.LZ4, "zstd": uproot.ZSTD, "zlib": uproot.ZLIB}
    return codecs[compression](1) if compression in codecs else None


def _branches(sample: Sample, z_offset: float) -> dict[str, NDArray[Any]]:
    zeros = np.zeros(len(sample), np.float32)
    columns = dict.fromkeys(BRANCHES, zeros)
    for name in sample.names:
        branch = SOURCES.get(name)
        if branch in columns:
            offset = z_offset if branch in ("z", "oz") else 0.0
            columns[branch] = to_metres(sample[name], offset) if name in IN_METRES else sample[name]
    columns["pythiaid"] = columns["id"]
    return columns


def _event_branches(sample: Sample) -> dict[str, NDArray[Any]]:
    columns = {}
    for name, branch in OPTIONAL_SOURCES.items():
        if branch in EVENT_BRANCHES:
            dtype = EVENT_BRANCHES[branch]
            values = sample[name] if name in sample else np.zeros(len(sample), dtype)
            columns[branch] = _narrowed(name, values, dtype)
    return columns


def _narrowed(name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "i" and len(values):
        limit = np.iinfo(dtype)
        if not limit.min <= values.min() <= values.max() <= limit.max:
            raise SampleError(
                f"column '{name}': {values.min()} to {values.max()}, expected to fit into {8 * dtype.itemsize} bits"
            )
    return values
