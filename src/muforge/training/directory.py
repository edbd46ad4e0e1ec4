"""A run on disk.

config.yaml                     the resolved configuration
checkpoints/last.safetensors    everything that is needed to go on
checkpoints/best.safetensors    the best model by the validation events
history.json                    one row per monitor call
monitor.json                    the figures of merit of the last monitor call
plots/                          figures of the last monitor call
result.json                     the best model on the test events, written once at the end
teacher/                        the run of the model that a student learns from
completion/                     the run of what follows from a start, with one of the other muons of decays in pair/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muforge.conditions import Conditions
from muforge.errors import OutputError, TrainingError
from muforge.files import check_output_directory, discard, write_json
from muforge.representation import Representation
from muforge.sample import CATEGORIES
from muforge.trained import TrainedModel
from muforge.trained_completion import TrainedCompletion
from muforge.training.checkpoint import load_checkpoint, save_checkpoint
from muforge.training.config import RunConfig, first_difference
from muforge.training.ranks import ALONE, Ranks
from muforge.training.state import Best

CONFIG_NAME = "config.yaml"
HISTORY_NAME = "history.json"
MONITOR_NAME = "monitor.json"
RESULT_NAME = "result.json"
PLOTS_NAME = "plots"
TEACHER_NAME = "teacher"
COMPLETION_NAME = "completion"
PAIR_NAME = "pair"
LAST_NAME = "checkpoints/last.safetensors"
BEST_NAME = "checkpoints/best.safetensors"


@dataclass(frozen=True)
class FitResult:
    """What a run gives.

    Arguments:
        model: The best one by the validation events.
        history: One row per monitor call: step, figures of merit with their nulls, mean losses.
        judged: `Comparison.to_dict()` of the model on the test events, or None if there were none.
        best_step: The training step that the model is of.
    """

    model: TrainedModel
    history: list[dict[str, Any]]
    judged: dict[str, Any] | None
    best_step: int


@dataclass(frozen=True)
class About:
    """What a run is of. A run is only gone on with if this agrees.

    Arguments:
        category: 1 to 4.
        config: The whole configuration.
        representation: State of the representation.
        data: Checksum of the encoded training events and their weights.
        conditions: State of the model's conditions, if it has any.
    """

    category: int
    config: RunConfig
    representation: dict[str, Any]
    data: str
    conditions: dict[str, Any] | None = None

    @classmethod
    def of(
        cls,
        config: RunConfig,
        representation: Representation,
        data: str,
        category: int,
        conditions: Conditions | None,
    ) -> Self:
        """Of the objects whose states are kept."""
        told = None if conditions is None else conditions.model_dump(mode="json")
        return cls(category, config, representation.state(), data, told)

    def state(self) -> dict[str, Any]:
        return {**vars(self), "config": self.config.to_mapping()}


def checksum(matrix: NDArray[np.float32], weight: NDArray[np.float64]) -> str:
    """Of encoded events and their weights."""
    digest = hashlib.sha256(matrix.tobytes())
    digest.update(weight.tobytes())
    return digest.hexdigest()


class RunDirectory:
    """The directory of one run; with `path` None, and on all ranks but the first, a run that leaves nothing behind.

    Arguments:
        path: Of the directory, which `begin` makes if it is not there.
        resume: Whether a run in it may be gone on with.
        ranks: Those that train together; all of them know the last checkpoint.

    Raises:
        OutputError: There is something in it and `resume` is not given, or it cannot be made there.
        TrainingError: The checkpoint in it is damaged.
    """

    def __init__(self, path: Path | None, *, resume: bool, ranks: Ranks = ALONE) -> None:
        self.path = path if ranks.leads else None
        self.last: dict[str, Any] | None = ranks.once(lambda: self._checkpoint(resume))

    def _checkpoint(self, resume: bool) -> dict[str, Any] | None:
        path = self.path
        if path is None:
            return None
        check_output_directory(path)
        if path.exists() and any(path.iterdir()):
            if not (path / CONFIG_NAME).is_file():
                raise OutputError(f"{path}: holds other files than a run's; choose another name")
            if not resume:
                raise OutputError(
                    f"{path}: a run exists already; give --resume to go on with it, or another name"
                )
            if (path / LAST_NAME).is_file():
                return load_checkpoint(path / LAST_NAME)
        return None

    def begin(self, about: About) -> None:
        """Check that the run on disk, if any, is the same one; make the directory and write the configuration.

        Raises:
            TrainingError: It is another one; the message names the option that differs.
            OutputError: The directory cannot be made or written.
        """
        if self.path is None:
            return
        if self.last is not None:
            self._check_same(self.last["about"], about)
        try:
            (self.path / LAST_NAME).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be made ({error.strerror})") from error
        about.config.save(self.path / CONFIG_NAME)

    def finished_result(self) -> FitResult | None:
        """The result of the run, if it has one."""
        if self.path is None or not (self.path / RESULT_NAME).is_file():
            return None
        return load_run(self.path)

    def go_on(self) -> None:
        """Remove the result of a run that is now trained further."""
        if self.path is not None:
            discard(self.path / RESULT_NAME)

    def save_last(self, about: About, progress: Mapping[str, Any], machinery: Mapping[str, Any]) -> None:
        if self.path is not None:
            state = {"about": about.state(), "progress": progress, "machinery": machinery}
            save_checkpoint(self.path / LAST_NAME, state)

    def save_best(self, about: About, best: Best) -> None:
        if self.path is not None:
            save_checkpoint(self.path / BEST_NAME, {"about": about.state(), "best": vars(best)})

    def save_history(self, history: list[dict[str, Any]]) -> None:
        if self.path is not None:
            write_json(self.path / HISTORY_NAME, history)

    def save_monitor(self, content: Mapping[str, Any]) -> None:
        if self.path is not None:
            write_json(self.path / MONITOR_NAME, content)

    def save_result(self, result: Mapping[str, Any]) -> None:
        if self.path is not None:
            write_json(self.path / RESULT_NAME, result)

    @property
    def plots(self) -> Path | None:
        """The folder of figures, made when asked for."""
        if self.path is None:
            return None
        folder = self.path / PLOTS_NAME
        folder.mkdir(exist_ok=True)
        return folder

    def _check_same(self, old: Mapping[str, Any], new: About) -> None:
        if old["category"] != new.category:
            raise TrainingError(f"{self.path}: is a run of category {old['category']}, not {new.category}")
        before, after = old["config"], new.config.to_mapping()
        raisable = _may_be_raised(new.config)
        for name in raisable:
            _check_raised(f"{self.path}: training.{name}", before["training"][name], after["training"][name])
        key = first_difference(_without(raisable, before), _without(raisable, after))
        if key is not None:
            raise TrainingError(
                f"{self.path}: {key} is {_at(before, key)!r} in the run and {_at(after, key)!r} now; "
                f"only training.{' and training.'.join(raisable)} may be raised"
            )
        if old["data"] != new.data:
            raise TrainingError(f"{self.path}: the run was trained on other training events")


def load_run(path: Path) -> FitResult:
    """The result of a finished run.

    Raises:
        TrainingError: The run is not finished, or one of its files is damaged.
    """
    if not (path / RESULT_NAME).is_file():
        raise TrainingError(f"{path}: not a finished run, it has no {RESULT_NAME}")
    try:
        result = json.loads((path / RESULT_NAME).read_text(encoding="utf-8"))
        history = json.loads((path / HISTORY_NAME).read_text(encoding="utf-8"))
        model = load_model(path / BEST_NAME)
        if (path / COMPLETION_NAME).is_dir():
            model = model.completed_by(load_completion(path / COMPLETION_NAME))
        return FitResult(model, history, result["judged"], result["best_step"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path}: damaged run ({error})") from error


def load_model(path: Path) -> TrainedModel:
    """The model in a `best.safetensors`; raises `TrainingError` if it is damaged."""
    state = load_checkpoint(path)
    try:
        about = state["about"]
        return TrainedModel.restore(
            about["category"],
            about["config"]["model"],
            about["representation"],
            state["best"]["tensors"],
            about.get("conditions"),
        )
    except KeyError as error:
        raise TrainingError(f"{path}: not the best model of a run (it has no {error})") from None


def load_completion(path: Path) -> TrainedCompletion:
    """The completion whose run is in a directory; raises `TrainingError` if it is damaged."""
    state = load_checkpoint(path / BEST_NAME)
    try:
        about, tensors = state["about"], dict(state["best"]["tensors"])
        if (path / PAIR_NAME).is_dir():
            of_pair = load_checkpoint(path / PAIR_NAME / BEST_NAME)["best"]["tensors"]
            tensors |= {f"{PAIR_NAME}.{name}": tensor for name, tensor in of_pair.items()}
        config = about["config"]["completion"]["model"]
        return TrainedCompletion.restore(config, about["representation"], tensors)
    except (KeyError, TypeError) as error:
        raise TrainingError(f"{path}: not the run of a completion ({error})") from None


def inner_directory(run: Path | None, name: str) -> Path | None:
    """Where a run that is part of another one lies."""
    return None if run is None else run / name


def category_directory(run: Path, category: int) -> Path:
    """Where the run of one category lies in a directory of several."""
    return run / f"category-{category}"


def replica_directory(run: Path, replica: int) -> Path:
    """Where the runs of a replica lie in the directory of a run."""
    return run / f"replica-{replica}"


def replicas_of(run: Path) -> tuple[Path, ...]:
    """The directories of a run's finished replicas, as far as they follow each other."""
    numbers = takewhile(lambda number: _has_results(replica_directory(run, number)), count(1))
    return tuple(replica_directory(run, number) for number in numbers)


