"""A training history as TensorBoard event files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def available() -> bool:
    """Whether the package `tensorboard` is installed (the extra `watch`)."""
    return find_spec("tensorboard") is not None


def write_events(history: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Add the rows that are not yet in the folder's event files, as scalars `generated/auc`, `null/auc`, `loss/d_loss`.

    Arguments:
        history: One row per monitor call, with its `step`.
        folder: Made if it is not there.
    """
    from tensorboard.summary import Writer

    last = _last_step(folder)
    rows = [row for row in history if row["step"] > last]
    if not rows:
        return
    writer = Writer(str(folder))
    for row in rows:
        for name, value in row.items():
            if name != "step" and value is not None:
                writer.add_scalar(_tag(name), value, row["step"])
    writer.close()


def _last_step(folder: Path) -> int:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    if not folder.is_dir():
        return -1
    events = EventAccumulator(str(folder))
    events.Reload()
    return max((event.step for tag in events.Tags()["tensors"] for event in events.Tensors(tag)), default=-1)


def _tag(name: str) -> str:
    if name.endswith("_loss"):
        return f"loss/{name}"
    return f"null/{name.removeprefix('null_')}" if name.startswith("null_") else f"generated/{name}"
