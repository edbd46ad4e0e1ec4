"""Several categories trained one after the other, or side by side in processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import Any

from muforge.dataset.store import Dataset
from muforge.errors import Interrupted
from muforge.processes import Workers, result_of, shared_array
from muforge.training.config import RunConfig
from muforge.training.directory import FitResult, category_directory, load_run
from muforge.training.run import fit

CategoryProgress = Callable[[int, int, int, Mapping[str, float]], None]
"""Called with a category, its step from 1, the number of steps, and the losses where they are known."""

_POLL_SECONDS = 0.2
_STOP = 0
_NUMBERS_PER_CATEGORY = 2


def fit_categories(
    dataset: Dataset,
    out: Path,
    categories: Sequence[int],
    config: RunConfig,
    *,
    resume: bool = False,
    jobs: int = 1,
    progress: CategoryProgress = lambda category, step, steps, losses: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[int, FitResult]:
    """Train each category into its own directory of `out`.

    Every category's result is the same for any number of jobs.

    Arguments:
        dataset: Training, validation and test events.
        out: Directory of the run; it must exist.
        categories: Any of 1 to 4.
        config: Of every category's run.
        resume: Go on with what is there.
        jobs: Processes.
        progress: Called as training goes on.
        should_stop: Asked all the time; True saves a checkpoint of every category and raises `Interrupted`.

    Raises:
        MuforgeError: As `muforge.training.run.fit`, or a worker process died; the other categories are stopped then,
            and keep a checkpoint.
    """
    for category in categories:
        category_directory(out, category).mkdir(exist_ok=True)
    if min(jobs, len(categories)) > 1:
        _fit_there(
            dataset.directory,
            out,
            categories,
            config,
            resume,
            jobs,
            progress=progress,
            should_stop=should_stop,
        )
        return {category: load_run(category_directory(out, category)) for category in categories}
    return {
        category: _fit_one(
            dataset,
            out,
            category,
            config,
            resume,
            progress=lambda step, steps, losses, category=category: progress(category, step, steps, losses),
            should_stop=should_stop,
        )
        for category in categories
    }


def _fit_one(
    dataset: Dataset, out: Path, category: int, config: RunConfig, resume: bool, **callbacks: Any
) -> FitResult:
    return fit(
        dataset.load(category, "train"),
        dataset.load(category, "validation"),
        dataset.load(category, "test"),
        category,
        config,
        category_directory(out, category),
        resume=resume,
        **callbacks,
    )


def _fit_there(
    dataset: Path,
    out: Path,
    categories: Sequence[int],
    config: RunConfig,
    resume: bool,
    jobs: int,
    *,
    progress: CategoryProgress,
    should_stop: Callable[[], bool],
) -> None:
    counters = shared_array(1 + _NUMBERS_PER_CATEGORY * len(categories))
    with Workers(min(jobs, len(categories)), _start, counters) as workers:
        futures = [
            workers.submit(_fit_in_worker, dataset, out, category, number, config.to_mapping(), resume)
            for number, category in enumerate(categories)
        ]
        waiting = set(futures)
        while waiting:
            waiting = wait(waiting, timeout=_POLL_SECONDS).not_done
            if should_stop() or any(future.exception() for future in futures if future not in waiting):
                counters[_STOP] = 1
            for number, category in enumerate(categories):
                step, steps = counters[_place(number) : _place(number) + _NUMBERS_PER_CATEGORY]
                if step:
                    progress(category, int(step), int(steps), {})
        stopped = False
        for category, future in zip(categories, futures, strict=True):
            try:
                result_of(future, f"category {category} was trained")
            except Interrupted:
                stopped = True
        if stopped:
            raise Interrupted(f"interrupted: kept in {out}; --resume goes on")


def _place(number: int) -> int:
    return 1 + _NUMBERS_PER_CATEGORY * number


_counters: Any = None


def _start(counters: Any) -> None:
    global _counters  # noqa: PLW0603 - a shared array reaches a pool's workers only so
    _counters = counters


def _fit_in_worker(
    dataset: Path, out: Path, category: int, number: int, config: Mapping[str, Any], resume: bool
) -> None:
    def count(step: int, steps: int, losses: Mapping[str, float]) -> None:
        place = _place(number)
        _counters[place], _counters[place + 1] = step, steps

    _fit_one(
        Dataset.open(dataset),
        out,
        category,
        RunConfig.from_mapping(config),
        resume,
        progress=count,
        should_stop=lambda: bool(_counters[_STOP]),
    )
