"""The networks of the study of architectures: a base, and those that differ from it in one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from muforge.models.gan import DiscriminatorConfig, GANConfig, GeneratorConfig
from muforge.models.optimisers import OptimiserName
from muforge.models.vae import VAEConfig
from muforge.representation import NoteRepresentationConfig
from muforge.studies.arms import Arm
from muforge.studies.note_gan import GANStudyConfig
from muforge.training.config import RunConfig

Factor = Annotated[float, Field(gt=0, le=64)]
Depth = Annotated[int, Field(ge=1, le=4)]
Width = Annotated[int, Field(ge=1, le=65536)]
LatentSize = Annotated[int, Field(ge=1, le=4096)]
Momentum = Annotated[float, Field(ge=0, lt=1)]


class Batch(BaseModel):
    """A batch size and how many steps of it cost as much CPU as those of the base network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=4, description="muons per step")
    steps: int = Field(ge=1, description="training steps")


class Config(GANStudyConfig):
    """A base network, and networks that differ from it in one thing, or in one thing of G and of D.

    References:
        Marshall, GANs and VAEs testing (2018), sections 7, 8 and 13
        White, Sampling generative networks | https://arxiv.org/abs/1609.04468
    """

    steps: int = Field(default=4000, ge=1, description="training steps of each network")
    seeds: int = Field(default=2, ge=1, le=100, description="trainings of each network beside the base")
    node_factor_generator: float = Field(default=0.25, gt=0, le=64, description="the note's -nG of the base")
    node_factor_discriminator: float = Field(
        default=0.25, gt=0, le=64, description="the note's -nD of the base"
    )
    monitor_every: int = Field(default=1000, ge=1, description="steps between monitor calls")
    judge_size: int = Field(default=10_000, ge=10, description="muons per side and half in the BDT test")
    base_seeds: int = Field(default=5, ge=2, le=100, description="trainings of the base networks")
    grid_seeds: int = Field(default=1, ge=1, le=100, description="trainings of each cell of a grid")
    depths: tuple[Depth, ...] = Field(default=(1, 2, 3, 4), description="layers of G, and of D: all pairs")
    node_factors: tuple[Factor, ...] = Field(
        default=(0.125, 0.25, 0.5), description="node factors of G, and of D: all pairs"
    )
    flat_widths: tuple[Width, ...] = Field(
        default=(64, 96, 128), description="nodes of each layer of flat networks, G and D alike"
    )
    batches: tuple[Batch, ...] = Field(
        default=(Batch(size=10, steps=5000), Batch(size=1000, steps=1200)),
        description="batch sizes beside the base's, with steps that cost the same CPU time",
    )
    optimisers: tuple[OptimiserName, ...] = Field(
        default=("adam", "rmsprop"), description="beside the base's amsgrad"
    )
    beta1: tuple[Momentum, ...] = Field(
        default=(0.0, 0.9), description="momentum of amsgrad beside the base's 0.5"
    )
    latents: tuple[LatentSize, ...] = Field(
        default=(2, 4, 8, 16, 32, 64, 256), description="latent sizes of the GAN beside the base's 100"
    )
    vae_latents: tuple[LatentSize, ...] = Field(
        default=(2, 8, 16, 32), description="latent sizes of the VAE beside the base's 4"
    )
    vae_steps: int = Field(default=4000, ge=1, description="training steps of each VAE")
    scan_size: int = Field(default=20_000, ge=20, description="muons per side of the search for dead space")


LAYERS, NODES, SHAPE, BATCH = "layers", "node factors", "shape", "batch size"
OPTIMISER, BETA1, LATENT, VAE_LATENT = "optimiser", "beta1", "latent size", "latent size of the VAE"
GRIDS = (LAYERS, NODES)


@dataclass(frozen=True)
class Setting:
    """One value of a factor.

    Arguments:
        factor: What is varied.
        label: The value.
        place: The value of G and of D on a grid, else the value as a number or its place among others.
        arm: The network.
        is_base: Whether it is the base network, which every factor has.
    """

    factor: str
    label: str
    place: tuple[float, ...]
    arm: Arm
    is_base: bool


