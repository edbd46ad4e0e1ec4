from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from muforge.errors import ConfigError
from muforge.models.gan import GANConfig
from muforge.training.config import RunConfig, TrainingConfig, first_difference
from tests.training.runs import tiny_config


def test_yaml_round_trip(tmp_path: Path) -> None:
    config = tiny_config(seed=2**64 - 1)
    config.save(tmp_path / "config.yaml")
    again = RunConfig.load(tmp_path / "config.yaml")
    assert again == config
    assert isinstance(again.model, GANConfig)
    assert again.model.generator.width == 8


def test_defaults_are_the_notes_gan() -> None:
    assert RunConfig().model == GANConfig()
    assert TrainingConfig().batch_size == 100
    assert TrainingConfig().threads == 1


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("model: {family: gan, generator: {layers: 2}}\n")
    config = RunConfig.load(tmp_path / "a.yaml")
    assert isinstance(config.model, GANConfig)
    assert config.model.generator.layers == 2
    assert config.training == TrainingConfig()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("training: {batch_size: -3}", "training.batch_size: -3: "),
        ("training: {stepz: 5}", "training.stepz: unknown option"),
        ("training: {steps: many}", "training.steps: 'many': "),
        ("training: {judge_classifier: svm}", "training.judge_classifier: 'svm': "),
        (
            "model: {family: gan, generator: {layers: 9}}",
            "model.generator: .*layers 9: a pyramid has at most 4",
        ),
        ("model: {family: gan, optimizer: adam}", "model.optimizer: unknown option"),
        ("model: {family: magic}", "model family 'magic': unknown"),
        ("model: {latent_dimensions: 3}", "family: missing"),
        ("model: gan", "model: 'gan': expected options"),
        ("representation: {bound: 1.5, range: odd}", r"representation\..* \(and 1 more\)"),
        ("extra: 1", "extra: unknown option"),
        ("[1, 2]", "expected options under 'model'"),
        ("", "expected options under 'model'"),
        ("a: [", "not YAML"),
        ("!!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_problems_are_named_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        RunConfig.load(tmp_path / "a.yaml")
    assert str(caught.value).startswith(str(tmp_path / "a.yaml"))
    assert "\n" not in str(caught.value)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: cannot be read"):
        RunConfig.load(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ConfigError, match=r"binary\.yaml: cannot be read"):
        RunConfig.load(tmp_path / "binary.yaml")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}, None),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, "b.c"),
        ({"a": 1}, {"a": 1, "b": None}, "b"),
        ({"a": 1, "b": None}, {"a": 1}, "b"),
        ({"a": {"b": 1}}, {"a": 1}, "a"),
    ],
)
def test_first_difference(old: dict[str, Any], new: dict[str, Any], key: str | None) -> None:
    assert first_difference(old, new) == key


def test_epochs_limit_the_steps() -> None:
    config = RunConfig.from_mapping({"training": {"steps": 1000, "batch_size": 100, "epochs": 5}})
    assert config.limited_to(4000).training.steps == 200
    assert config.limited_to(10**6).training.steps == 1000
    assert config.limited_to(3).training.steps == 1
    assert RunConfig().limited_to(3) == RunConfig()
    student = RunConfig.from_mapping(
        {
            "model": {"family": "student"},
            "representation": {"kind": "physics"},
            "teacher": {"model": {"family": "flow"}, "training": config.to_mapping()["training"]},
        }
    )
    limited = student.limited_to(4000)
    assert limited.teacher is not None
    assert limited.teacher.training.steps == 200
    assert limited.training == student.training
