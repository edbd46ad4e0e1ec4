"""Several categories trained one after the other, or side by side in processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from functools import partial
from pathlib import Path
from typing import Any

from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, Interrupted
from muforge.processes import Workers, result_of, shared_array
from muforge.training.config import RunConfig
from muforge.training.directory import FitResult, category_directory, load_run, replica_directory
from muforge.training.joint import fit_joint
from muforge.training.ranks import ALONE, Ranks
from muforge.training.replica import check_replicas, replica_config
from muforge.training.run import fit
from muforge.training.shared import fit_shared

CategoryProgress = Callable[[int, int, int, Mapping[str, float]], None]
"""Called with a category, its step from 1, the number of steps, and the losses where they are known."""

ALL = 0
"""In the place of a category, where one network is trained on all of them."""

_POLL_SECONDS = 0.2
_STOP = 0
_NUMBERS_PER_CATEGORY = 2


def fit_categories(
    dataset: Dataset,
    out: Path,
    categories: Sequence[int],
    config: RunConfig | Mapping[int, RunConfig],
    *,
    resume: bool = False,
    judged: bool = True,
    jobs: int = 1,
    progress: CategoryProgress = lambda category, step, steps, losses: None,
    should_stop: Callable[[], bool] = lambda: False,
    ranks: Ranks = ALONE,
) -> dict[int, FitResult]:
    """Train each category into its own directory of `out`.

    Every category's result is the same for any number of jobs.

    Arguments:
        dataset: Training, validation and test events.
        out: Directory of the run; it must exist.
        categories: Any of 1 to 4.
        config: Of every category's run, or of each.
        resume: Go on with what is there.
        judged: Judge the models on the test events.
        jobs: Processes.
        progress: Called as training goes on.
        should_stop: Asked all the time; True saves a checkpoint of every category and raises `Interrupted`.
        ranks: Those that train each category together, one after the other.

    Raises:
        ConfigError: There are several ranks and several jobs.
        MuforgeError: As `muforge.training.run.fit`, or a worker process died; the other categories are stopped then,
            and keep a checkpoint.
    """
    if jobs > 1 and ranks.size > 1:
        raise ConfigError(
            f"--jobs {jobs}: the {ranks.size} processes of torchrun train one category after the other, all of them "
            "together; leave --jobs out"
        )
    of_each = dict.fromkeys(categories, config) if isinstance(config, RunConfig) else dict(config)
    if isinstance(config, RunConfig) and (config.shared or config.joint):
        fit_all = fit_shared if config.shared else fit_joint
        return fit_all(
            dataset,
            out,
            categories,
            config,
            resume=resume,
            judged=judged,
            progress=partial(progress, ALL),
            should_stop=should_stop,
            ranks=ranks,
        )
    if ranks.leads:
        for category in categories:
            category_directory(out, category).mkdir(exist_ok=True)
    if min(jobs, len(categories)) > 1:
        _fit_there(
            dataset.directory,
            out,
            categories,
            of_each,
            resume,
            judged,
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
            of_each[category],
            resume,
            judged,
            progress=lambda step, steps, losses, category=category: progress(category, step, steps, losses),
            should_stop=should_stop,
            ranks=ranks,
        )
        for category in categories
    }


def fit_replicas(
    dataset: Dataset,
    out: Path,
    nominal: Mapping[int, FitResult],
    config: RunConfig,
    replicas: int,
    *,
    resume: bool = False,
    jobs: int = 1,
    progress: Callable[[int, int, int, int, Mapping[str, float]], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
    ranks: Ranks = ALONE,
) -> None:
    """Train replicas of a run, each on resampled training events, into `replica-1`, `replica-2`, ... of `out`.

    Arguments:
        dataset: Training and validation events.
        out: Directory of the run.
        nominal: Its results by category.
        config: Its configuration.
        replicas: How many.
        resume, jobs, should_stop, ranks: As `fit_categories`.
        progress: As that of `fit_categories`, after the number of the replica.

    Raises:
        ConfigError: The run is of one network for all categories.
        RepresentationError: As `replica_config`.
        MuforgeError: As `fit_categories`.
    """
    if replicas:
        check_replicas(config)
    for replica in range(1, replicas + 1):
        directory = replica_directory(out, replica)
        if ranks.leads:
            directory.mkdir(exist_ok=True)
        configs = {
            category: replica_config(config, result.model.representation, replica)
            for category, result in nominal.items()
        }
        fit_categories(
            dataset,
            directory,
            tuple(nominal),
            configs,
            resume=resume,
            judged=False,
            jobs=jobs,
            progress=partial(progress, replica),
            should_stop=should_stop,
            ranks=ranks,
        )


def _fit_one(
    dataset: Dataset,
    out: Path,
    category: int,
    config: RunConfig,
    resume: bool,
    judged: bool,
    **callbacks: Any,
) -> FitResult:
    return fit(
        dataset.load(category, "train"),
        dataset.load(category, "validation"),
        dataset.load(category, "test") if judged else None,
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
    configs: Mapping[int, RunConfig],
    resume: bool,
    judged: bool,
    jobs: int,
    *,
    progress: CategoryProgress,
    should_stop: Callable[[], bool],
) -> None:
    counters = shared_array(1 + _NUMBERS_PER_CATEGORY * len(categories))
    with Workers(min(jobs, len(categories)), _start, counters) as workers:
        futures = [
            workers.submit(
                _fit_in_worker,
                dataset,
                out,
                category,
                number,
                configs[category].to_mapping(),
                resume,
                judged,
            )
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
    dataset: Path,
    out: Path,
    category: int,
    number: int,
    config: Mapping[str, Any],
    resume: bool,
    judged: bool,
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
        judged,
        progress=count,
        should_stop=lambda: bool(_counters[_STOP]),
    )
