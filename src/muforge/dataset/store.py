"""`Dataset`: read access to what `ingest` made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from muforge.dataset.manifest import MANIFEST_NAME, SPLIT_FRACTIONS, SPLITS, Manifest, Split
from muforge.dataset.partners import MOMENTUM, with_partners
from muforge.errors import DatasetError
from muforge.sample import Sample, check_category, other_charge


class Dataset:
    """A data set on disk: four categories of weighted muons, split by event.

    Use `Dataset.open`. `manifest` holds everything that `dataset.json` says.
    """

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest

    def __repr__(self) -> str:
        counts = ", ".join(str(record.kept.muons) for record in self.manifest.categories.values())
        return f"Dataset({self.directory}: {counts} muons in categories 1 to 4)"

    @classmethod
    def open(cls, directory: str | Path) -> Dataset:
        """Open a data set.

        Raises:
            DatasetError: The directory is not a data set, or one of its files is missing.
        """
        path = Path(directory)
        manifest = Manifest.load(path)
        for record in manifest.categories.values():
            if Path(record.file).name != record.file:
                raise DatasetError(f"{path / MANIFEST_NAME}: file name '{record.file}' leaves the data set")
            if not (path / record.file).is_file():
                raise DatasetError(f"{path / record.file}: missing; run 'muforge ingest' again with --force")
        return cls(path, manifest)

    @property
    def protons_on_target(self) -> float:
        """The number of protons that the weights of all muons read stand for."""
        return self.manifest.protons_on_target.value

    def rate(self, category: int) -> float:
        """Muons of a category per proton on target: the sum of weights read, over the protons."""
        read = self.manifest.categories[check_category(category)].read
        return read.sum_of_weights / self.protons_on_target

    def load(self, category: int, split: Split | None = None) -> Sample:
        """The muons of one category, of one split or of all.

        Where the data say which muons come from one decay, they get the columns `PARTNER`.

        Raises:
            DatasetError: The category has no muons in this split, or its file is damaged.
        """
        if split is not None and split not in SPLITS:
            raise DatasetError(f"split '{split}': must be one of {', '.join(SPLITS)}")
        record = self.manifest.categories[check_category(category)]
        columns = self._read(category, split, self.manifest.columns)
        if len(columns["pdg"]) == 0:
            where = f" in the {split} split" if split else ""
            raise DatasetError(f"{self.directory}: category {category} has no muons{where}")
        fraction = SPLIT_FRACTIONS[split] if split else 1.0
        sample = Sample(
            columns,
            protons_on_target=self.protons_on_target * fraction * record.kept.muons / record.read.muons,
            events_known=self.manifest.events_known,
        )
        if "decay" not in sample or not sample.events_known:
            return sample
        return with_partners(sample, self._read(other_charge(category), split, ("event", "decay", *MOMENTUM)))

    def _read(self, category: int, split: Split | None, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.directory / self.manifest.categories[category].file
        chosen: list[Any] | None = None if split is None else [("split", "=", SPLITS.index(split))]
        try:
            table = pq.read_table(path, columns=list(names), filters=chosen)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(
                f"{path}: damaged ({error}); run 'muforge ingest' again with --force"
            ) from error
        return {name: table[name].to_numpy() for name in names}
