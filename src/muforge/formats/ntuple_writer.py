"""What the writers of FairShip's ntuple share: a ROOT file of blocks of rows, the same bytes for the same muons."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from muforge.errors import ConfigError
from muforge.formats.atomic_writer import AtomicWriter, check_offset
from muforge.formats.blocks import Blocks, Columns
from muforge.formats.compression import Compression, check_compression
from muforge.formats.metadata import METADATA_KEY
from muforge.formats.ntuple import dtypes, to_columns
from muforge.formats.root_clock import constant_uuid, stopped_clock
from muforge.sample import Sample

DEFAULT_TITLE = "muons behind the hadron absorber (m, GeV), before smearing"
ROWS_PER_BLOCK = 1_000_000


class NtupleWriter(AtomicWriter):
    """Writes `NTUPLE` block by block, however the muons come in.

    What the samples lack (`plane_*`, `parent_pdg`, `ecut`) is 0; `pythiaid` is `id`. The same muons in the
    same order give the same bytes, whatever the pieces and the time they are written in, and the name.

    Arguments:
        path, force, metadata, title: As `AtomicWriter`; the metadata are the object `muforge`, a TObjString.
        z_offset: Metres added to `z` and `oz`, to move to the frame of the consumer.
        compression: One of "lz4", "zstd", "zlib" (each at its fastest level) and "none".
        event_columns: Append `EVENT_BRANCHES` (0 where the sample lacks the column).
        variations: Append so many of `VARIATIONS`.
        rows_per_block: Rows that are written at once.
        block: What the format calls a block.

    Raises:
        OutputError: As `AtomicWriter`.
        ConfigError: An option is out of range.
        SampleError: With `event_columns`, a number of an event or a decay that does not fit into 32 bits.
    """

    byte_order: ClassVar[Literal["<", ">"]] = "<"
    """Of the numbers in the file."""

    def __init__(
        self,
        path: Path | str,
        *,
        rows_per_block: int,
        block: str,
        force: bool = False,
        metadata: Mapping[str, Any] | None = None,
        title: str = DEFAULT_TITLE,
        z_offset: float = 0.0,
        compression: Compression = "lz4",
        event_columns: bool = False,
        variations: int = 0,
    ) -> None:
        super().__init__(path, force=force, metadata=metadata, title=title)
        if rows_per_block < 1:
            raise ConfigError(f"rows per {block} {rows_per_block}: must be at least 1")
        self._z_offset = check_offset(z_offset)
        self._compression = check_compression(compression)
        self._dtypes = dtypes(event_columns=event_columns, variations=variations)
        stored = {name: dtype.newbyteorder(self.byte_order) for name, dtype in self._dtypes.items()}
        self._rows = Blocks(stored, rows_per_block, self._extend)
        self._object: Any = None

    def write(self, sample: Sample) -> None:
        self._rows.append(to_columns(sample, self._dtypes, self._z_offset))

    @contextmanager
    def _opened(self, partial: Path) -> Iterator[None]:
        import uproot

        with partial.open("w+b") as raw:
            with stopped_clock():
                file = uproot.recreate(raw, compression=codec(self._compression), uuid_function=constant_uuid)
                file[METADATA_KEY] = self._metadata
                self._object = self._created(file, self._dtypes)
            yield
            self._rows.flush()

    @abstractmethod
    def _created(self, file: Any, dtypes: Mapping[str, np.dtype[Any]]) -> Any:
        """The new object in the file, which blocks are appended to with `extend`."""

    def _extend(self, block: Columns) -> None:
        with stopped_clock():
            self._object.extend(dict(block))


def codec(compression: Compression) -> Any:
    """uproot's compression of that name, None for "none"."""
    import uproot

    codecs = {"lz4": uproot.LZ4, "zstd": uproot.ZSTD, "zlib": uproot.ZLIB}
    return codecs[compression](1) if compression in codecs else None
