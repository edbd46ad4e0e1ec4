"""Several categories in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, Interrupted, OutputError
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.training.categories import ALL, fit_categories, fit_replicas
from muforge.training.config import RunConfig
from muforge.training.directory import category_directory, load_run
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


SHARED = RunConfig.from_mapping(
    {
        "shared": True,
        "model": {"family": "flow", "width": 6, "bins": 4, "knots": 6, "knots_others": 3},
        "representation": {"kind": "physics"},
        "training": {**CONFIG.to_mapping()["training"], "schedule": "cosine", "steps": 60},
    }
)


def test_one_network_leaves_a_run_of_each_category(dataset: Dataset, tmp_path: Path) -> None:
    seen: set[int] = set()
    out = directory(tmp_path / "run")
    results = fit_categories(
        dataset, out, (2, 4), SHARED, progress=lambda category, step, steps, losses: seen.add(category)
    )
    assert seen == {ALL}
    for category, result in results.items():
        again = load_run(category_directory(out, category)).model
        muons = [model.sample(200, seed=1) for model in (result.model, again)]
        assert muons[0]["px"].tobytes() == muons[1]["px"].tobytes()
        assert set(muons[0].category) == {category}
        assert result.judged is not None


def test_a_shared_training_goes_on(dataset: Dataset, tmp_path: Path) -> None:
    whole = fit_categories(dataset, directory(tmp_path / "whole"), (2, 4), SHARED)
    cut = directory(tmp_path / "cut")
    calls = iter(range(1000))
    with pytest.raises(Interrupted):
        fit_categories(dataset, cut, (2, 4), SHARED, should_stop=lambda: next(calls) == 33)
    with pytest.raises(OutputError, match="a run exists already; give --resume"):
        fit_categories(dataset, cut, (2, 4), SHARED)
    resumed = fit_categories(dataset, cut, (2, 4), SHARED, resume=True)
    for category in (2, 4):
        assert not differing(whole[category].model.tensors(), resumed[category].model.tensors())


def test_what_cannot_share_is_named(dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match="shared: needs family 'flow' with transform 'autoregressive'"):
        RunConfig.from_mapping({**CONFIG.to_mapping(), "shared": True})
    with pytest.raises(ConfigError, match="is trained by `muforge train`"):
        mf.train(dataset, category=2, config=SHARED)
    with pytest.raises(ConfigError, match="replicas: not of one network"):
        fit_replicas(dataset, Path("nowhere"), {}, SHARED, 2)
