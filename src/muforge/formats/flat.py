"""The flat ntuple `pythia8-Geant4`: what muon productions are handed on in, and what FairShip reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from muforge.errors import InputFileError
from muforge.formats.baskets import keeping_constants, write_without_copies
from muforge.formats.metadata import protons_in_title, protons_on_target
from muforge.formats.ntuple import (
    NTUPLE,
    REQUIRED_SOURCES,
    SOURCES,
    UNITS,
    events_known,
    metadata_in,
    to_chunk,
)
from muforge.formats.ntuple_writer import ROWS_PER_BLOCK, NtupleWriter, codec
from muforge.formats.protocol import Chunk, FileInfo
from muforge.formats.root_file import TREE_CLASSES, has_object, open_root, require_branches, steps


class FlatReader:
    """Reads flat ntuples, with branches of any numeric type and positions in metres.

    Without an `event` branch every row is an event of its own. Rows whose `id` is not +-13 are left out
    without being a fault, as FairShip's own reader does; a trailing row of zeros is one. Protons on target
    are those of our metadata, or those in a tree title such as `POT = 1e9`.
    """

    name = "flat"

    def recognises(self, path: Path) -> bool:
        return has_object(path, NTUPLE, TREE_CLASSES)

    def describe(self, path: Path) -> FileInfo:
        with open_root(path) as file:
            tree = file[NTUPLE]
            metadata = metadata_in(path, file)
            pot = protons_on_target(path, metadata) or protons_in_title(tree.title)
            known = events_known(_sources(path, tree), metadata)
            columns = {branch.name: UNITS.get(branch.name) for branch in tree.branches}
            return FileInfo(self.name, tree.num_entries, pot, known, metadata, columns, str(tree.title))

    def chunks(self, path: Path, rows: int) -> Iterator[Chunk]:
        with open_root(path) as file:
            tree = file[NTUPLE]
            sources = _sources(path, tree)
            known = events_known(sources, metadata_in(path, file))
            first = 0
            for arrays in steps(tree, list(sources.values()), rows, "np"):
                chunk = to_chunk(arrays, sources, first, what="branch", events_known=known)
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


class FlatWriter(NtupleWriter):
    """Writes an explicit TTree with the 17 float32 branches, in the layout that FairShip's reader binds.

    Arguments:
        path, force, metadata, z_offset, compression, event_columns, variations: As `NtupleWriter`.
        title: Title of the tree.
        buffer_row: End with a row of zeros, for FairShip versions that stop one entry early.
        rows_per_basket: Rows in each basket of each branch.

    Raises:
        OutputError, ConfigError, SampleError: As `NtupleWriter`.
    """

    byte_order = ">"

    def __init__(
        self,
        path: Path | str,
        *,
        buffer_row: bool = False,
        rows_per_basket: int = ROWS_PER_BLOCK,
        **options: Any,
    ) -> None:
        super().__init__(path, rows_per_block=rows_per_basket, block="basket", **options)
        self._buffer_row = buffer_row

    @contextmanager
    def _opened(self, partial: Path) -> Iterator[None]:
        with super()._opened(partial):
            yield
            if self._buffer_row:
                self._rows.append({name: np.zeros(1, dtype) for name, dtype in self._dtypes.items()})

    def _created(self, file: Any, dtypes: Mapping[str, np.dtype[Any]]) -> Any:
        tree = file.mktree(NTUPLE, dict(dtypes), title=self._title)
        if self._compression != "none":
            tree.compression = keeping_constants(codec(self._compression))
        write_without_copies(tree)
        return tree
