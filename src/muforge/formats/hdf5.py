"""HDF5 for muon-shield optimisation codes: one dataset per column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from muforge.errors import InputFileError
from muforge.formats.atomic_writer import AtomicWriter, check_offset
from muforge.formats.deferred import DeferredErrors
from muforge.formats.metadata import METADATA_KEY, TITLE_KEY, decode, protons_on_target
from muforge.formats.protocol import FileInfo
from muforge.formats.reading import reading
from muforge.formats.shield import SHIELD_DTYPES, SHIELD_UNITS, shield_columns
from muforge.sample import Sample

NAME = "hdf5"
MAGIC = b"\x89HDF"
ROWS_PER_CHUNK = 16_384


def describe(path: Path) -> FileInfo:
    """What such a file says of itself.

    Raises:
        InputFileError: It is damaged, or lacks a column, or its columns are of several lengths.
    """
    import h5py

    with reading(path), h5py.File(path) as file:
        missing = [name for name in SHIELD_UNITS if name not in file]
        if missing:
            raise InputFileError(
                f"{path}: column '{missing[0]}' is missing, found {', '.join(file) or 'none'}"
            )
        rows = {len(file[name]) for name in SHIELD_UNITS}
        if len(rows) > 1:
            raise InputFileError(f"{path}: columns of {' and '.join(map(str, sorted(rows)))} rows")
        metadata = _metadata(path, file)
        return FileInfo(
            NAME,
            rows.pop(),
            protons_on_target(path, metadata),
            events_known=False,
            metadata=metadata,
            columns={name: _unit(file[name]) for name in file},
            title=str(file.attrs.get(TITLE_KEY, "")),
        )


def stored_metadata(path: Path) -> dict[str, Any]:
    """The metadata in an HDF5 file, {} if there are none."""
    import h5py

    with reading(path), h5py.File(path) as file:
        return _metadata(path, file)


def _unit(dataset: Any) -> str | None:
    return str(dataset.attrs["unit"]) if "unit" in dataset.attrs else None


def _metadata(path: Path, file: Any) -> dict[str, Any]:
    return decode(path, file.attrs[METADATA_KEY]) if METADATA_KEY in file.attrs else {}


class Hdf5Writer(AtomicWriter):
    """Writes the datasets `px py pz x y z pdg weight`, each of shape (n,).

    `x y z` is the start vertex in metres and `px py pz` the start momentum in GeV, not the state at the plane
    behind the absorber. float32, `pdg` int32. The datasets are chunked and resizable and have the attribute
    `unit`.

    Arguments:
        path, force: As `AtomicWriter`.
        metadata: JSON content of the file's attribute `muforge`.
        title: The file's attribute `title`.
        z_offset: Metres added to `z`, to move to the frame of the consumer.

    Raises:
        OutputError: As `AtomicWriter`.
        ConfigError: The offset is not finite.
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
        self._z_offset = check_offset(z_offset)
        self._file: Any = None
        self._disk: DeferredErrors

    def write(self, sample: Sample) -> None:
        for name, values in shield_columns(sample, self._z_offset).items():
            dataset = self._file[name]
            rows = len(dataset)
            dataset.resize((rows + len(sample),))
            dataset[rows:] = values
        self._disk.check()

    @contextmanager
    def _opened(self, partial: Path) -> Iterator[None]:
        import h5py

        with DeferredErrors(partial) as self._disk:
            with h5py.File(self._disk, "w") as self._file:
                self._create_datasets()
                yield
            self._disk.check()

    def _create_datasets(self) -> None:
        self._file.attrs[METADATA_KEY] = self._metadata
        self._file.attrs[TITLE_KEY] = self._title
        for name, unit in SHIELD_UNITS.items():
            dataset = self._file.create_dataset(
                name, (0,), SHIELD_DTYPES[name], maxshape=(None,), chunks=(ROWS_PER_CHUNK,)
            )
            dataset.attrs["unit"] = unit
