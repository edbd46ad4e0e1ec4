"""What can be judged, and what it can be judged against: data sets, bundles, runs and files of muons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muforge.bundle import MANIFEST_NAME as BUNDLE_NAME
from muforge.bundle import Bundle
from muforge.dataset.manifest import MANIFEST_NAME as DATASET_NAME
from muforge.dataset.manifest import Split
from muforge.dataset.store import Dataset
from muforge.files import sha256
from muforge.formats import metadata_of, read
from muforge.sample import CATEGORIES, Sample

MOST = 5_000_000
"""Muons of a generated file that are judged: the first ones."""


@dataclass(frozen=True, eq=False)
class Source:
    """Muons by category.

    Arguments:
        name: For people.
        categories: Those that there are.
        load: The muons of a category; of a model, as many as asked for, else all that there are.
        provenance: Kind, name and checksums, JSON-able; no path, since pages are passed on.
        history: Rows of the training history by category, where there is one.
        replicas: The same generator trained on resampled events.
    """

    name: str
    categories: tuple[int, ...]
    load: Callable[[int, int], Sample]
    provenance: Mapping[str, Any]
    history: Mapping[int, list[dict[str, Any]]] = field(default_factory=dict)
    replicas: tuple[Source, ...] = ()


def real_source(path: Path) -> Source:
    """Simulated muons: the test events of a data set, or all of a file.

    Raises:
        MuforgeError: It is neither.
    """
    return _of_dataset(Dataset.open(path), "test") if is_dataset(path) else _of_file(path)


def training_source(path: Path) -> Source:
    """The training events of a data set.

    Raises:
        DatasetError: It is not a data set.
    """
    return _of_dataset(Dataset.open(path), "train")


def generated_source(path: Path, seed: int) -> Source:
    """Muons of a bundle's or a finished run's models, of a data set's test events, or of a file.

    Raises:
        MuforgeError: It is none of these, or damaged.
    """
    if (path / BUNDLE_NAME).is_file():
        return _of_bundle(Bundle.load(path), seed)
    if is_dataset(path):
        return _of_dataset(Dataset.open(path), "test")
    return _of_run(path, seed) if path.is_dir() else _of_file(path)


def is_dataset(path: Path) -> bool:
    """Whether there is a data set at `path`."""
    return (path / DATASET_NAME).is_file()


def _of_dataset(data: Dataset, split: Split) -> Source:
    records = data.manifest.categories.items()
    present = tuple(category for category, record in records if record.kept.muons)
    files = {record.file: sha256(data.directory / record.file) for _, record in records}
    provenance = {"kind": f"data set, {split} events", "name": data.directory.name, "sha256": files}
    return Source(data.directory.name, present, lambda category, _: data.load(category, split), provenance)


def _of_file(path: Path) -> Source:
    """All of a file; of one that muforge generated, whose muons come in a random order, no more than `MOST`."""
    generated = "model" in metadata_of(path)
    sample = read([path], at_most=MOST if generated else None)
    category = sample.category
    present = tuple(number for number in CATEGORIES if (category == number).any())
    provenance = {"kind": "file", "name": path.name, "sha256": sha256(path), "muons": len(sample)}
    return Source(path.name, present, lambda number, _: sample.select(category == number), provenance)


def _of_bundle(bundle: Bundle, seed: int) -> Source:
    models = {str(category): record.model for category, record in bundle.manifest.categories.items()}
    provenance = {
        "kind": "bundle",
        "name": bundle.name,
        "sha256": bundle.identity,
        "seed": seed,
        "configuration": models,
    }
    return Source(
        bundle.name,
        tuple(bundle.rates),
        lambda category, muons: bundle.model(category).sample(muons, seed=seed),
        provenance,
        replicas=tuple(_of_bundle(each, seed + number) for number, each in enumerate(bundle.replicas, 1)),
    )


def _of_run(path: Path, seed: int) -> Source:
    from muforge.training.directory import BEST_NAME, category_directory, finished_categories, replicas_of

    runs = finished_categories(path)
    files = {str(category): sha256(category_directory(path, category) / BEST_NAME) for category in runs}
    models = {str(category): run.model.config.model_dump(mode="json") for category, run in runs.items()}
    return Source(
        path.name,
        tuple(runs),
        lambda category, muons: runs[category].model.sample(muons, seed=seed),
        {"kind": "run", "name": path.name, "sha256": files, "seed": seed, "configuration": models},
        {category: run.history for category, run in runs.items()},
        tuple(_of_run(each, seed + number) for number, each in enumerate(replicas_of(path), 1)),
    )
