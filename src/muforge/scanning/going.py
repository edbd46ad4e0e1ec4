"""The trials of a scan, run on a farm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muforge.dataset.store import Dataset
from muforge.farm import Done, Failed, open_farm
from muforge.files import atomic, discard
from muforge.scanning.attempt import give_up
from muforge.scanning.directory import FAILED_NAME, trial_directory
from muforge.scanning.result import Trial, end_trial
from muforge.scanning.sampling import begin_trial
from muforge.scanning.space import Space
from muforge.scanning.standing import steps_of
from muforge.scanning.storage import Pruning, open_storage, open_study
from muforge.scanning.trial import TrialEnd, TrialTask, run_trial
from muforge.training.config import RunConfig

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class ScanProgress:
    """Where a scan stands.

    Arguments:
        done, trials: Trials that have ended, and all.
        best: Least value so far, if there is one.
        dashboard: Address of the farm's.
        ended: The trial that ended just now, if one did.
    """

    done: int
    trials: int
    best: float | None
    dashboard: str
    ended: Trial | None = None


class Going:
    """A scan that goes on.

    Arguments:
        directory: Of the scan.
        data: Of its trainings.
        space: That is searched.
        muons: Training muons of each category.
        trials: How many there are to be; more that are there already count too.
    """

    def __init__(
        self, directory: Path, data: Dataset, space: Space, muons: Mapping[int, int], trials: int
    ) -> None:
        self._directory, self._data, self._space, self._muons = directory, data, space, muons
        self._wanted = trials
        self._lost: set[int] = set()
        steps = steps_of(space.base, muons)
        self._pruning = Pruning(space.pruner, space.base.training.monitor_every, steps)
        self._storage = open_storage(directory)
        self.study = open_study(self._storage, self._pruning)

    @property
    def trials(self) -> int:
        """How many there are or are to be."""
        return max(self._wanted, len(self._entered()))

    @property
    def done(self) -> int:
        """How many have ended, those among them that were lost now."""
        return sum(each.state.is_finished() for each in self._entered()) + len(self._lost)

    @property
    def left(self) -> int:
        """How many are to be run, or to be run to their end."""
        return self.trials - self.done

    def run(self, where: str, progress: Callable[[ScanProgress], None]) -> None:
        """Run what is left on a farm.

        Arguments:
            where: As `muforge.farm.open_farm` takes it.
            progress: Called at the beginning and after each trial.
        """
        own, data = (self._directory,), (self._data.directory,)
        with open_farm(where, tasks=self.left, shared=own, read=data) as farm:
            progress(self._progress(farm.dashboard))
            with closing(farm.run(run_trial, self._tasks())) as outcomes:
                for outcome in outcomes:
                    end = self._end_of(outcome)
                    ended = end_trial(self.study, self._storage, outcome.task.number, end)
                    progress(self._progress(farm.dashboard, ended))

    def give_up(self) -> None:
        """Let attempts that workers are still at end."""
        for number in self._running():
            give_up(trial_directory(self._directory, number))

    def _tasks(self) -> Iterator[TrialTask]:
        """Trials that an interrupted scan had begun, then new ones, each entered when it is asked for."""
        for number in self._running():
            yield self._task(number)
        while len(self._entered()) < self._wanted:
            yield self._task(begin_trial(self.study, self._space))

    def _task(self, number: int) -> TrialTask:
        config = without_figures(self._space.config(self._entered()[number].params))
        return TrialTask(
            number, self._directory, self._data.directory, self._muons, config.to_mapping(), self._pruning
        )

    def _end_of(self, outcome: Done[TrialTask, TrialEnd] | Failed[TrialTask]) -> TrialEnd:
        folder = trial_directory(self._directory, outcome.task.number)
        if isinstance(outcome, Done):
            discard(folder / FAILED_NAME)
            return outcome.value
        folder.mkdir(parents=True, exist_ok=True)
        with atomic(folder / FAILED_NAME) as partial:
            partial.write_text(outcome.traceback, encoding="utf-8")
        self._lost.add(outcome.task.number)
        return TrialEnd("lost", None, None, 0, 0.0, outcome.reason)

    def _entered(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _running(self) -> list[int]:
        return [each.number for each in self._entered() if not each.state.is_finished()]

    def _progress(self, dashboard: str, ended: Trial | None = None) -> ScanProgress:
        from optuna.trial import TrialState

        complete = [each.value for each in self._entered() if each.state == TrialState.COMPLETE]
        best = min((value for value in complete if value is not None), default=None)
        return ScanProgress(self.done, self.trials, best, dashboard, ended)


def without_figures(config: RunConfig) -> RunConfig:
    """The same run, which draws nothing at its judgements."""
    update: dict[str, Any] = {"training": config.training.model_copy(update={"plots": False})}
    return config.model_copy(update=update)
