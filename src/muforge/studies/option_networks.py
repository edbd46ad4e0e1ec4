"""The networks of the study of options: the note's two, and those that differ from one of them in one option."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from muforge.models.optimisers import OptimiserName
from muforge.models.vae import VAEConfig
from muforge.representation import NoteRepresentationConfig
from muforge.studies.arms import Arm
from muforge.studies.note_gan import GANStudyConfig
from muforge.studies.variations import Setting
from muforge.training.config import RunConfig

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Nodes = Annotated[int, Field(ge=1, le=65536)]
Layers = Annotated[int, Field(ge=1, le=16)]

GAN, VAE = "GAN", "VAE"


class Config(GANStudyConfig):
    """The note's two networks, and networks that differ from one of them in one option.

    References:
        Marshall, GANs and VAEs testing (2018), sections 2, 5, 6, 7 and 8
    """

    steps: int = Field(default=4000, ge=1, description="training steps of each GAN")
    seeds: int = Field(default=2, ge=1, le=100, description="trainings of each network beside the base")
    base_seeds: int = Field(default=4, ge=2, le=100, description="trainings of the two base networks")
    node_factor_generator: float = Field(default=0.25, gt=0, le=64, description="the note's -nG")
    node_factor_discriminator: float = Field(default=0.25, gt=0, le=64, description="the note's -nD")
    monitor_every: int = Field(default=1000, ge=1, description="steps between monitor calls")
    judge_size: int = Field(default=10_000, ge=10, description="muons per side and half in the BDT test")
    learning_rates: tuple[Positive, ...] = Field(
        default=(0.00005, 0.0002, 0.001), description="of the GAN, beside the base's 0.0005"
    )
    dropouts: tuple[Share, ...] = Field(default=(0.0, 0.5), description="of D, beside the base's 0.25")
    vae_steps: int = Field(default=4000, ge=1, description="training steps of each VAE")
    vae_factors: tuple[Positive, ...] = Field(
        default=(1.0, 10.0, 100.0, 10_000.0), description="the note's -x, beside the base's 1000"
    )
    vae_learning_rates: tuple[Positive, ...] = Field(
        default=(0.0001, 0.003), description="of the VAE, beside the base's 0.001"
    )
    vae_optimisers: tuple[OptimiserName, ...] = Field(
        default=("adam", "rmsprop"), description="of the VAE, beside the base's amsgrad"
    )
    vae_nodes: tuple[Nodes, ...] = Field(
        default=(25, 50, 200, 400), description="of each layer of both of its networks, beside the base's 100"
    )
    vae_layers: tuple[Layers, ...] = Field(
        default=(1, 2, 4), description="of both of its networks, beside the base's 3"
    )


Options = Mapping[str, Mapping[str, RunConfig]]
"""Configurations by what is varied and by value; the first value is the base's."""


def base_name(family: str) -> str:
    """Of the arm that the others of a family are compared with."""
    return f"{family} base"


def settings(family: str, config: Config) -> Iterable[Setting]:
    """The networks of a family, those of a factor together and the base first."""
    options = _of_gan(config) if family == GAN else _of_vae(config)
    for factor, values in options.items():
        for number, (label, run) in enumerate(values.items()):
            is_base = number == 0
            name = base_name(family) if is_base else f"{family} {factor} {label}"
            arm = Arm(name, run, config.category, config.base_seeds if is_base else None)
            yield Setting(factor, label, (number,), arm, is_base)


def _of_gan(config: Config) -> Options:
    def run(representation: Mapping[str, Any] | None = None, **options: Any) -> RunConfig:
        return RunConfig(
            model=config.gan(**options),
            representation=NoteRepresentationConfig(**(representation or {})),
            training=config.training(),
        )

    base = config.gan()
    g, d = base.generator.model_dump(), base.discriminator.model_dump()
    return {
        "learning rate": {
            f"{base.learning_rate:g}": run(),
            **{f"{rate:g}": run(learning_rate=rate) for rate in config.learning_rates},
        },
        "batch normalisation": {
            "in G": run(),
            "none": run(generator={**g, "batch_norm": False}),
            "in G and D": run(discriminator={**d, "batch_norm": True}),
        },
        "dropout in D": {
            f"{base.discriminator.dropout:g}": run(),
            **{f"{share:g}": run(discriminator={**d, "dropout": share}) for share in config.dropouts},
        },
        "network space": {
            "broadened": run(),
            "not broadened": run({"broaden": False}),
            "broadened and centred": run({"centre": True}),
        },
    }


def _of_vae(config: Config) -> Options:
    def run(**options: Any) -> RunConfig:
        return RunConfig(
            model=VAEConfig(**options),
            representation=NoteRepresentationConfig(range="unit"),
            training=config.training(steps=config.vae_steps),
        )

    base = VAEConfig()
    return {
        "cross-entropy factor": {
            f"{base.reconstruction:g}": run(),
            **{f"{factor:g}": run(reconstruction=factor) for factor in config.vae_factors},
        },
        "learning rate": {
            f"{base.learning_rate:g}": run(),
            **{f"{rate:g}": run(learning_rate=rate) for rate in config.vae_learning_rates},
        },
        "optimiser": {base.optimiser: run(), **{name: run(optimiser=name) for name in config.vae_optimisers}},
        "nodes": {
            f"{base.nodes_encoder}": run(),
            **{f"{nodes}": run(nodes_encoder=nodes, nodes_decoder=nodes) for nodes in config.vae_nodes},
        },
        "layers": {
            f"{base.layers_encoder}": run(),
            **{
                f"{layers}": run(layers_encoder=layers, layers_decoder=layers) for layers in config.vae_layers
            },
        },
        "normalisation and dropout": {
            "neither": run(),
            "batch normalisation": run(batch_norm=True),
            "dropout 0.1": run(dropout=0.1),
        },
        "likelihood": {base.likelihood: run(), "gaussian": run(likelihood="gaussian")},
    }
