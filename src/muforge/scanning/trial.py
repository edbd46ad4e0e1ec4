"""`run_trial`: what a worker does with a trial."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from muforge.dataset.store import Dataset
from muforge.errors import (
    ConfigError,
    FarmError,
    Interrupted,
    RepresentationError,
    SampleError,
    TrainingError,
)
from muforge.scanning.attempt import attempt
from muforge.scanning.directory import trial_directory
from muforge.scanning.storage import Pruning, open_storage, open_study, trial_id

if TYPE_CHECKING:
    from muforge.scanning.standing import Standing, Stretch

State = Literal["complete", "pruned", "failed", "lost"]

FINAL = (TrainingError, ConfigError, RepresentationError, SampleError)
"""Errors that come again however often a trial is run."""


@dataclass(frozen=True)
class TrialTask:
    """What a worker needs to know of a trial.

    Arguments:
        number: Of the trial.
        scan, dataset: Directories.
        muons: Training muons of each category that is trained.
        config: Of its runs, as nested plain values.
        pruning: Who may stop it.
    """

    number: int
    scan: Path
    dataset: Path
    muons: Mapping[int, int]
    config: Mapping[str, Any]
    pruning: Pruning


@dataclass(frozen=True)
class TrialEnd:
    """How a trial ended.

    Arguments:
        state: 'pruned' if others were better at the same step, 'failed' if it cannot be trained, 'lost' if its workers
            were lost again and again, which another time may go better.
        value: Best distance of the figure of merit, mean over categories; None of one that failed or was lost.
        null: The same of real muons, where it is known.
        step: Last judged one, of all its trainings together.
        seconds: Of this attempt.
        reason: Of a failure, in a line.
    """

    state: State
    value: float | None
    null: float | None
    step: int
    seconds: float
    reason: str | None = None


def run_trial(task: TrialTask) -> TrialEnd:
    """Train a trial's model, going on where an earlier attempt stopped, and watch it.

    It trains as `muforge train` does, but never reads the test events.

    Raises:
        FarmError: Another attempt at the trial has begun.
        MuforgeError: What may go well another time, such as a file that could not be written.
    """
    from muforge.scanning.standing import Standing, stretches
    from muforge.training.categories import fit_categories
    from muforge.training.config import RunConfig

    begin = monotonic()
    config = RunConfig.from_mapping(task.config)
    directory = trial_directory(task.scan, task.number)
    directory.mkdir(parents=True, exist_ok=True)
    trainings = stretches(directory, config, task.muons)

    def look() -> Standing | None:
        return Standing.of(trainings, config)

    def ended(state: State, reason: str | None = None) -> TrialEnd:
        last = look()
        value = None if last is None or state == "failed" else last.value
        null = last.null if last is not None and _is_a_number(last.null) else None
        step = 0 if last is None else last.step
        if state == "complete" and not _is_a_number(value):
            state, value, reason = "failed", None, "its figure of merit cannot be computed"
        return TrialEnd(state, value, null, step, monotonic() - begin, reason)

    with attempt(directory) as check:
        watch = _Watch(task, trainings, look, check)
        try:
            fit_categories(
                Dataset.open(task.dataset),
                directory,
                tuple(task.muons),
                config,
                resume=True,
                judged=False,
                should_stop=watch,
            )
        except Interrupted:
            return ended("pruned")
        except FINAL as error:
            return ended("failed", str(error))
        watch.report()
        return ended("complete")


class _Watch:
    """Asked before every training step: whether to stop. Tells the study of every judgement.

    Arguments:
        task: Whose trial.
        trainings: That it is made of.
        look: Where it stands.
        check: Raises if this attempt is to end.
    """

    def __init__(
        self,
        task: TrialTask,
        trainings: Sequence[Stretch],
        look: Callable[[], Standing | None],
        check: Callable[[], None],
    ) -> None:
        self._trainings, self._look, self._check = trainings, look, check
        self._storage = open_storage(task.scan)
        self._study = open_study(self._storage, task.pruning)
        self._number = task.number
        self._id = trial_id(self._storage, task.number)
        self._seen = self._stamps()

    def __call__(self) -> bool:
        self._check()
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        now = self.report()
        return now is not None and self._is_worse_than_others(now)

    def report(self) -> Standing | None:
        """Tell the study where the trial stands, if it does not know yet."""
        from optuna.exceptions import UpdateFinishedTrialError

        now = self._look()
        if now is None or not _is_a_number(now.value):
            return None
        if now.step not in self._storage.get_trial(self._id).intermediate_values:
            try:
                self._storage.set_trial_intermediate_value(self._id, now.step, now.value)
            except UpdateFinishedTrialError:
                raise FarmError(f"trial {self._number}: given up, another attempt has ended it") from None
        return now

    def _is_worse_than_others(self, now: Standing) -> bool:
        """What the pruner says. It compares the best value so far, which has to be of the same trainings."""
        trial = copy(self._storage.get_trial(self._id))
        values = trial.intermediate_values.items()
        trial.intermediate_values = {step: value for step, value in values if step > now.before}
        return self._study.pruner.prune(self._study, trial)

    def _stamps(self) -> list[tuple[int, int] | None]:
        return [each.stamp for each in self._trainings]


def _is_a_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and value < sys.float_info.max
