"""Models from bundles and runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from muforge.bundle import Bundle
from muforge.errors import BundleError, ConfigError, TrainingError
from muforge.studies.latent_model import model_at
from muforge.training.directory import category_directory
from tests.training.runs import CATEGORY, tiny_config, tiny_fit


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of several categories, with one of them."""
    run = tmp_path_factory.mktemp("run")
    tiny_fit(category_directory(run, CATEGORY), tiny_config(steps=2, monitor_every=0))
    return run


def test_from_a_run_of_one_category_or_of_several(run: Path) -> None:
    whole, one = (model_at(path, CATEGORY) for path in (run, category_directory(run, CATEGORY)))
    assert whole.category == one.category == CATEGORY
    assert (whole.sample(5)["pz"] == one.sample(5)["pz"]).all()


def test_from_a_bundle(untrained_bundle: Bundle) -> None:
    assert model_at(untrained_bundle.directory, 2).category == 2


def test_another_category(run: Path) -> None:
    with pytest.raises(ConfigError, match="a model of category 4, not 1"):
        model_at(category_directory(run, CATEGORY), 1)


def test_no_model(tmp_path: Path, run: Path, untrained_bundle: Bundle) -> None:
    with pytest.raises(TrainingError, match="not a finished run"):
        model_at(tmp_path, 1)
    with pytest.raises(TrainingError, match="not a finished run"):
        model_at(run, 1)
    with pytest.raises(BundleError):
        model_at(untrained_bundle.directory, 5)
