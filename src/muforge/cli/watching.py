"""Training on the screen: a progress bar, and SIGINT that stops between two steps."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from rich.progress import TextColumn

from muforge.cli.screen import errors, progress_bar

_SECONDS_BETWEEN_UPDATES = 0.2
_LINES_IN_A_LOG = 20

Watched = tuple[Callable[[int, int, int, Mapping[str, float]], None], Callable[[], bool]]


@contextmanager
def watched(categories: Sequence[int]) -> Iterator[Watched]:
    """Yield a progress callback and a `should_stop` for the training of categories.

    On a terminal progress is a bar each; in a log it is a line at every twentieth of the way. The first SIGINT makes
    `should_stop` true, so that the loops end with a checkpoint; the second one interrupts at once.
    """
    stop = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal stop
        if stop:
            raise KeyboardInterrupt
        stop = True

    with progress_bar(TextColumn("{task.completed:,.0f} steps {task.fields[losses]}")) as bar:
        tasks = {each: bar.add_task(f"category {each}", total=None, losses="") for each in categories}
        seen = dict.fromkeys(categories, (0, 0.0))

        def progress(category: int, step: int, steps: int, losses: Mapping[str, float]) -> None:
            lines, last = seen[category]
            text = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
            if bar.disable:
                due = step * _LINES_IN_A_LOG // steps
                if due > lines:
                    errors.print(f"category {category}: step {step:,} of {steps:,}  {text}", markup=False)
                    seen[category] = due, last
            elif monotonic() - last > _SECONDS_BETWEEN_UPDATES:
                seen[category] = lines, monotonic()
                bar.update(tasks[category], completed=step, total=steps, losses=text, refresh=True)

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield progress, lambda: stop
        finally:
            signal.signal(signal.SIGINT, before)
