"""A data set that `ingest` made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from muforge.dataset.manifest import Split
from muforge.dataset.store import Dataset
from muforge.sample import CATEGORY_TITLES, COLUMNS


@dataclass(frozen=True)
class Content:
    """The muons of one category.

    Arguments:
        muons: In the data set.
        n_eff: Their effective sample size.
        rate: Muons per proton on target.
        split: Muons in each split.
        file, sha256: The Parquet file, and its checksum when it was written.
    """

    title: str
    muons: int
    n_eff: float
    rate: float
    split: dict[Split, int]
    file: str
    sha256: str


@dataclass(frozen=True)
class DatasetAbout:
    """What a data set says of itself.

    Arguments:
        path: As given.
        muforge_version: Of the muforge that made it.
        weights_protons_on_target: Protons that the weights of all muons read stand for.
        protons_source: How they are known.
        largest_weight: Of all muons.
        ecut: Energy cut of the production in GeV, if known.
        events_known: Whether it says which muons share a proton.
        seed: Of the split by event.
        columns: To their unit.
        files: Files read.
        left_out: Files left out, to the reason.
        rows_left_out: Damaged rows of the files read.
        categories: By number.
    """

    path: str
    muforge_version: str
    weights_protons_on_target: float
    protons_source: str
    largest_weight: float
    ecut: float | None
    events_known: bool
    seed: int
    columns: dict[str, str]
    files: int
    left_out: dict[str, str]
    rows_left_out: int
    categories: dict[int, Content]
    kind: Literal["data set"] = "data set"


def about_dataset(path: Path) -> DatasetAbout:
    """What the data set says of itself.

    Raises:
        DatasetError: Its manifest is damaged, or a file is missing.
    """
    dataset = Dataset.open(path)
    manifest = dataset.manifest
    return DatasetAbout(
        path=str(path),
        muforge_version=manifest.muforge_version,
        weights_protons_on_target=dataset.protons_on_target,
        protons_source=manifest.protons_on_target.source,
        largest_weight=manifest.largest_weight,
        ecut=manifest.ecut,
        events_known=manifest.events_known,
        seed=manifest.settings.seed,
        columns={name: COLUMNS[name].unit if name in COLUMNS else "" for name in manifest.columns},
        files=len(manifest.files),
        left_out={fault.path: fault.reason for fault in manifest.faults},
        rows_left_out=sum(record.faulty_rows for record in manifest.files),
        categories={
            category: Content(
                title=CATEGORY_TITLES[category],
                muons=record.kept.muons,
                n_eff=record.kept.n_eff,
                rate=dataset.rate(category),
                split=record.split,
                file=record.file,
                sha256=record.sha256,
            )
            for category, record in sorted(manifest.categories.items())
        },
    )
