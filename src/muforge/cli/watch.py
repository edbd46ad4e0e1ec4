"""`muforge watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def watch(
    run: Annotated[
        Path, typer.Argument(help="Directory of 'muforge train --out', or of one of its categories.")
    ],
    every: Annotated[
        float, typer.Option("--every", help="Seconds between looks, after which the page reloads too.")
    ] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Write the page once and end.")] = False,
) -> None:
    """Watch a training: a page that reloads itself, and TensorBoard event files, until the run is finished.

    The page is RUN/watch.html; `tensorboard --logdir RUN/tensorboard` shows the events. Both are made from what the
    training writes, so watching can begin and end at any moment.
    """
    from muforge.cli.screen import console, warn
    from muforge.training.event_files import available
    from muforge.training.watch import PAGE_NAME, Update
    from muforge.training.watch import watch as keep_watching

    if not available():
        warn("no TensorBoard event files: install them with pip install 'muforge[watch]'")

    def tell(now: Update) -> None:
        steps = ", ".join(f"category {category} at step {step:,}" for category, step in now.steps.items())
        state = "finished" if now.finished else "going on"
        console.print(f"{run / PAGE_NAME}: {steps or 'nothing judged yet'}; {state}", markup=False)

    keep_watching(run, every=every, once=once, update=tell)
