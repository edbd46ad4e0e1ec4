"""Several categories in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.errors import Interrupted, OutputError
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.training.categories import fit_categories
from muforge.training.config import RunConfig
from tests.training.runs import differing, last_state

CATEGORIES = (1, 3)
CONFIG = RunConfig.from_mapping(
    {
        "model": {"family": "mixture", "components": 2},
        "representation": {"kind": "physics"},
        "training": {
            "steps": 30,
            "batch_size": 64,
            "checkpoint_every": 10,
            "monitor_every": 0,
            "judge_size": 50,
            "plots": False,
        },
    }
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return mf.ingest([PACKAGED_SAMPLE], tmp_path_factory.mktemp("data") / "ds").dataset


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def test_processes_change_nothing(dataset: Dataset, tmp_path: Path) -> None:
    one, two = directory(tmp_path / "one"), directory(tmp_path / "two")
    seen: set[tuple[int, int]] = set()
    alone = fit_categories(dataset, one, CATEGORIES, CONFIG)
    together = fit_categories(
        dataset,
        two,
        CATEGORIES,
        CONFIG,
        jobs=2,
        progress=lambda category, step, steps, losses: seen.add((category, step)),
    )
    assert set(alone) == set(together) == set(CATEGORIES)
    for category in CATEGORIES:
        assert (category, 30) in seen
        assert alone[category].judged == together[category].judged
        states = [last_state(run / f"category-{category}") for run in (one, two)]
        assert differing(*states) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopping_keeps_every_category_and_the_same_call_goes_on(
    dataset: Dataset, tmp_path: Path, jobs: int
) -> None:
    with pytest.raises(Interrupted, match="--resume goes on"):
        fit_categories(
            dataset, directory(tmp_path / "run"), CATEGORIES, CONFIG, jobs=jobs, should_stop=lambda: True
        )
    results = fit_categories(dataset, tmp_path / "run", CATEGORIES, CONFIG, jobs=jobs, resume=True)
    assert {category: result.best_step for category, result in results.items()} == {1: 30, 3: 30}


def test_an_error_of_a_worker_is_the_callers(dataset: Dataset, tmp_path: Path) -> None:
    fit_categories(dataset, directory(tmp_path / "run"), CATEGORIES, CONFIG)
    with pytest.raises(OutputError, match="a run exists already; give --resume"):
        fit_categories(dataset, tmp_path / "run", CATEGORIES, CONFIG, jobs=2)
