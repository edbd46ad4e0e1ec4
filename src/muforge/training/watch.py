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

Runs = dict[int, Path]
Stamps = dict[Path, int]


@dataclass(frozen=True)
class Update:
    """What a look at a run found.

    Arguments:
        steps: Last judged step by category; those without a history are missing.
        finished: Whether all categories that have a directory have their result.
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
        update: Called after the first look, and after each that found another step or the end.

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
    before: tuple[Runs, Stamps] | None = None
    seen: Update | None = None
    while True:
        runs = _runs(directory)
        files = runs, _stamps(runs)
        if files != before:
            now = _refresh(directory, runs, every)
            if now != seen:
                update(now)
            before, seen = files, now
            if now.finished:
                return directory / PAGE_NAME
        if once:
            return directory / PAGE_NAME
        time.sleep(every)


def _refresh(directory: Path, runs: Runs, every: float) -> Update:
    begun = {category: path for category, path in runs.items() if (path / CONFIG_NAME).is_file()}
    histories = {category: _read(path / HISTORY_NAME) or [] for category, path in begun.items()}
    finished = all((path / RESULT_NAME).is_file() for path in runs.values())
    _write_page(directory, begun, histories, None if finished else every)
    if available():
        for category, history in histories.items():
            write_events(history, directory / EVENTS_NAME / f"category-{category}")
    steps = {category: history[-1]["step"] for category, history in histories.items() if history}
    return Update(steps, finished)


def _runs(directory: Path) -> Runs:
    """The directories of the categories, those that have not begun among them."""
    if not directory.is_dir():
        raise TrainingError(f"{directory}: no such run")
    inside = {category: category_directory(directory, category) for category in CATEGORIES}
    if there := {category: path for category, path in inside.items() if path.is_dir()}:
        return there
    if (directory / CONFIG_NAME).is_file():
        resolved = directory.resolve()
        for category in CATEGORIES:
            if resolved == category_directory(resolved.parent, category):
                return {category: directory}
    raise TrainingError(f"{directory}: not a run of 'muforge train', it has no category-1 to category-4")


def _stamps(runs: Runs) -> Stamps:
    """When each file that the page is made of was written."""
    names = (CONFIG_NAME, HISTORY_NAME, MONITOR_NAME, RESULT_NAME, f"{PLOTS_NAME}/*.png")
    files = (file for path in runs.values() for name in names for file in path.glob(name))
    return {file: file.stat().st_mtime_ns for file in files}


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"{path}: damaged ({error})") from error


def _write_page(
    directory: Path, runs: Runs, histories: dict[int, list[dict[str, Any]]], refresh: float | None
) -> None:
    from muforge.judge import Comparison
    from muforge.judge.result import Result
    from muforge.report.live import Live, write_live_page

    parts = []
    for category, path in runs.items():
        monitor = _read(path / MONITOR_NAME)
        columns = [] if monitor is None else monitor["columns"]
        plots = sorted((path / PLOTS_NAME).glob("*.png")) if (path / PLOTS_NAME).is_dir() else []
        parts.append(
            Live(
                category=category,
                history=histories[category],
                comparison=None if monitor is None else Comparison.from_dict(monitor["comparison"]),
                columns=[Result.from_dict(column) for column in columns],
                plots=[plot for plot in plots if plot.stem != "progress"],
                finished=(path / RESULT_NAME).is_file(),
                config=(path / CONFIG_NAME).read_text(encoding="utf-8"),
            )
        )
    write_live_page(directory.resolve().name, parts, directory / PAGE_NAME, refresh=refresh)
