"""Networks to compare, each trained with several seeds on the same events."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from muforge.dataset.manifest import Split
from muforge.dataset.store import Dataset
from muforge.errors import Interrupted
from muforge.files import write_json
from muforge.judge import Comparison
from muforge.processes import Workers, result_of, shared_array
from muforge.sample import Sample
from muforge.studies.protocol import Place
from muforge.studies.spread import Spread
from muforge.trained import TrainedModel
from muforge.training.config import RunConfig
from muforge.training.run import fit, load_run

RUNS_NAME = "runs"
SECONDS_NAME = "seconds.json"
INTERRUPTED = "interrupted; the same command goes on"
_POLL_SECONDS = 0.2
_STOP = 0


@dataclass(frozen=True)
class Arm:
    """One network of a comparison.

    Arguments:
        name: Of which its directory's name is made; unlike the others'.
        config: Of the run; its seed is replaced.
        category: 1 to 4.
        seeds: Trainings, if not as many as of the other arms.
    """

    name: str
    config: RunConfig
    category: int
    seeds: int | None = None


@dataclass(frozen=True)
class TrainedArm:
    """An arm trained with each seed.

    Arguments:
        arm: Which.
        directories: Of the runs, by seed.
        judged: The note's BDT test on the test events, by seed.
        history: Rows of the monitor, by seed.
        seconds: Of CPU for all training steps, without judging, by seed.
    """

    arm: Arm
    directories: tuple[Path, ...]
    judged: tuple[Comparison, ...]
    history: tuple[list[dict[str, Any]], ...]
    seconds: tuple[float, ...]

    def model(self, seed: int) -> TrainedModel:
        """The best one by the validation events."""
        return load_run(self.directories[seed]).model

    def excess_auc(self) -> Spread:
        """AUC of the note's BDT on the test events, less that of its null."""
        return self.spread("excess_auc")

    def figures(self, name: str) -> list[float]:
        """`excess_auc`, `auc`, `overlap` or `reduced_chi2` on the test events, by seed, where there is one."""
        values = [
            getattr(each if name == "excess_auc" else each.generated, name, None) for each in self.judged
        ]
        return [value for value in values if value is not None]

    def spread(self, name: str) -> Spread:
        """Of `figures` over seeds."""
        return Spread.of(self.figures(name))

    def curve(self, seed: int) -> list[tuple[int, float]]:
        """Step and excess AUC on the validation events, at each monitor call."""
        return [(row["step"], row["auc"] - row["null_auc"]) for row in self.history[seed]]

    def details(self) -> dict[str, Any]:
        """What figures of several arms are drawn from, as JSON values."""
        return {
            "name": self.arm.name,
            "category": self.arm.category,
            "excess_auc": self.figures("excess_auc"),
            "overlap": self.figures("overlap"),
            "null_overlap": [each.null.overlap for each in self.judged if each.null is not None],
            "seconds": list(self.seconds),
            "curves": [[list(point) for point in self.curve(seed)] for seed in range(len(self.history))],
        }


def train_arms(place: Place, arms: Sequence[Arm], seeds: int) -> dict[str, TrainedArm]:
    """Train every arm with seeds 0, 1, ..., side by side in processes of one thread each.

    Each is an ordinary run in `runs/ARM/seed-K` of the study's directory, and judged on the test events once. Runs
    that are there are not made again.

    Raises:
        ValueError: Two arms would be kept in the same directory.
        Interrupted: `place.should_stop` said so; every training keeps a checkpoint.
        MuforgeError: As `muforge.training.run.fit`, or a worker process died; the others keep a checkpoint.
    """
    tasks = [
        (arm, seed)
        for seed in range(max(arm.seeds or seeds for arm in arms))
        for arm in arms
        if seed < (arm.seeds or seeds)
    ]
    if len({run_directory(place.directory, *task) for task in tasks}) < len(tasks):
        raise ValueError(f"arms {[arm.name for arm in arms]}: two would share a directory")
    counters = shared_array(1 + len(tasks))
    futures: list[Future[None]] = []
    with Workers(min(place.jobs, len(tasks)), _start, counters) as workers:
        for number, (arm, seed) in enumerate(tasks):
            directory = run_directory(place.directory, arm, seed)
            directory.parent.mkdir(parents=True, exist_ok=True)
            config = with_seed(arm.config, seed).to_mapping()
            futures.append(
                workers.submit(_fit, place.data.directory, directory, arm.category, config, number)
            )
        _wait(place, futures, counters)
        _raise_first(futures, [f"'{arm.name}', seed {seed} was trained" for arm, seed in tasks])
    return {arm.name: _trained(place.directory, arm, arm.seeds or seeds) for arm in arms}


