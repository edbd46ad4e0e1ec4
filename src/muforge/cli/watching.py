"""Training on the screen: a progress bar, and SIGINT that stops between two steps."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from rich.progress import TaskID, TextColumn

from muforge.cli.screen import errors, progress_bar

_SECONDS_BETWEEN_UPDATES = 0.2
_LINES_IN_A_LOG = 20

Watched = tuple[Callable[[str, int, int, Mapping[str, float]], None], Callable[[], bool]]


@contextmanager
def watched() -> Iterator[Watched]:
    """Yield a progress callback and a `should_stop` for trainings side by side or one after the other.

    The callback takes the name of a training, its step, the number of steps, and losses. On a terminal progress is a
    bar each; in a log it is a line at every twentieth of the way. The first SIGINT makes `should_stop` true, so that
    the loops end with a checkpoint; the second one interrupts at once.
    """
    stop = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal stop
        if stop:
            raise KeyboardInterrupt
        stop = True

    with progress_bar(TextColumn("{task.completed:,.0f} steps {task.fields[losses]}")) as bar:
        tasks: dict[str, TaskID] = {}
        seen: dict[str, tuple[int, float]] = {}

        def progress(name: str, step: int, steps: int, losses: Mapping[str, float]) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None, losses="")
            lines, last = seen.get(name, (0, 0.0))
            text = "  ".join(f"{loss} {value:.3f}" for loss, value in losses.items())
            if bar.disable:
                due = step * _LINES_IN_A_LOG // steps
                if due > lines:
                    errors.print(f"{name}: step {step:,} of {steps:,}  {text}", markup=False)
                    seen[name] = due, last
            elif monotonic() - last > _SECONDS_BETWEEN_UPDATES:
                seen[name] = lines, monotonic()
                bar.update(tasks[name], completed=step, total=steps, losses=text, refresh=True)

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield progress, lambda: stop
        finally:
            signal.signal(signal.SIGINT, before)
