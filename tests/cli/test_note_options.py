"""The note's options of networks: which network they choose, and where they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import muforge as mf
from muforge import presets
from muforge.errors import ConfigError
from muforge.presets.note_options import PLACES, placed, preset_of
from muforge.training.config import RunConfig
from tests.cli.test_cli import error_of, run
from tests.dataset.production import write_flat

NOTES_VAE = ("-lr", "0.001", "-x", "1000", "-iE", "100", "-iD", "100", "-layersE", "3", "-layersD", "3")
FEW = (
    *("--category", "1", "--steps", "4", "--set", "training.judge_size=50"),
    *("--set", "training.plots=false"),
)


def model(name: str) -> dict[str, Any]:
    return dict(presets.preset(name).to_mapping()["model"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], None),
        (["-l"], "gan-2018"),
        (["-o"], "gan-2018"),
        (["-layersD"], "gan-2018"),
        (["-nG", "-layersD"], "gan-2018"),
        (["-lr"], "vae-2018"),
        (["-layersE", "-layersD"], "vae-2018"),
        (["-x", "-o"], "vae-2018"),
    ],
)
def test_options_choose_the_network_that_they_are_of(given: list[str], expected: str | None) -> None:
    assert preset_of({name: 1 if name in given else None for name in PLACES}) == expected


def test_the_discriminators_layers_are_the_decoders_of_a_vae() -> None:
    assert placed({"-layersD": 2, "-l": None}, model("gan-2018")) == {"model.discriminator.layers": 2}
    assert placed({"-layersD": 2}, model("vae-2018")) == {"model.layers_decoder": 2}
    assert placed({"-l": 0.1}, model("best")) == {"model.learning_rate": 0.1}


def test_every_option_has_a_place_in_one_of_the_notes_networks() -> None:
    for name in PLACES:
        found = 0
        for network in ("gan-2018", "vae-2018"):
            try:
                found += len(placed({name: 1}, model(network)))
            except ConfigError:
                continue
        assert found, name


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("note")
    write_flat(folder / "prod.root", 1500)
    mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=1e6)
    return folder / "ds"


@pytest.mark.parametrize("preset", [(), ("--preset", "vae-2018")])
def test_the_notes_call_of_the_vae_is_the_preset(
    tmp_path: Path, dataset: Path, preset: tuple[str, ...]
) -> None:
    assert run("train", dataset, "--out", tmp_path / "run", *preset, *NOTES_VAE, *FEW) == 0
    config = RunConfig.load(tmp_path / "run" / "category-1" / "config.yaml")
    expected = presets.preset("vae-2018")
    assert (config.model, config.representation) == (expected.model, expected.representation)


def test_long_names_of_the_vae(tmp_path: Path, dataset: Path) -> None:
    options = ("--vae-learning-rate", "0.002", "--cross-entropy-factor", "500", "--nodes-encoder", "9")
    more = ("--nodes-decoder", "8", "--layers-encoder", "2", "--layers-d", "1")
    assert run("train", dataset, "--out", tmp_path / "run", *options, *more, *FEW) == 0
    found: Any = RunConfig.load(tmp_path / "run" / "category-1" / "config.yaml").model
    assert found.family == "vae"
    assert (found.learning_rate, found.reconstruction) == (0.002, 500)
    assert (found.nodes_encoder, found.nodes_decoder) == (9, 8)
    assert (found.layers_encoder, found.layers_decoder) == (2, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-nG", "2", "-x", "10"], "-nG of the GAN and -x of the VAE: give those of one network"),
        (["-l", "0.1", "-lr", "0.1"], "-l, -lr: both are the learning rate, give one of them"),
        (["--preset", "gan-2018", "-iE", "9"], "-iE: model family 'gan' has no nodes_encoder"),
        (["--preset", "vae-2018", "-nG", "2"], "-nG: model family 'vae' has no generator.node_factor"),
        (
            ["--preset", "best", "-layersD", "2"],
            "-layersD: model family 'flow' has no discriminator.layers or layers_decoder",
        ),
        (["-x", "-3"], "model.reconstruction"),
    ],
)
def test_options_of_another_network_are_refused(
    tmp_path: Path,
    dataset: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert run("train", dataset, "--out", tmp_path / "run", *options) == 1
    assert message in error_of(capsys)
    assert not (tmp_path / "run").exists()