def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """The same run with another seed."""
    return config.model_copy(update={"training": config.training.model_copy(update={"seed": seed})})


def run_directory(study: Path, arm: Arm, seed: int) -> Path:
    """Where the run of an arm with a seed lies in a study's directory."""
    slug = re.sub(r"[^a-z0-9.]+", "-", arm.name.lower()).strip("-")
    return study / RUNS_NAME / slug / f"seed-{seed}"


def _trained(study: Path, arm: Arm, seeds: int) -> TrainedArm:
    directories = tuple(run_directory(study, arm, seed) for seed in range(seeds))
    results = [load_run(each) for each in directories]
    seconds = [json.loads((each / SECONDS_NAME).read_text(encoding="utf-8")) for each in directories]
    judged = tuple(Comparison.from_dict(each.judged) for each in results if each.judged is not None)
    return TrainedArm(arm, directories, judged, tuple(each.history for each in results), tuple(seconds))


def _wait(place: Place, futures: Sequence[Future[None]], counters: Any) -> None:
    waiting = set(futures)
    while waiting:
        waiting = wait(waiting, timeout=_POLL_SECONDS).not_done
        failed = any(future.exception() for future in futures if future not in waiting)
        if failed or place.should_stop():
            counters[_STOP] = 1
        done = sum(min(1.0, each) for each in counters[1:])
        place.progress(f"{len(futures)} trainings", int(1000 * done), 1000 * len(futures), {"done": done})


def _raise_first(futures: Sequence[Future[None]], names: Sequence[str]) -> None:
    """Raise what went wrong, if anything: an interruption only where nothing else did."""
    interrupted = False
    for future, name in zip(futures, names, strict=True):
        try:
            result_of(future, name)
        except Interrupted:
            interrupted = True
    if interrupted:
        raise Interrupted(INTERRUPTED)


_counters: Any = None


def _start(counters: Any) -> None:
    global _counters  # noqa: PLW0603 - a shared array reaches a pool's workers only so
    _counters = counters


@lru_cache(maxsize=3)
def _split(dataset: Path, category: int, split: Split) -> Sample:
    return Dataset.open(dataset).load(category, split)


def _fit(dataset: Path, directory: Path, category: int, config: Mapping[str, Any], number: int) -> None:
    if _counters[_STOP]:
        raise Interrupted(INTERRUPTED)
    own = RunConfig.from_mapping(config)
    stopwatch = _Stopwatch(own.training.monitor_every)

    def count(step: int, steps: int, losses: Mapping[str, float]) -> None:
        stopwatch.lap(step)
        _counters[1 + number] = step / steps
        if step == steps:
            write_json(directory / SECONDS_NAME, stopwatch.seconds(steps))

    fit(
        _split(dataset, category, "train"),
        _split(dataset, category, "validation"),
        _split(dataset, category, "test"),
        category,
        own,
        directory,
        resume=True,
        progress=count,
        should_stop=lambda: bool(_counters[_STOP]),
    )
    _counters[1 + number] = 1.0


class _Stopwatch:
    """CPU time of training steps, of which those that follow a monitor call are not measured.

    Arguments:
        monitor_every: Steps between monitor calls, 0 for none.
    """

    def __init__(self, monitor_every: int) -> None:
        self._monitor_every = monitor_every
        self._last: float | None = None
        self._spent, self._laps = 0.0, 0

    def lap(self, step: int) -> None:
        """A step is done."""
        now = time.process_time()
        if self._last is not None:
            self._spent += now - self._last
            self._laps += 1
        judged = self._monitor_every > 0 and step % self._monitor_every == 0
        self._last = None if judged else now

    def seconds(self, steps: int) -> float:
        """Of so many steps."""
        return steps * self._spent / max(self._laps, 1)
