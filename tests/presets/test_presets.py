"""Configurations by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from muforge import presets
from muforge.errors import ConfigError
from muforge.models import build
from muforge.representation import Representation
from muforge.sample import CATEGORIES, features
from muforge.training.config import RunConfig
from tests.judge.beam import beam


def test_the_presets_are_those_that_the_documentation_names() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    table = text.split("## Measured")[0]
    assert {name for name in presets.names() if f"`{name}`" in table} == set(presets.names())
    assert presets.DEFAULT in presets.names()


@pytest.mark.parametrize("name", presets.names())
@pytest.mark.parametrize("category", CATEGORIES)
def test_model_and_representation_of_a_preset_fit_together(name: str, category: int) -> None:
    config = presets.preset(name)
    assert RunConfig.from_mapping(config.to_mapping()) == config
    sample = beam(2000, 0, category=category)
    representation = Representation.fit(sample, features(category), config.representation)
    models = [config.model] + ([] if config.teacher is None else [config.teacher.model])
    for model in models:
        assert (
            build(model, representation.learned, representation.bounds).dimensions == representation.learned
        )


def test_the_notes_gan_is_the_configuration_without_a_preset() -> None:
    assert presets.preset("gan-2018") == RunConfig()


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(ConfigError, match="preset 'beste': unknown; known are best, flow"):
        presets.preset("beste")
