"""The whole study, tiny: what it trains, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, SampleError
from muforge.report.study import study_figures
from muforge.studies.latent_map import GAN, LARGE, MUONS_NAME, VAE, Config, run
from muforge.studies.protocol import Place, Study
from muforge.study import study_config
from tests.studies.tiny import SMALLEST

TINY: dict[str, Any] = {
    **SMALLEST,
    "category": 1,
    "judge_size": 100,
    "vae_steps": 6,
    "cells": 3,
    "muons_per_cell": 10,
    "muons": 50,
    "region": {"windows": [{"p": [10, 1000], "pt": [0, 100]}]},
}


def tiny(**options: Any) -> Config:
    return Config.model_validate(TINY | options)


@pytest.fixture(scope="module")
def place(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(dataset, tmp_path_factory.mktemp("latent-map"))


@pytest.fixture(scope="module")
def found(place: Place) -> Study:
    return run(place, tiny())


def test_both_latent_spaces_are_told_of(found: Study) -> None:
    assert [each.split(",")[0].split(":")[0] for each in found.answers] == [GAN, GAN, VAE, VAE, VAE, VAE]
    assert "2 seeds" in found.answers[0]
    assert len(found.tables) == 4
    assert json.loads(json.dumps(found.details, allow_nan=False)) == found.details
    assert list(found.details["looks"][1]["codes"]["groups"]) == ["all", "dangerous", "category 2"]


def test_muons_of_the_box_are_written(place: Place, found: Study) -> None:
    muons = mf.read(place.directory / MUONS_NAME)
    box = found.details["looks"][1]["box"]
    assert len(muons) == 50
    np.testing.assert_allclose(muons.weight, box["probability"])
    assert (muons.category == 1).all()


def test_the_figures(found: Study) -> None:
    names = [each.name for each in study_figures("latent-map", found.details)]
    assert names == ["gan-map", "gan-effects", "vae-map", "vae-effects", "vae-codes", "vae-posterior"]


def test_a_model_that_is_there_needs_no_training(
    place: Place, found: Study, dataset: Dataset, tmp_path: Path
) -> None:
    model = place.directory / "runs" / "vae" / "seed-0"
    again = run(Place(dataset, tmp_path), tiny(model=model, dimensions=[1, 0], box={1: [-1, 1]}))
    look = again.details["looks"][0]
    assert look["name"] == VAE
    assert look["grid"]["dimensions"] == [1, 0]
    assert look["box"]["box"] == {"1": [-1, 1]}
    assert not (tmp_path / "runs").exists()
    assert (tmp_path / MUONS_NAME).is_file()


def test_a_box_of_a_model_without_an_encoder(
    place: Place, found: Study, dataset: Dataset, tmp_path: Path
) -> None:
    model = place.directory / "runs" / "gan" / "seed-0"
    again = run(Place(dataset, tmp_path), tiny(model=model, box={0: [0, 1]}))
    assert again.details["looks"][0]["box"]["encoded"] is None
    assert (tmp_path / MUONS_NAME).is_file()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dimensions": [0, 7]}, ConfigError, "latent dimension 7: the model has 4, numbered from 0"),
        ({"box": {7: [0, 1]}}, ConfigError, "latent dimension 7: the model has 4, numbered from 0"),
        ({"box": {0: [1, 0]}}, ConfigError, "latent dimension 0 from 1 to 0: must rise"),
        ({"box": {0: [20, 21]}}, SampleError, "holds the code of none of .* training muons"),
        (
            {"region": {"windows": [{"p": [1, 2], "pt": [0, 1]}]}},
            SampleError,
            "training events: none of .* muons is in the region",
        ),
    ],
)
def test_refused(
    place: Place,
    found: Study,
    dataset: Dataset,
    tmp_path: Path,
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    model = place.directory / "runs" / "vae" / "seed-0"
    with pytest.raises(error, match=message):
        run(Place(dataset, tmp_path), tiny(model=model, **options))


def test_options_that_are_not_valid() -> None:
    with pytest.raises(ConfigError, match=r"study 'latent-map': .*dimensions: 3 is there twice"):
        study_config("latent-map", {"dimensions": [3, 3]})
    for wrong in ({"dimensions": [0, 7]}, {"box": {7: [0, 1]}}):
        with pytest.raises(ConfigError, match="latent dimension 7: the VAE has 4, numbered from 0"):
            study_config("latent-map", wrong)


def test_a_region_without_muons_is_found_before_anything_is_trained(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"category 1, training events: none of .* muons is in the region"):
        run(Place(dataset, tmp_path), tiny(region={"windows": [{"p": [1, 2], "pt": [0, 1]}]}))
    assert not (tmp_path / "runs").exists()


def test_the_large_one_is_larger() -> None:
    assert LARGE.cells > Config().cells
    assert LARGE.vae_steps > Config().vae_steps
    assert LARGE.category == Config().category