def settings(config: Config) -> Iterable[Setting]:
    """All networks, those of a factor together and the base first."""
    base = _arm("base", config.gan(), config, config.base_seeds)
    yield from _grid(LAYERS, "layers", (config.layers, config.layers), config.depths, base, config)
    yield from _grid(
        NODES,
        "node_factor",
        (config.node_factor_generator, config.node_factor_discriminator),
        config.node_factors,
        base,
        config,
    )
    yield Setting(SHAPE, "pyramid", (0,), base, True)
    for number, width in enumerate(config.flat_widths):
        flat = {"shape": "flat", "width": width}
        arm = _arm(f"flat {width}", _gan(config, flat, flat), config)
        yield Setting(SHAPE, f"flat, {width} wide", (number + 1,), arm, False)
    yield Setting(BATCH, _batch_label(config.batch_size, config.steps), (config.batch_size,), base, True)
    for batch in config.batches:
        yield Setting(
            BATCH, _batch_label(batch.size, batch.steps), (batch.size,), _batch_arm(batch, config), False
        )
    yield Setting(OPTIMISER, config.gan().optimiser, (0,), base, True)
    for number, name in enumerate(config.optimisers):
        arm = _arm(f"optimiser {name}", config.gan(optimiser=name), config)
        yield Setting(OPTIMISER, name, (number + 1,), arm, False)
    yield from _numbers(BETA1, "beta1", config.gan().beta1, config.beta1, base, config)
    yield from _numbers(
        LATENT, "latent_dimensions", config.gan().latent_dimensions, config.latents, base, config
    )
    of_note = VAEConfig().latent_dimensions
    yield Setting(VAE_LATENT, f"{of_note}", (of_note,), _vae_arm(of_note, config, config.base_seeds), True)
    for size in config.vae_latents:
        yield Setting(VAE_LATENT, f"{size}", (size,), _vae_arm(size, config), False)


def _grid(
    factor: str, option: str, of_base: tuple[float, float], values: Sequence[float], base: Arm, config: Config
) -> Iterable[Setting]:
    """All pairs of values of an option of G and of D."""
    yield Setting(factor, _pair_label(*of_base), of_base, base, True)
    for g in values:
        for d in values:
            if (g, d) != of_base:
                gan = _gan(config, {option: g}, {option: d})
                arm = _arm(f"{factor} {g:g} {d:g}", gan, config, config.grid_seeds)
                yield Setting(factor, _pair_label(g, d), (g, d), arm, False)


def _numbers(
    factor: str, option: str, of_base: float, values: Sequence[float], base: Arm, config: Config
) -> Iterable[Setting]:
    yield Setting(factor, f"{of_base:g}", (of_base,), base, True)
    for value in values:
        arm = _arm(f"{factor} {value:g}", config.gan(**{option: value}), config)
        yield Setting(factor, f"{value:g}", (value,), arm, False)


def _gan(config: Config, generator: Mapping[str, Any], discriminator: Mapping[str, Any]) -> GANConfig:
    base = config.gan()
    return config.gan(
        generator=GeneratorConfig.model_validate({**base.generator.model_dump(), **generator}),
        discriminator=DiscriminatorConfig.model_validate(
            {**base.discriminator.model_dump(), **discriminator}
        ),
    )


def _arm(name: str, model: GANConfig, config: Config, seeds: int | None = None) -> Arm:
    return Arm(name, RunConfig(model=model, training=config.training()), config.category, seeds)


def _batch_arm(batch: Batch, config: Config) -> Arm:
    """As many monitor calls as the base has."""
    every = max(1, config.monitor_every * batch.steps // config.steps)
    training = config.training(batch_size=batch.size, steps=batch.steps, monitor_every=every)
    return Arm(f"batch {batch.size}", RunConfig(model=config.gan(), training=training), config.category)


def _vae_arm(latents: int, config: Config, seeds: int | None = None) -> Arm:
    run = RunConfig(
        model=VAEConfig(latent_dimensions=latents),
        representation=NoteRepresentationConfig(range="unit"),
        training=config.training(steps=config.vae_steps),
    )
    return Arm(f"vae latent {latents}", run, config.category, seeds)


def _pair_label(g: float, d: float) -> str:
    return f"{g:g} and {d:g}"


def _batch_label(size: int, steps: int) -> str:
    return f"{size} ({steps:,} steps)"
