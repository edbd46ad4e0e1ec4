"""The study of architectures."""

from __future__ import annotations

from typing import Any

import pytest

from muforge.dataset.store import Dataset
from muforge.errors import ConfigError
from muforge.models.gan import GANConfig
from muforge.models.vae import VAEConfig
from muforge.studies.protocol import Study
from muforge.studies.spread import Spread, pooled
from muforge.studies.variations import (
    BATCH,
    BETA1,
    LATENT,
    LAYERS,
    NODES,
    OPTIMISER,
    SHAPE,
    VAE_LATENT,
    Config,
    settings,
)
from muforge.study import study_config
from tests.studies.tiny import run_study

OPTIONS: dict[str, Any] = {
    "seeds": 1,
    "base_seeds": 2,
    "steps": 4,
    "vae_steps": 4,
    "layers": 1,
    "depths": [1, 2],
    "node_factors": [0.03],
    "flat_widths": [8],
    "batches": [{"size": 20, "steps": 2}],
    "optimisers": ["rmsprop"],
    "beta1": [0.0],
    "latents": [2],
    "vae_latents": [2],
    "scan_size": 60,
}


@pytest.fixture(scope="module")
def found(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return run_study("architecture", dataset, tmp_path_factory.mktemp("networks") / "study", **OPTIONS)


def of_factor(config: Config, factor: str) -> dict[str, Any]:
    return {each.label: each.arm.config for each in settings(config) if each.factor == factor}


def test_each_network_differs_from_the_base_in_what_it_says() -> None:
    config = Config()
    base = config.gan()
    layers = of_factor(config, LAYERS)
    assert len(layers) == 16
    assert (layers["4 and 1"].model.generator.layers, layers["4 and 1"].model.discriminator.layers) == (4, 1)
    nodes = of_factor(config, NODES)
    assert len(nodes) == 9
    model = nodes["0.5 and 0.125"].model
    assert (model.generator.node_factor, model.discriminator.node_factor) == (0.5, 0.125)
    shape = of_factor(config, SHAPE)["flat, 96 wide"].model
    assert shape.generator.widths == shape.discriminator.widths == (96, 96)
    batch = of_factor(config, BATCH)["1000 (1,200 steps)"]
    assert (batch.training.batch_size, batch.training.steps, batch.training.monitor_every) == (
        1000,
        1200,
        300,
    )
    assert batch.model == base
    assert of_factor(config, OPTIMISER)["rmsprop"].model == config.gan(optimiser="rmsprop")
    assert of_factor(config, BETA1)["0.9"].model == config.gan(beta1=0.9)
    assert of_factor(config, LATENT)["256"].model == config.gan(latent_dimensions=256)
    vae = of_factor(config, VAE_LATENT)["32"]
    assert vae.model == VAEConfig(latent_dimensions=32)
    assert vae.representation.range == "unit"


def test_every_factor_begins_with_the_base_and_names_are_different() -> None:
    found = list(settings(Config()))
    by_factor: dict[str, list[Any]] = {}
    for each in found:
        by_factor.setdefault(each.factor, []).append(each)
    for name, own in by_factor.items():
        assert [each.is_base for each in own] == [True] + [False] * (len(own) - 1), name
        assert len({each.label for each in own}) == len(own)
    arms = {each.arm.name: each.arm for each in found}
    gans = {each.arm.config.model for each in found if isinstance(each.arm.config.model, GANConfig)}
    assert len(gans) == sum(isinstance(arm.config.model, GANConfig) for arm in arms.values()) - len(
        Config().batches
    )


def test_a_grid_takes_the_spread_of_the_base_and_other_factors_their_own(found: Study) -> None:
    layers, latent = (found.details["factors"][name] for name in (LAYERS, LATENT))
    base = Spread.of(layers[0]["excess_auc"])
    assert base.seeds == 2
    assert layers[1]["error"] == pytest.approx(base.deviation)
    common, _ = pooled([Spread.of(each["excess_auc"]) for each in latent])
    assert latent[1]["error"] == pytest.approx(common)


def test_answers_name_seeds_and_the_number_of_comparisons(found: Study) -> None:
    others = sum(len(each) - 1 for each in found.details["factors"].values())
    assert others == 3 + 0 + 1 + 1 + 1 + 1 + 1 + 1
    assert f"Of {others} other networks" in found.answers[0]
    assert "(2 seeds)" in found.answers[0]
    assert found.answers[1].startswith("Layers of G and D: the lowest excess AUC is that of ")
    assert found.answers[-2].startswith("Dead space of the GAN: ")
    assert found.answers[-1].startswith("Dead space of the VAE: ")


def test_each_factor_has_a_table_and_dead_space_has_one(found: Study) -> None:
    assert len(found.tables) == len(found.details["factors"]) + 1
    assert [row[0] for row in found.tables[-1].rows] == ["GAN, 2", "GAN, 100", "VAE, 2", "VAE, 4"]


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"depths": [5]}, "depths"),
        ({"batches": [{"size": 2, "steps": 1}]}, "batches"),
        ({"optimisers": ["sgd"]}, "optimisers"),
        ({"latents": [0]}, "latents"),
    ],
)
def test_wrong_options_are_named(option: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=f"study 'architecture': {problem}"):
        study_config("architecture", option)
