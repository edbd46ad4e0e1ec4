"""The monitor: how good the model is by now, in numbers and figures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muforge.conditions import FittedConditions
from muforge.judge.modes import Modes
from muforge.judge.split import at_most
from muforge.rng import Purpose, stream
from muforge.sample import Sample, features
from muforge.trained import TrainedModel
from muforge.training.config import FigureOfMerit, TrainingConfig
from muforge.training.directory import About, RunDirectory
from muforge.training.state import Progress

if TYPE_CHECKING:
    from muforge.judge import BDTResult, Comparison, Result

HALVES = 2
"""The judge trains on one half of a sample and tests on the other."""

ROWS, VALIDATION, TEST = 0, 1, 2
"""Places of the random numbers that choose rows and that generate muons to be judged."""

NLL = "nll"

FIGURES = ("auc", "reduced_chi2", "overlap")


@dataclass(frozen=True)
class Look:
    """What the monitor sees of a model.

    Arguments:
        generated: Muons of the model.
        comparison: Their BDT test.
        columns: Their one-dimensional figures of merit.
        figures: Those of the history, with their nulls.
        value: Of the figure of merit that chooses the best step, less is better.
    """

    generated: Sample
    comparison: Comparison
    columns: tuple[Result, ...]
    figures: dict[str, Any]
    value: float


class Monitor:
    """Compares generated muons with the validation events, beside training against validation events: the null.

    It holds at most two judge sizes of each sample and disturbs no random generator of torch. Every call
    draws the same latents and rows, so that the curve shows the model's changes alone.

    Arguments:
        config: Sizes, classifier and figure of merit.
        training: Training events, for the null.
        validation: Validation events.
        about: What the run is of.
        run: Where history, best model and figures go.
        conditions: Of a conditional model, for the density of the validation events.
    """

    def __init__(
        self,
        config: TrainingConfig,
        training: Sample,
        validation: Sample,
        about: About,
        run: RunDirectory,
        conditions: FittedConditions | None = None,
    ) -> None:
        self._config = config
        rng = stream(config.seed, Purpose.MONITOR, about.category, ROWS)
        self._training = at_most(HALVES * config.judge_size, training, rng)
        self._validation = at_most(HALVES * config.judge_size, validation, rng)
        self._modes = Modes.fit(self._validation, self._training.n_eff)
        self._conditions = conditions
        self._about = about
        self._run = run

    def __call__(self, model: TrainedModel, now: Progress) -> None:
        """Judge the model, add a row to the history, and keep the model if it is the best so far."""
        look = self.look(model)
        now.history.append({"step": now.step, **look.figures, **now.take_mean_losses()})
        best = now.better(look.value, model.tensors())
        if best is not None:
            self._run.save_best(self._about, best)
        self._run.save_history(now.history)
        results = [result.to_dict() for result in look.columns]
        comparison = look.comparison.to_dict()
        self._run.save_monitor({"step": now.step, "comparison": comparison, "columns": results})
        if self._config.plots and self._run.plots is not None:
            self._draw(self._run.plots, look, now)

    def look(self, model: TrainedModel) -> Look:
        """Judge the model as it is."""
        from muforge.judge.quick import quick_look

        generated = _generated(model, self._training, self._config, VALIDATION)
        comparison, columns = quick_look(
            self._validation, generated, self._training, **_judge_options(self._config)
        )
        figures = {**_figures(comparison), **_largest_ks(columns), **self._coverage(generated)}
        if self._config.figure_of_merit == NLL:
            figures[f"validation_{NLL}"] = value = self._nll(model)
        else:
            value = distance(comparison.generated, self._config.figure_of_merit)
        return Look(generated, comparison, columns, figures, value)

    def _coverage(self, generated: Sample) -> dict[str, float]:
        """Share of the validation muons in cells that are not lost, and its null."""
        return {
            "coverage": self._modes.coverage(generated),
            "null_coverage": self._modes.coverage(self._training),
        }

    def _nll(self, model: TrainedModel) -> float:
        """Minus the mean log density of the validation muons within the physical bounds."""
        condition = None if self._conditions is None else self._conditions.of(self._validation)
        log_prob = model.log_prob(self._validation, condition)
        inside = np.isfinite(log_prob)
        return float(-np.average(log_prob[inside], weights=self._validation.weight[inside]))

    def _draw(self, folder: Path, look: Look, now: Progress) -> None:
        from muforge import report

        columns = features(self._about.category)
        title = f"category {self._about.category}, step {now.step}"
        for name, figure in {
            "one_dimensional": report.one_dimensional(self._validation, look.generated, columns, title=title),
            "pairs": report.pairs(self._validation, look.generated, columns),
            "bdt_output": report.bdt_output(look.comparison),
            "progress": report.progress(now.history),
        }.items():
            report.save(figure, folder / f"{name}.png")


def judge_model(
    model: TrainedModel, real: Sample, null: Sample, config: TrainingConfig, place: int, *, repeats: int
) -> Comparison:
    """The BDT test of generated muons against real ones, with the run's size, classifier, seed and threads."""
    from muforge.judge import compare

    generated = _generated(model, null, config, place)
    return compare(real, generated, null=null, repeats=repeats, **_judge_options(config))


def _generated(model: TrainedModel, null: Sample, config: TrainingConfig, place: int) -> Sample:
    rng = stream(config.seed, Purpose.MONITOR, model.category, place)
    return model.as_sample(model.columns(min(HALVES * config.judge_size, len(null)), rng))


def _judge_options(config: TrainingConfig) -> dict[str, Any]:
    return {
        "classifier": config.judge_classifier,
        "size": config.judge_size,
        "seed": config.seed,
        "threads": config.threads,
    }


def _largest_ks(columns: Sequence[Result]) -> dict[str, float | None]:
    """The Kolmogorov-Smirnov distance of the column that differs most, and its null."""
    from muforge.judge.one_dimensional import KS

    worst = max((result for result in columns if result.name == KS), key=lambda result: result.value)
    return {"largest_ks": worst.value, "null_largest_ks": worst.null}


def _figures(comparison: Comparison) -> dict[str, Any]:
    row = {name: getattr(comparison.generated, name) for name in FIGURES}
    return row | {f"null_{name}": getattr(comparison.null, name) for name in FIGURES}


def distance(result: BDTResult, figure_of_merit: FigureOfMerit) -> float:
    """How far a figure of merit is from a perfect generator's: smaller is better."""
    return distance_of(getattr(result, figure_of_merit), figure_of_merit)


def distance_of(value: float | None, figure_of_merit: FigureOfMerit) -> float:
    """As `distance`, of a figure's value, which is None where a chi2 could not be computed."""
    return sys.float_info.max if value is None else _DISTANCES[figure_of_merit](value)


_DISTANCES: Mapping[str, Callable[[float], float]] = {
    "auc": lambda auc: abs(auc - 0.5),
    "overlap": lambda overlap: 1 - overlap,
    "reduced_chi2": lambda reduced_chi2: reduced_chi2,
}
