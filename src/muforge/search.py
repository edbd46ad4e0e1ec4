"""`scan`: a search for good options, kept in a directory of trainings, results, figures and a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from muforge.dataset.manifest import MANIFEST_NAME
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, DatasetError, Interrupted, OutputError
from muforge.farm.config import LocalFarm, farm_config
from muforge.files import atomic, check_output_directory, discard, sha256, write_json
from muforge.scanning.alone import alone
from muforge.scanning.directory import BEST_NAME, FIGURES_NAME, PAGE_NAME, RESULT_NAME, SPACE_NAME
from muforge.scanning.going import Going, ScanProgress
from muforge.scanning.result import ScanResult
from muforge.scanning.space import DATASET_KEY, Space
from muforge.scanning.storage import begin_storage, quiet_optuna
from muforge.scans import space_file
from muforge.training.config import first_difference
from muforge.yaml_file import mapping_in

__all__ = ["ScanProgress", "ScanResult", "scan"]


def scan(
    space: str | Path,
    dataset: str | Path,
    out: str | Path,
    *,
    trials: int | None = None,
    farm: str = "local",
    settings: Mapping[str, Any] | None = None,
    categories: Sequence[int] | None = None,
    progress: Callable[[ScanProgress], None] = lambda _: None,
) -> ScanResult:
    """Train a model with many configurations and find the best of them by the validation events.

    Each trial is a run as `muforge train` makes it, but for the judgement on the test events, which are never read.
    What is compared is the best distance of the training's figure of merit from a perfect generator's, the mean over
    categories. A trial that fails is noted, and the others go on. The trials of grids and of random searches are the
    same for any number of workers.

    Arguments:
        space: A search space of `muforge.scans`, by its name, or a YAML file.
        dataset: Made by `ingest`.
        out: Directory of the scan; it may hold the same one, which is gone on with.
        trials: How many in all, with those that are there; None is all points of a grid.
        farm: As `muforge.farm.open_farm` takes it.
        settings: Values of the configuration by dotted keys or the note's options, over those of the space.
        categories: In the place of the space's.
        progress: Called at the beginning and after each trial.

    Raises:
        ConfigError: The space is not valid, or Optuna or what the farm needs is not installed.
        DatasetError: A category has no training or validation muons.
        OutputError: `out` holds something else, or a scan of another space or data set, or cannot be written.
        FarmError: As `open_farm`.
        Interrupted: SIGINT; trials that have ended, and checkpoints of the others, are kept.
    """
    quiet_optuna()
    directory, file = Path(out).absolute(), space_file(space)
    searched = Space.load(file, settings, categories)
    data = Dataset.open(Path(dataset).absolute())
    muons = _training_muons(data, searched.categories)
    number = _how_many(searched, trials, file)
    _begin(directory, searched, data)
    with alone(directory):
        begin_storage(directory, local=isinstance(farm_config(farm), LocalFarm))
        going = Going(directory, data, searched, muons, number)
        result = directory / RESULT_NAME
        if going.left == 0 and result.is_file():
            return ScanResult.from_dict(json.loads(result.read_text(encoding="utf-8")))
        discard(result)
        try:
            if going.left:
                going.run(farm, progress)
            found = ScanResult.of(going.study, searched)
            _finish(directory, searched, found)
        except KeyboardInterrupt:
            going.give_up()
            raise Interrupted(
                f"interrupted: {going.done} of {going.trials} trials have ended; they and the checkpoints of the "
                f"others are kept in {out}, and the same command goes on"
            ) from None
    return found


def _training_muons(data: Dataset, categories: Sequence[int]) -> dict[int, int]:
    """Of each category; raises `DatasetError` if one has none, or none to validate with."""
    for category in categories:
        for split in ("train", "validation"):
            if not data.manifest.categories[category].split[split]:
                raise DatasetError(f"{data.directory}: category {category} has no muons in the {split} split")
    return {category: data.manifest.categories[category].split["train"] for category in categories}


def _how_many(space: Space, trials: int | None, file: Path) -> int:
    if trials is not None and trials < 1:
        raise ConfigError(f"{file}: {trials} trials: there must be at least one")
    if space.sampler != "grid":
        if trials is None:
            raise ConfigError(f"{file}: say how many trials (--trials); only a grid has an end")
        return trials
    points = len(space.grid())
    if trials is not None and trials > points:
        raise ConfigError(f"{file}: {trials} trials, but the grid has {points} points")
    return points if trials is None else trials


def _begin(directory: Path, space: Space, data: Dataset) -> None:
    """Make the directory, or see that it is of the same scan."""
    check_output_directory(directory)
    path = directory / SPACE_NAME
    checksum = sha256(data.directory / MANIFEST_NAME)
    content = {**space.to_mapping(), DATASET_KEY: {"directory": str(data.directory), "sha256": checksum}}
    if directory.exists() and any(directory.iterdir()):
        if not path.is_file():
            raise OutputError(f"{directory}: holds other files than a scan's; choose another name")
        before = mapping_in(path, "the search space of a scan")
        was = before.pop(DATASET_KEY, {})
        if was.get("sha256") != checksum:
            raise OutputError(
                f"{directory}: holds a scan of data set {was.get('directory')}, which is not {data.directory} as it "
                "is now; choose another name"
            )
        key = first_difference(before, yaml.safe_load(yaml.safe_dump(space.to_mapping())))
        if key is not None:
            raise OutputError(f"{directory}: holds a scan with another {key}; choose another name")
        return
    directory.mkdir(exist_ok=True)
    with atomic(path) as partial:
        partial.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _finish(directory: Path, space: Space, found: ScanResult) -> None:
    """Write what was found; the result last, as its presence says that the rest is there."""
    from muforge import report
    from muforge.report.scan import scan_figures, write_scan_page

    if found.best is not None:
        space.config(found.best.parameters).save(directory / BEST_NAME)
    figures = scan_figures(found, space.parameters)
    folder = directory / FIGURES_NAME
    folder.mkdir(exist_ok=True)
    for each in figures:
        report.save(each.figure, folder / f"{each.name}.png")
    text = (directory / SPACE_NAME).read_text(encoding="utf-8")
    write_scan_page(directory.name, found, figures, text, directory / PAGE_NAME)
    write_json(directory / RESULT_NAME, found.to_dict())
