"""Search spaces and their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from muforge import presets, scans
from muforge.errors import ConfigError
from muforge.scanning.space import Space
from tests.scanning.scans import write_space


def load(folder: Path, content: Any, **options: Any) -> Space:
    path = folder / "space.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return Space.load(path, **options)


def test_the_notes_options_choose_its_preset_and_its_keys(tmp_path: Path) -> None:
    space = load(tmp_path, "set: {-l: 1e-3, -o: 1}\nspace: {-layersG: [1, 2], -layersD: {low: 1, high: 3}}\n")
    config: Any = space.config({"-layersG": 2, "-layersD": 1})
    assert (config.model.generator.layers, config.model.discriminator.layers) == (2, 1)
    assert (config.model.learning_rate, config.model.optimiser) == (0.001, "adam")
    assert (space.sampler, space.pruner, space.categories) == ("tpe", "median", (1, 2, 3, 4))


def test_settings_and_categories_go_over_the_file(tmp_path: Path) -> None:
    content = {"preset": "gan-2018", "set": {"training.steps": 9}, "space": {"-o": [0, 2]}}
    space = load(tmp_path, content, settings={"training.steps": 7, "-nG": 0.5}, categories=[3, 1, 3])
    config: Any = space.config({"-o": 2})
    assert (config.training.steps, config.model.generator.node_factor) == (7, 0.5)
    assert config.model.optimiser == "rmsprop"
    assert space.categories == (1, 3)


def test_a_configuration_comes_from_a_file_beside_the_space(tmp_path: Path) -> None:
    presets.preset("vae").save(tmp_path / "mine.yaml")
    space = load(tmp_path, {"config": "mine.yaml", "space": {"-x": [10, 100]}})
    assert space.base == presets.preset("vae")


def test_without_a_preset_the_default_is_searched(tmp_path: Path) -> None:
    space = load(tmp_path, {"space": {"model.width": [12, 18]}})
    assert space.base == presets.preset(presets.DEFAULT)
    assert space.pruner == "none"


def test_the_file_of_a_scan_is_a_space_file(tmp_path: Path) -> None:
    space = load(
        tmp_path, "seed: 5\nspace: {-l: {low: 1e-4, high: 1, log: true}, training.epochs: [null, 2]}\n"
    )
    again = load(tmp_path, {**space.to_mapping(), "dataset": {"directory": "/somewhere", "sha256": "0"}})
    assert again == space
    assert again.config({"-l": 0.5, "training.epochs": None}).training.epochs is None


def test_a_grid_has_all_points_in_order(tmp_path: Path) -> None:
    space = load(tmp_path, {"sampler": "grid", "space": {"-layersG": [1, 2], "-nG": [2, 1]}})
    assert space.grid() == [
        {"-layersG": 1, "-nG": 2},
        {"-layersG": 1, "-nG": 1},
        {"-layersG": 2, "-nG": 2},
        {"-layersG": 2, "-nG": 1},
    ]
    assert space.pruner == "none"


@pytest.mark.parametrize("name", scans.names())
def test_the_notes_scans_are_valid(name: str) -> None:
    space = Space.load(scans.space_file(name))
    assert space.base.model.family == "gan"
    assert scans.about(name).endswith(".")
    if space.sampler == "grid":
        assert len(space.grid()) == {
            "note-layers": 16,
            "note-nodes": 16,
            "note-learning-rate": 18,
            "note-batch-size": 5,
        }.get(name)


def test_a_space_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"note-leyers: no such file, and no search space.*note-layers"):
        scans.space_file("note-leyers")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("space: [", "not YAML"),
        ("- 1", "expected a search space, with the parameters under 'space'"),
        ("preset: gan-2018", "space: missing"),
        ("space: {}", "space: "),
        ("spaces: {}\nspace: {-l: [1]}", "spaces: unknown option"),
        ("sampler: best\nspace: {-l: [1]}", "sampler: 'best'"),
        ("categories: [5]\nspace: {-l: [1]}", "categories.0: 5"),
        ("preset: gan-2019\nspace: {-l: [1]}", "preset 'gan-2019': unknown"),
        ("preset: vae\nconfig: x.yaml\nspace: {-x: [1]}", "preset, config: give one of them"),
        ("config: x.yaml\nspace: {-x: [1]}", "x.yaml: cannot be read"),
        ("set: {model.nothing: 1}\nspace: {-l: [1]}", "nothing: unknown option"),
        ("space: {-l: {low: 1}}", "space.-l.high: missing"),
        ("space: {-l: [0.1, -1]}", "space: with -l: -1: model.learning_rate: -1"),
        ("space: {-layersG: {low: 1, high: 99}}", "space: with -layersG: 99: model.generator.layers"),
        ("space: {-layersG: {low: 1.0, high: 4.0}}", "space: with -layersG: 2.5: model.generator.layers"),
        ("space: {modle.width: [1]}", "space: with modle.width: 1: modle.width: unknown option"),
        ("space: {model.widht: [1]}", "space: with model.widht: 1: model.widht: unknown option"),
        ("preset: vae\nspace: {-nG: [1]}", "-nG: model family 'vae' has no generator.node_factor"),
        ("space: {-nG: [1], -x: [1]}", "-nG of the GAN and -x of the VAE"),
        (
            "space: {-nG: [1], model.generator.node_factor: [2]}",
            "space: -nG and model.generator.node_factor are the same option",
        ),
        ("sampler: grid\nspace: {-l: {low: 0.1, high: 1}}", "space.-l: give step or points"),
        ("pruner: median\nspace: {model.width: [1]}", "pruner: 'median' looks at the judgements"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, content)
    assert str(tmp_path) in str(raised.value)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_pruner_may_rely_on_judgements_that_the_space_sets(tmp_path: Path) -> None:
    content = {"pruner": "median", "space": {"training.monitor_every": [2, 3]}}
    assert Space.load(write_space(tmp_path, content, monitor_every=0)).pruner == "median"
