"""Scans small enough for tests, and farms that run their trials in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from muforge.errors import MuforgeError
from muforge.farm import Done, Failed
from muforge.judge import Comparison, quick
from muforge.judge.bdt import BDTResult
from muforge.sample import Sample
from muforge.scanning import going
from muforge.scanning.space import Space
from muforge.scanning.trial import TrialEnd, TrialTask
from muforge.training.config import RunConfig
from tests.studies.tiny import tiny_run

RATE = "model.learning_rate"
LATENT = "model.latent_dimensions"

RANDOM: dict[str, Any] = {
    "sampler": "random",
    "categories": [4],
    "space": {RATE: {"low": 1e-4, "high": 1e-1, "log": True}, LATENT: [2, 3, 4]},
}


def trial_run(**training: Any) -> RunConfig:
    """A training of a second, judged by enough muons to tell it from a perfect one."""
    return tiny_run(**{"judge_size": 100, **training})


def write_space(folder: Path, content: dict[str, Any] | None = None, **training: Any) -> Path:
    """A space file of trials of a second."""
    path = folder / "space.yaml"
    config = trial_run(**training).to_mapping()
    path.write_text(
        yaml.safe_dump({"config": config, **(content or RANDOM)}, sort_keys=False), encoding="utf-8"
    )
    return path


def tiny_space(folder: Path, content: dict[str, Any] | None = None, **training: Any) -> Space:
    return Space.load(write_space(folder, content, **training))


@dataclass
class InProcess:
    """In the place of a farm: runs tasks here, one after the other.

    Arguments:
        workers: Tasks taken at a time.
        newest: Run the last one that was taken first.
        stop: After so many outcomes the user interrupts.
    """

    workers: int = 1
    newest: bool = False
    stop: int | None = None
    dashboard: str = "http://127.0.0.1:0/status"
    opened: list[tuple[str, int, Sequence[Path]]] = field(default_factory=list)

    def run(
        self, function: Callable[[Any], Any], tasks: Iterable[Any], *, ahead: int = 1
    ) -> Iterator[Done[Any, Any] | Failed[Any]]:
        source, taken, given = iter(tasks), deque[Any](), 0
        while True:
            while len(taken) < self.workers * ahead and (task := next(source, None)) is not None:
                taken.append(task)
            if not taken:
                return
            if given == self.stop:
                raise KeyboardInterrupt
            task = taken.pop() if self.newest else taken.popleft()
            given += 1
            try:
                yield Done(task, function(task))
            except MuforgeError as error:
                yield Failed(task, str(error), f"Traceback: {error!r}\n")

    @contextmanager
    def open(
        self, where: str, *, tasks: int, shared: Sequence[Path], read: Sequence[Path]
    ) -> Iterator[InProcess]:
        self.opened.append((where, tasks, (*shared, *read)))
        yield self


def judge_cheaply(patch: pytest.MonkeyPatch) -> None:
    """In the place of the boosted trees: how far the mean momentum of generated muons is from that of real ones."""

    def compared(real: Sample, other: Sample) -> BDTResult:
        far = abs(float(real["pz"].mean() / other["pz"].mean()) - 1)
        others: dict[str, Any] = {
            **dict.fromkeys(("auc_error", "reduced_chi2_error", "overlap_error")),
            **dict.fromkeys(("auc_p_value", "reduced_chi2_p_value", "overlap_p_value"), 0.5),
            **dict.fromkeys(("n_eff_real", "n_eff_other", "degrees_of_freedom"), 9.0),
            **dict.fromkeys(
                ("edges", "density_real", "density_other", "density_real_error", "density_other_error"),
                np.ones(1),
            ),
        }
        return BDTResult(auc=0.5 + far / (2 + 2 * far), overlap=1 / (1 + far), reduced_chi2=1 + far, **others)

    def compare(real: Sample, generated: Sample, *, null: Sample, **_: Any) -> Comparison:
        return Comparison(compared(real, generated), compared(real, null), "histogram", ("pz",), 1)

    patch.setattr(quick, "compare", compare)
    patch.setattr(quick, "REPLICAS", 2)


def use(patch: pytest.MonkeyPatch, farm: InProcess) -> InProcess:
    """Scans run on this farm."""
    patch.setattr(going, "open_farm", farm.open)
    return farm


def made_up(task: TrialTask) -> TrialEnd:
    """In the place of a training: a value that depends on the configuration alone."""
    model = task.config["model"]
    value = model["learning_rate"] + 0.01 * model["latent_dimensions"]
    return TrialEnd("complete", value, 0.01, 6, 0.5)
