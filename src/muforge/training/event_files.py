"""A training history as TensorBoard event files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from muforge.files import discard

Scalars = dict[tuple[str, int], float]
"""A value by its tag and step."""

_ALL = 0
"""TensorBoard's word for events that are not thinned out when they are read."""


def available() -> bool:
    """Whether the package `tensorboard` is installed (the extra `watch`)."""
    return find_spec("tensorboard") is not None


def write_events(history: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Bring event files up to the history, as scalars `generated/auc`, `null/auc`, `loss/d_loss`.

    What they hold already is not written again. If they hold something else, of a run that was begun anew or gone on
    with from an earlier step, they are removed first.

    Arguments:
        history: One row per monitor call, with its `step`.
        folder: Of the event files alone; made if it is not there.
    """
    from tensorboard.summary import Writer

    told = _scalars(history)
    if not told:
        return
    written = _written(folder)
    if not written.items() <= told.items():
        discard(folder)
        written = {}
    missing = [place for place in told if place not in written]
    if not missing:
        return
    writer = Writer(str(folder))
    for tag, step in missing:
        writer.add_scalar(tag, told[tag, step], step)
    writer.close()


def _scalars(history: Sequence[Mapping[str, Any]]) -> Scalars:
    """By tag and step, with the precision of an event file."""
    return {
        (_tag(name), row["step"]): float(np.float32(value))
        for row in history
        for name, value in row.items()
        if name != "step" and value is not None
    }


def _written(folder: Path) -> Scalars:
    from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    if not folder.is_dir():
        return {}
    events = EventAccumulator(str(folder), size_guidance={TENSORS: _ALL})
    events.Reload()
    return {
        (tag, event.step): float(make_ndarray(event.tensor_proto))
        for tag in events.Tags()["tensors"]
        for event in events.Tensors(tag)
    }


def _tag(name: str) -> str:
    if name.endswith("_loss"):
        return f"loss/{name}"
    return f"null/{name.removeprefix('null_')}" if name.startswith("null_") else f"generated/{name}"
