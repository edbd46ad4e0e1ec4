"""Two processes that train together.

`python -m tests.training.together FOLDER` is one of them: it makes the trainings below on the data set FOLDER/ds.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from muforge.dataset.store import Dataset
from muforge.errors import Interrupted
from muforge.training.categories import fit_categories
from muforge.training.config import RunConfig
from muforge.training.ranks import ALONE, Ranks, joined
from tests.training.runs import TINY_MODEL

SIZE = 2
CUT_AFTER = 13
TRAINING = {
    "steps": 40,
    "batch_size": 128,
    "monitor_every": 0,
    "checkpoint_every": 10,
    "ema_decay": 0.9,
    "judge_size": 20,
    "plots": False,
}
OFTEN = {**TRAINING, "monitor_every": 5}
IMPATIENT = {"patience": 1, "steps": 80}
FLOW = {
    "family": "flow",
    "width": 8,
    "depth": 1,
    "bins": 4,
    "knots": 6,
    "knots_others": 3,
    "clip": 0.5,
}
SMALL = {"width": 8, "bins": 4, "knots": 6}


def _config(model: dict[str, Any], kind: str = "physics", **others: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {"model": model, "representation": {"kind": kind}, "training": TRAINING, **others}
    )


CONFIGS = {
    "flow": _config(FLOW, training={**TRAINING, "figure_of_merit": "nll", "schedule": "cosine"}),
    "gan": _config(TINY_MODEL, "note"),
    "whole student": _config(
        {"family": "student", "width": 8},
        teacher={"model": FLOW, "training": TRAINING, "pairs": 2000},
        completion={"model": SMALL, "training": OFTEN, "pairs": {**OFTEN, "batch_size": 64}},
    ),
    "shared": _config({**FLOW, "learning_rate": 0.1}, shared=True, training={**OFTEN, **IMPATIENT}),
    "joint": _config(FLOW, conditions=["category"]),
}
SAME = ("flow", "whole student", "shared", "joint")
"""Trainings without randomness in a step, which two processes do as one does."""


def make(folder: Path, name: str, into: str = "", ranks: Ranks = ALONE, **options: Any) -> dict[int, Any]:
    """A training by its name, into a folder of its own."""
    out = folder / (into or name)
    out.mkdir(exist_ok=True)
    categories = (2, 4) if name == "shared" else (4,)
    data = Dataset.open(folder / "ds")
    return fit_categories(data, out, categories, CONFIGS[name], judged=False, ranks=ranks, **options)


def cut(folder: Path, name: str, into: str, ranks: Ranks = ALONE) -> None:
    """Interrupt a training; of several ranks, the last one wants it."""
    asked = count()

    def stop() -> bool:
        return next(asked) >= CUT_AFTER and ranks.rank == ranks.size - 1

    with suppress(Interrupted):
        make(folder, name, into, ranks, should_stop=stop)
        raise AssertionError("was not interrupted")


def run(folder: Path) -> None:
    with joined() as ranks:
        for name in CONFIGS:
            make(folder, name, ranks=ranks)
        (finished,) = make(folder, "whole student", ranks=ranks, resume=True).values()
        assert finished.best_step == TRAINING["steps"]
        assert finished.model.completion is not None
        cut(folder, "gan", "gan-cut", ranks)
        make(folder, "gan", "gan-cut", ranks, resume=True)
        make(folder, "flow", "flow-of-one-and-two", ranks, resume=True)
        cut(folder, "flow", "flow-of-two-and-one", ranks)
    ranks.leave()


def start(*arguments: Sequence[object]) -> list[subprocess.Popen[str]]:
    """A process `python -m ...` for each list of arguments, with the environment that torchrun would give it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    number = {"WORLD_SIZE": len(arguments), "LOCAL_WORLD_SIZE": len(arguments), "MASTER_PORT": port}
    return [
        subprocess.Popen(
            [sys.executable, "-m", *map(str, each)],
            env={
                **os.environ,
                **{name: str(value) for name, value in number.items()},
                "MASTER_ADDR": "127.0.0.1",
                "OMP_NUM_THREADS": "1",
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, each in enumerate(arguments)
    ]


if __name__ == "__main__":
    run(Path(sys.argv[1]))
