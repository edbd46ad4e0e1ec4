"""The formats by name, and the format of a given file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from muforge.errors import ConfigError, InputFileError
from muforge.formats import cbmsim, hdf5, npy, ntuple, parquet, root_file
from muforge.formats.atomic_writer import AtomicWriter
from muforge.formats.cbmsim import CbmsimReader
from muforge.formats.flat import FlatReader, FlatWriter
from muforge.formats.hdf5 import Hdf5Writer
from muforge.formats.npy import NpyWriter
from muforge.formats.parquet import ParquetReader, ParquetWriter
from muforge.formats.protocol import FileInfo, Reader
from muforge.formats.reading import starts_with
from muforge.formats.rntuple import RNTupleReader, RNTupleWriter

READERS: Mapping[str, Reader] = {
    reader.name: reader for reader in (CbmsimReader(), FlatReader(), RNTupleReader(), ParquetReader())
}
WRITERS: Mapping[str, type[AtomicWriter]] = {
    "flat": FlatWriter,
    "rntuple": RNTupleWriter,
    "parquet": ParquetWriter,
    "hdf5": Hdf5Writer,
    "npy": NpyWriter,
}
"""Each is made as `Writer(path, force=..., metadata=..., title=...)`; all but parquet also take `z_offset`."""

_STORED: Mapping[bytes, Callable[[Path], dict[str, Any]]] = {
    root_file.MAGIC: ntuple.stored_metadata,
    parquet.MAGIC: parquet.stored_metadata,
    hdf5.MAGIC: hdf5.stored_metadata,
    npy.MAGIC: npy.stored_metadata,
}

_DESCRIBED: Mapping[bytes, Callable[[Path], FileInfo]] = {
    hdf5.MAGIC: hdf5.describe,
    npy.MAGIC: npy.describe,
}
"""Of the formats that are written but not read."""


def reader_for(path: Path | str) -> Reader:
    """The reader of a file, found from what is in the file.

    Raises:
        InputFileError: The file is missing, empty, a directory, damaged, or of no format that muforge reads.
    """
    path = Path(path)
    _check_file(path)
    for reader in READERS.values():
        if reader.recognises(path):
            return reader
    raise _not_recognised(path)


def writer_for(name: str) -> type[AtomicWriter]:
    """The class that writes a format.

    Raises:
        ConfigError: There is no such format.
    """
    try:
        return WRITERS[name]
    except KeyError:
        raise ConfigError(f"format '{name}': must be one of {', '.join(WRITERS)}") from None


def metadata_of(path: Path | str) -> dict[str, Any]:
    """The metadata with which muforge wrote a file of any format, {} if they are not there to be read."""
    path = Path(path)
    try:
        _check_file(path)
        for magic, stored in _STORED.items():
            if starts_with(path, magic):
                return stored(path)
    except InputFileError:
        return {}
    return {}


def describe(path: Path | str) -> FileInfo:
    """What a file of any format of muforge says of itself, those that it only writes included.

    Raises:
        InputFileError: As `reader_for`, or a column is missing.
    """
    path = Path(path)
    _check_file(path)
    for magic, look in _DESCRIBED.items():
        if starts_with(path, magic):
            return look(path)
    if not any(starts_with(path, magic) for magic in _STORED):
        raise InputFileError(f"{path}: not a ROOT, Parquet, HDF5 or .npy file")
    return reader_for(path).describe(path)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputFileError(f"{path}: is a directory, expected a ROOT or Parquet file")
    if not path.exists():
        raise InputFileError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputFileError(f"{path}: the file is empty")


def _not_recognised(path: Path) -> InputFileError:
    if not starts_with(path, root_file.MAGIC):
        return InputFileError(f"{path}: not a ROOT or Parquet file")
    with root_file.open_root(path) as file:
        found = root_file.classes(file)
    for name, expected in {cbmsim.TREE: "a TTree", ntuple.NTUPLE: "a TTree or a ROOT::RNTuple"}.items():
        if name in found:
            return InputFileError(f"{path}: '{name}' is of class {found[name]}, expected {expected}")
    listed = ", ".join(f"'{name}' ({kind})" for name, kind in found.items()) or "nothing"
    return InputFileError(
        f"{path}: has neither a tree '{cbmsim.TREE}' nor '{ntuple.NTUPLE}'; it has {listed}"
    )
