"""What a scan found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from muforge.scanning.parameter import Label
from muforge.scanning.space import Space
from muforge.scanning.storage import trial_id
from muforge.scanning.trial import State, TrialEnd

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

FEWEST_FOR_IMPORTANCES = 4
"""Complete trials."""

_END = "end"
"""User attribute of a trial: how it ended."""


@dataclass(frozen=True)
class Trial:
    """A trial that has ended.

    Arguments:
        number: From 0.
        parameters: By their names in the space file.
        end: How it ended.
    """

    number: int
    parameters: Mapping[str, Label]
    end: TrialEnd

    @property
    def state(self) -> State:
        return self.end.state

    @property
    def value(self) -> float | None:
        """Best distance of the figure of merit; less is better."""
        return self.end.value


@dataclass(frozen=True)
class ScanResult:
    """All trials of a scan.

    Arguments:
        figure_of_merit: Whose distance from a perfect generator's is compared.
        categories: Trained for each trial.
        trials: By number.
        importances: Share of each parameter in the variance of the value, largest first; none of few trials.
    """

    figure_of_merit: str
    categories: tuple[int, ...]
    trials: tuple[Trial, ...]
    importances: Mapping[str, float]

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """Complete trials, the best one first."""
        complete = [each for each in self.trials if each.state == "complete"]
        return tuple(sorted(complete, key=lambda each: (each.value, each.number)))

    @property
    def best(self) -> Trial | None:
        """The one with the least value."""
        return next(iter(self.ranked), None)

    @property
    def failed(self) -> tuple[Trial, ...]:
        """Those that could not be trained, or not this time."""
        return tuple(each for each in self.trials if each.state in ("failed", "lost"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        trials = [
            {"number": each.number, "parameters": dict(each.parameters), **vars(each.end)}
            for each in self.trials
        ]
        return {
            "figure_of_merit": self.figure_of_merit,
            "categories": list(self.categories),
            "best": None if self.best is None else self.best.number,
            "importances": dict(self.importances),
            "trials": trials,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        trials = []
        for row in content["trials"]:
            end = {key: value for key, value in row.items() if key not in ("number", "parameters")}
            trials.append(Trial(row["number"], row["parameters"], TrialEnd(**end)))
        categories = tuple(content["categories"])
        return cls(content["figure_of_merit"], categories, tuple(trials), content["importances"])

    @classmethod
    def of(cls, study: Study, space: Space) -> Self:
        """Of the trials in a study that have ended."""
        ended = [each for each in study.get_trials(deepcopy=False) if _END in each.user_attrs]
        return cls(
            space.base.training.figure_of_merit,
            space.categories,
            tuple(_trial(each) for each in ended),
            _importances(study),
        )


def end_trial(study: Study, storage: BaseStorage, number: int, end: TrialEnd) -> Trial:
    """Enter in a study and its storage how a trial ended; one that was lost stays a running one, to be run again."""
    from optuna.trial import TrialState

    storage.set_trial_user_attr(trial_id(storage, number), _END, vars(end))
    if end.state == "complete":
        study.tell(number, end.value)
    elif end.state != "lost":
        study.tell(number, state=TrialState.PRUNED if end.state == "pruned" else TrialState.FAIL)
    return _trial(study.get_trials(deepcopy=False)[number])


def _trial(frozen: FrozenTrial) -> Trial:
    return Trial(frozen.number, frozen.params, TrialEnd(**frozen.user_attrs[_END]))


def _importances(study: Study) -> dict[str, float]:
    """By functional analysis of variance, which needs values that differ.

    References:
        Hutter, Hoos, Leyton-Brown, An efficient approach for assessing hyperparameter importance |
        https://proceedings.mlr.press/v32/hutter14.html
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    values = [each.value for each in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
    if len(values) < FEWEST_FOR_IMPORTANCES or len({*values}) == 1:
        return {}
    return dict(get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0)))
