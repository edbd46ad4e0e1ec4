"""One .npy array for muon-shield optimisation codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from muforge.errors import InputFileError
from muforge.files import check_output, discard, write_json
from muforge.formats.atomic_writer import AtomicWriter, check_offset
from muforge.formats.metadata import METADATA_KEY, TITLE_KEY, protons_on_target
from muforge.formats.protocol import FileInfo
from muforge.formats.reading import reading
from muforge.formats.shield import SHIELD_UNITS, shield_columns
from muforge.sample import Sample

NAME = "npy"
MAGIC = b"\x93NUMPY"
DTYPE = np.dtype("<f4")


class NpyWriter(AtomicWriter):
    """Writes one float32 array of shape (n, 8) with the columns `px py pz x y z pdg weight`.

    `x y z` is the start vertex in metres and `px py pz` the start momentum in GeV, not the state at the plane
    behind the absorber. The rows are written as they come: the header, whose length does not depend on n, is
    written again at the end. What the format has no place for goes beside it, into NAME.json: names and units
    of the columns, title and metadata.

    Arguments:
        path, force: As `AtomicWriter`, for both files.
        metadata, title: Entries `muforge` and `title` of NAME.json.
        z_offset: Metres added to `z`, to move to the frame of the consumer.

    Raises:
        OutputError: As `AtomicWriter`.
        ConfigError: The offset is not finite.

    References:
        The NPY format | https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
    """

    def __init__(
        self,
        path: Path | str,
        *,
        force: bool = False,
        metadata: Mapping[str, Any] | None = None,
        title: str = "",
        z_offset: float = 0.0,
    ) -> None:
        super().__init__(path, force=force, metadata=metadata, title=title)
        check_output(sidecar(self.path), force=force)
        self._z_offset = check_offset(z_offset)
        self._rows = 0
        self._file: Any = None

    def write(self, sample: Sample) -> None:
        columns = shield_columns(sample, self._z_offset)
        self._file.write(np.stack([columns[name].astype(DTYPE) for name in SHIELD_UNITS], axis=1).tobytes())
        self._rows += len(sample)

    @contextmanager
    def _opened(self, partial: Path) -> Iterator[None]:
        with partial.open("wb") as self._file:
            _write_header(self._file, 0)
            yield
            self._file.seek(0)
            _write_header(self._file, self._rows)
        discard(sidecar(self.path))

    def _completed(self) -> None:
        columns = [{"name": name, "unit": unit} for name, unit in SHIELD_UNITS.items()]
        content = {"columns": columns, TITLE_KEY: self._title, METADATA_KEY: json.loads(self._metadata)}
        write_json(sidecar(self.path), content)


def sidecar(path: Path) -> Path:
    """Where the column names and the metadata of an array are."""
    return path.with_name(f"{path.name}.json")


def describe(path: Path) -> FileInfo:
    """What such a file, and NAME.json if it is there, say of it.

    Raises:
        InputFileError: Either is damaged, or the array is not of as many columns.
    """
    with reading(path):
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    if len(shape) != 2 or shape[1] != len(SHIELD_UNITS):
        raise InputFileError(f"{path}: an array of shape {shape}, expected (n, {len(SHIELD_UNITS)})")
    content = _beside(path)
    with reading(sidecar(path)):
        columns: dict[str, str | None] = {
            str(column["name"]): str(column["unit"]) for column in content.get("columns", [])
        }
    metadata = stored_metadata(path)
    pot = protons_on_target(sidecar(path), metadata)
    title = str(content.get(TITLE_KEY, ""))
    return FileInfo(NAME, shape[0], pot, False, metadata, columns, title)


def stored_metadata(path: Path) -> dict[str, Any]:
    """The metadata beside a .npy file, {} if there are none."""
    metadata = _beside(path).get(METADATA_KEY, {})
    if not isinstance(metadata, dict):
        raise InputFileError(f"{sidecar(path)}: its metadata '{METADATA_KEY}' are not a JSON object")
    return metadata


def _beside(path: Path) -> dict[str, Any]:
    """The content of NAME.json, {} if there is none."""
    file = sidecar(path)
    if not file.is_file():
        return {}
    with reading(file):
        content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise InputFileError(f"{file}: not a JSON object")
    return content


def _write_header(file: BinaryIO, rows: int) -> None:
    header = {"descr": DTYPE.str, "fortran_order": False, "shape": (rows, len(SHIELD_UNITS))}
    np.lib.format.write_array_header_1_0(file, header)
