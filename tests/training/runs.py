"""Runs small enough for tests, and a process that is killed in the middle of one.

`python -m tests.training.runs DIRECTORY STEP` trains as `tiny_fit` does and kills itself after STEP.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from muforge.sample import Sample
from muforge.training.checkpoint import load_checkpoint
from muforge.training.config import RunConfig
from muforge.training.directory import LAST_NAME
from muforge.training.run import FitResult, fit
from tests.muons import make_sample

CATEGORY = 4
MUONS = {"train": 300, "validation": 90, "test": 60}

TINY_MODEL = {
    "family": "gan",
    "latent_dimensions": 4,
    "generator": {"shape": "flat", "width": 8, "layers": 2, "dropout": 0.1},
    "discriminator": {"shape": "flat", "width": 8, "layers": 2},
}
TINY_TRAINING = {
    "steps": 30,
    "batch_size": 16,
    "checkpoint_every": 8,
    "monitor_every": 12,
    "judge_size": 20,
    "plots": False,
}


def split(name: str, category: int = CATEGORY) -> Sample:
    return make_sample(MUONS[name], category=category, seed=sorted(MUONS).index(name))


def tiny_config(model: dict[str, Any] | None = None, **training: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {"model": TINY_MODEL | (model or {}), "training": {**TINY_TRAINING, **training}}
    )


def tiny_fit(directory: Path | None, config: RunConfig | None = None, **options: Any) -> FitResult:
    data = (split("train"), split("validation"), split("test"))
    return fit(*data, CATEGORY, config or tiny_config(), directory, **options)


def leaves(state: Any, place: str = "") -> dict[str, Any]:
    """Every tensor and plain value of a nested state, by its path."""
    if isinstance(state, dict):
        return {k: v for key, inner in state.items() for k, v in leaves(inner, f"{place}/{key}").items()}
    if isinstance(state, list):
        return {k: v for key, inner in enumerate(state) for k, v in leaves(inner, f"{place}/{key}").items()}
    return {place: state}


def differing(one: Any, two: Any) -> list[str]:
    """Paths at which two states are not the same to the last bit."""
    a, b = leaves(one), leaves(two)
    return [key for key in sorted({*a, *b}) if key not in a or key not in b or not _same(a[key], b[key])]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    return type(a) is type(b) and bool(a == b)


def last_state(directory: Path) -> dict[str, Any]:
    return load_checkpoint(directory / LAST_NAME)


def main() -> None:
    directory, kill_after = Path(sys.argv[1]), int(sys.argv[2])

    def kill(step: int, steps: int, losses: Any) -> None:
        if step == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    tiny_fit(directory, progress=kill)


if __name__ == "__main__":
    main()
