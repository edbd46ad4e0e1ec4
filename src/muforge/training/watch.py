"""A live view of a run: a page that reloads itself, and TensorBoard event files.

It only reads what the training writes, so it can be started and stopped at any moment, on any machine that sees the
directory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muforge.errors import ConfigError, TrainingError
from muforge.sample import CATEGORIES
from muforge.training.directory import (
    CONFIG_NAME,
    HISTORY_NAME,
    MONITOR_NAME,
    PLOTS_NAME,
    RESULT_NAME,
    category_directory,
)
from muforge.training.event_files import available, write_events

PAGE_NAME = "watch.html"
EVENTS_NAME = "tensorboard"


@dataclass(frozen=True)
class Update:
    """What a look at a run found.

    Arguments:
        steps: Last judged step by category; those without a history are missing.
        finished: Whether all categories have their result.
    """

    steps: dict[int, int]
    finished: bool


def watch(
    run: str | Path,
    *,
    every: float = 10.0,
    once: bool = False,
    update: Callable[[Update], None] = lambda _: None,
) -> Path:
    """Keep `watch.html` and `tensorboard/` in a run's directory up to date until the run is finished.

    Arguments:
        run: Directory of `muforge train --out`, or of one of its categories.
        every: Seconds between looks, which the page reloads itself after too.
        once: Look once.
        update: Called after the first look, and after each that found something new.

    Returns:
        The page.

    Raises:
        ConfigError: `every` is not positive.
        TrainingError: Not a run, or one of its files is damaged.
        OutputError: The page cannot be written.
    """
    if not every > 0:
        raise ConfigError(f"every {every:g} seconds: must be positive")
    directory = Path(run)
    seen: Update | None = None
    while True:
        now = _look(directory, every, seen)
        if now != seen:
            update(now)
        seen = now
        if once or now.finished:
            return directory / PAGE_NAME
        time.sleep(every)


def _look(directory: Path, every: float, seen: Update | None) -> Update:
    runs = _runs(directory)
    histories = {category: _read(path / HISTORY_NAME) or [] for category, path in runs.items()}
    steps = {category: history[-1]["step"] for category, history in histories.items() if history}
    now = Update(steps, all((path / RESULT_NAME).is_file() for path in runs.values()))
    if now != seen:
        for category, history in histories.items():
            if available():
                write_events(history, directory / EVENTS_NAME / f"category-{category}")
        _write_page(directory, runs, histories, None if now.finished else every)
    return now


def _runs(directory: Path) -> dict[int, Path]:
    """The directories of the categories that have begun."""
    if not directory.is_dir():
        raise TrainingError(f"{directory}: no such run")
    inside = {category: category_directory(directory, category) for category in CATEGORIES}
    begun = {category: path for category, path in inside.items() if (path / CONFIG_NAME).is_file()}
    if begun:
        return begun
    name, _, number = directory.resolve().name.rpartition("-")
    if (directory / CONFIG_NAME).is_file() and name == "category" and number.isdigit():
        return {int(number): directory}
    raise TrainingError(f"{directory}: not a run of 'muforge train', it has no category-1 to category-4")


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"{path}: damaged ({error})") from error


def _write_page(
    directory: Path, runs: dict[int, Path], histories: dict[int, list[dict[str, Any]]], refresh: float | None
) -> None:
    from muforge.judge import Comparison
    from muforge.report.live import Live, write_live_page

    parts = []
    for category, path in runs.items():
        monitor = _read(path / MONITOR_NAME)
        plots = sorted((path / PLOTS_NAME).glob("*.png")) if (path / PLOTS_NAME).is_dir() else []
        parts.append(
            Live(
                category=category,
                history=histories[category],
                comparison=None if monitor is None else Comparison.from_dict(monitor["comparison"]),
                plots=[plot for plot in plots if plot.stem != "progress"],
                finished=(path / RESULT_NAME).is_file(),
                config=(path / CONFIG_NAME).read_text(encoding="utf-8"),
            )
        )
    write_live_page(directory.resolve().name, parts, directory / PAGE_NAME, refresh=refresh)
