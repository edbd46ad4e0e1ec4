"""A data set and studies small enough for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.studies import arms
from muforge.studies.protocol import Study
from muforge.study import FIGURES_NAME, PAGE_NAME, RESULT_NAME, study
from muforge.training.config import RunConfig
from tests.dataset.production import write_flat

CATEGORY = 4

SMALLEST: dict[str, Any] = {
    "steps": 4,
    "seeds": 2,
    "batch_size": 8,
    "node_factor_generator": 0.03,
    "node_factor_discriminator": 0.03,
    "monitor_every": 2,
    "judge_size": 10,
}
"""Options of a study of the note's GAN."""


def tiny_dataset(folder: Path, muons: int = 1200) -> Dataset:
    """Made-up muons of all categories."""
    write_flat(folder / "production.root", muons)
    return mf.ingest([folder / "production.root"], folder / "ds", protons_on_target=1e6).dataset


def tiny_run(**training: Any) -> RunConfig:
    """A run of a second."""
    flat = {"shape": "flat", "width": 4, "layers": 1}
    return RunConfig.from_mapping(
        {
            "model": {"family": "gan", "latent_dimensions": 3, "generator": flat, "discriminator": flat},
            "training": {
                "steps": 6,
                "batch_size": 8,
                "monitor_every": 2,
                "judge_size": 10,
                "plots": False,
                **training,
            },
        }
    )


class Inline:
    """In the place of `Workers`: does everything in this process, which need not load torch again."""

    def __init__(self, jobs: int, start: Callable[..., None], *arguments: Any) -> None:
        start(*arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*args))
        return future


@contextmanager
def in_this_process() -> Iterator[None]:
    """Trainings of studies run one after the other, here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arms, "Workers", Inline)
        yield


def run_study(name: str, dataset: Dataset, out: Path, **options: Any) -> Study:
    """A study with few steps; what it writes is what it found."""
    with in_this_process():
        found = study(name, dataset.directory, out, {**SMALLEST, **options})
    written = json.loads((out / RESULT_NAME).read_text(encoding="utf-8"))
    assert Study.from_dict(written) == found
    page = (out / PAGE_NAME).read_text(encoding="utf-8")
    figures = list((out / FIGURES_NAME).glob("*.png"))
    assert len(figures) == page.count("<figure")
    assert all(len(row) == len(table.header) for table in found.tables for row in table.rows)
    return found
