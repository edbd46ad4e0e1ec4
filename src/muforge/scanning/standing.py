"""How far the run of a trial is, and how good its model: read from what the training writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Self

from muforge.training.checkpoint import load_checkpoint
from muforge.training.config import FigureOfMerit, RunConfig
from muforge.training.directory import BEST_NAME, HISTORY_NAME, category_directory
from muforge.training.joint import JOINT_NAME
from muforge.training.monitor import distance_of
from muforge.training.shared import SHARED_NAME


@dataclass(frozen=True)
class Stretch:
    """One of the trainings that a trial is made of, one after the other.

    Arguments:
        run: Its directory.
        before: Steps of those before it.
    """

    run: Path
    before: int

    @property
    def stamp(self) -> tuple[int, int] | None:
        """What changes when the model has been judged."""
        try:
            found = (self.run / HISTORY_NAME).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size


@dataclass(frozen=True)
class Standing:
    """Where a trial stands.

    Arguments:
        step: Last judged one, counted on from training to training.
        before: Steps of the trainings before the one that it is of.
        value: Best distance of the figure of merit from a perfect generator's so far, mean over trainings begun.
        null: The same distance of real muons at that step, if the history has it of all trainings.
    """

    step: int
    before: int
    value: float
    null: float | None

    @classmethod
    def of(cls, stretches: Sequence[Stretch], config: RunConfig) -> Self | None:
        """Of a trial, or None if nothing has been judged yet."""
        begun = [each for each in stretches if each.stamp is not None]
        if not begun:
            return None
        bests = [load_checkpoint(each.run / BEST_NAME)["best"] for each in begun]
        histories = [_history(each.run) for each in begun]
        figure = config.training.figure_of_merit
        nulls = [_null(history, best["step"], figure) for history, best in zip(histories, bests, strict=True)]
        known = [each for each in nulls if each is not None]
        return cls(
            step=begun[-1].before + int(histories[-1][-1]["step"]),
            before=begun[-1].before,
            value=fmean(best["value"] for best in bests),
            null=fmean(known) if len(known) == len(begun) else None,
        )


def stretches(directory: Path, config: RunConfig, muons: Mapping[int, int]) -> list[Stretch]:
    """The trainings of a trial: one of each category, or one of all.

    Arguments:
        directory: Of the trial.
        config: Of its runs.
        muons: Training muons by category.
    """
    if config.shared or config.joint:
        return [Stretch(directory / (SHARED_NAME if config.shared else JOINT_NAME), 0)]
    found, before = [], 0
    for category, number in muons.items():
        found.append(Stretch(category_directory(directory, category), before))
        before += config.limited_to(number).training.steps
    return found


def steps_of(config: RunConfig, muons: Mapping[int, int]) -> int:
    """Training steps of a whole trial."""
    if config.shared or config.joint:
        return config.limited_to(sum(muons.values())).training.steps
    return sum(config.limited_to(number).training.steps for number in muons.values())


def _history(run: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((run / HISTORY_NAME).read_text(encoding="utf-8"))
    return rows


def _null(history: Sequence[Mapping[str, Any]], step: int, figure: FigureOfMerit) -> float | None:
    row = next((row for row in history if row["step"] == step), {})
    null = row.get(f"null_{figure}")
    return None if null is None else distance_of(null, figure)
