"""Training on the screen: a progress bar, and SIGINT that stops between two steps."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from rich.progress import TextColumn

from muforge.cli.screen import errors, progress_bar

_SECONDS_BETWEEN_UPDATES = 0.2
_LINES_IN_A_LOG = 20

Watched = tuple[Callable[[int, int, Mapping[str, float]], None], Callable[[], bool]]


@contextmanager
def watched(title: str) -> Iterator[Watched]:
    """Yield a progress callback and a `should_stop` for a training loop.

    On a terminal progress is a bar; in a log it is a line at every twentieth of the way. The first SIGINT makes
    `should_stop` true, so that the loop ends with a checkpoint; the second one interrupts at once.
    """
    stop = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal stop
        if stop:
            raise KeyboardInterrupt
        stop = True

    with progress_bar(TextColumn("{task.completed:,.0f} steps {task.fields[losses]}")) as bar:
        task = bar.add_task(title, total=None, losses="")
        last = 0.0

        def progress(step: int, steps: int, losses: Mapping[str, float]) -> None:
            nonlocal last
            text = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
            if bar.disable:
                if step * _LINES_IN_A_LOG // steps != (step - 1) * _LINES_IN_A_LOG // steps:
                    errors.print(f"{title}: step {step:,} of {steps:,}  {text}", markup=False)
            elif monotonic() - last > _SECONDS_BETWEEN_UPDATES:
                last = monotonic()
                bar.update(task, completed=step, total=steps, losses=text, refresh=True)

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield progress, lambda: stop
        finally:
            signal.signal(signal.SIGINT, before)