def _has_results(run: Path) -> bool:
    return any((category_directory(run, number) / RESULT_NAME).is_file() for number in CATEGORIES)


def finished_categories(run: Path) -> dict[int, FitResult]:
    """The results of the finished runs `category-1` to `category-4` in a directory.

    Raises:
        TrainingError: There are none, or one is damaged.
    """
    found = [number for number in CATEGORIES if (category_directory(run, number) / RESULT_NAME).is_file()]
    if not found:
        raise TrainingError(
            f"{run}: has no finished run, expected category-1 to category-4 with a {RESULT_NAME}"
        )
    return {category: load_run(category_directory(run, category)) for category in found}


def _check_raised(name: str, old: int, new: int) -> None:
    never = name.endswith("patience")
    lowered = new < old and not (never and new == 0)
    if lowered or (never and old == 0 and new != 0):
        raise TrainingError(f"{name} is {old} in the run and {new} now; it may be raised only")


def _may_be_raised(config: RunConfig) -> tuple[str, ...]:
    """Options that may be higher when a run is gone on with; a learning rate that has fallen to zero stays there."""
    return ("steps", "patience") if config.training.schedule == "constant" else ("patience",)


def _without(raisable: Sequence[str], config: Mapping[str, Any]) -> dict[str, Any]:
    training = {name: value for name, value in config["training"].items() if name not in raisable}
    return {**config, "training": training}


def _at(config: Mapping[str, Any], key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
