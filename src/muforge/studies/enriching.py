"""The networks of each way to enrich a region, and what they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from muforge.conditions import ConditionName
from muforge.models.gan import DiscriminatorConfig, GANConfig, GeneratorConfig
from muforge.presets import preset
from muforge.region import NOTE_REGION, Region, Window
from muforge.representation import PhysicsRepresentationConfig
from muforge.studies.arms import Arm
from muforge.studies.enriched import RealMuons
from muforge.studies.enrichment import Enriched, asked_for, from_codes, of_two, rare, unweighted
from muforge.studies.protocol import StudyConfig
from muforge.trained import TrainedModel
from muforge.training.config import Balance, RunConfig, TrainingConfig

MethodName = Literal[
    "vae", "conditional-flow", "dangerous-only", "rarity-gan", "conditional-gan", "rarity-flow"
]

PLAIN, ONLY = "plain", "dangerous-only"

ASKED = (ONLY, "conditional-flow", "conditional-gan")
"""Methods whose muons are asked for one by one, inside or outside."""

TITLES: Mapping[str, str] = {
    PLAIN: "plain flow",
    "vae": "VAE near codes",
    "conditional-flow": "conditional flow",
    "dangerous-only": "flow of dangerous muons",
    "rarity-gan": "rarity GAN",
    "conditional-gan": "conditional GAN",
    "rarity-flow": "rarity flow",
}
"""Methods, in the order of tables. The plain flow enriches nothing and is what the others are compared with."""

WIDE_REGION = Region(windows=(Window(p=(25, 60), pt=(1.2, 3.7)), Window(p=(125, 245), pt=(1, 2.8))))
"""The note's region with lower ends of the transverse momentum: enough muons for a test."""

_TOLD: tuple[ConditionName, ...] = ("dangerous",)
_RARITY: tuple[ConditionName, ...] = ("rarity",)

_NOTHING_ELSE = 1 - 1e-9
"""Share of dangerous muons in the batches of a flow that sees no others."""


class NamedRegion(BaseModel):
    """A region and what it is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, pattern=r"^[a-z0-9-]+$", description="small letters, digits and dashes")
    region: Region = Field(default=NOTE_REGION, description="windows, a column or a file")


class Config(StudyConfig):
    """Networks of about the same training time, and how many muons of the region are asked of them.

    References:
        Marshall, GANs and VAEs testing (2018), section 12
    """

    category: int = Field(default=1, ge=1, le=4, description="whose muons are studied")
    regions: tuple[NamedRegion, ...] = Field(
        default=(NamedRegion(name="note"), NamedRegion(name="wide", region=WIDE_REGION)),
        min_length=1,
        description="which muons are dangerous, each studied by itself",
    )
    methods: tuple[MethodName, ...] = Field(
        default=get_args(MethodName),
        min_length=1,
        description="ways to enrich",
    )
    share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="of the muons that are made to be dangerous, where that is asked for",
    )
    rarity_spread: float = Field(
        default=2.5, ge=1, le=100, description="how many times as wide rarity is drawn as it is among muons"
    )
    flow: str = Field(default="best", description="preset of the flows")
    flow_steps: int = Field(default=3000, ge=1, description="training steps of the plain flow")
    told_steps: int = Field(
        default=2200, ge=1, description="training steps of a flow that is told something, which take longer"
    )
    only_steps: int = Field(
        default=400, ge=1, description="training steps of the flow of dangerous muons, beside the plain one"
    )
    vae_steps: int = Field(default=3200, ge=1, description="training steps of the VAE, preset 'vae'")
    gan_steps: int = Field(default=3800, ge=1, description="training steps of a GAN")
    gan_width: int = Field(default=128, ge=1, le=65536, description="nodes of both hidden layers of G and D")
    gan_batch_size: int = Field(default=512, ge=4, description="muons per step, half of them generated")
    generated: int = Field(default=100_000, ge=100, description="muons that are made to be measured")
    judge_size: int = Field(default=10_000, ge=10, description="muons per side and half in the BDT tests")
    muons: int = Field(
        default=0,
        ge=0,
        description="muons of each method and region to make for a ROOT file; 0 is none",
    )

    @model_validator(mode="after")
    def _different(self) -> Self:
        for what, names in (("regions", [each.name for each in self.regions]), ("methods", [*self.methods])):
            if len({*names}) < len(names):
                raise ValueError(f"{what} {', '.join(names)}: one is there twice")
        return self


def networks(method: str, region: NamedRegion, config: Config) -> tuple[Arm, ...]:
    """What a method trains for a region; networks of equal names are the same.

    The flow of dangerous muons alone is one that is told 'dangerous' and never shown others. Only its representation
    knows all muons: a few of very unequal weights have no normal scores of their own.
    """
    plain = _flow("plain flow", config)
    named = region.name
    match method:
        case "dangerous-only":
            inside = _flow(
                f"flow of dangerous {named}",
                config,
                _TOLD,
                region.region,
                least=_NOTHING_ELSE,
                steps=config.only_steps,
            )
            rest = _flow(f"flow of others {named}", config, _TOLD, region.region, least=0.0)
            arms = [inside, plain if region.region.is_rule else rest]
        case "vae":
            arms = [_vae(config)]
        case "conditional-flow":
            arms = [_flow(f"flow told dangerous {named}", config, _TOLD, region.region)]
        case "conditional-gan":
            arms = [_gan(f"GAN told dangerous {named}", config, _TOLD, region.region)]
        case "rarity-flow":
            arms = [_flow("flow told rarity", config, _RARITY)]
        case "rarity-gan":
            arms = [_gan("GAN told rarity", config, _RARITY)]
        case _:
            arms = [plain]
    return tuple(arms)


def make(
    method: str, models: Sequence[TrainedModel], real: RealMuons, config: Config, n: int, seed: int
) -> Enriched:
    """n muons of a method.

    Arguments:
        method: A name of `TITLES`.
        models: Of its networks.
        real: The region and the training muons in it.
        config: Of the study.
        n: How many.
        seed: Of the latents.
    """
    match method:
        case "vae":
            return from_codes(models[0], real.dangerous, config.share, n, seed)
        case "conditional-flow" | "conditional-gan":
            return asked_for(models[0], real.region, config.share, n, seed)
        case "rarity-flow" | "rarity-gan":
            return rare(models[0], config.rarity_spread, n, seed)
        case "dangerous-only":
            return of_two(models[0], models[1], real.region, config.share, n, seed)
    return unweighted(models[0], n, seed)


def _flow(
    name: str,
    config: Config,
    conditions: tuple[ConditionName, ...] = (),
    region: Region = NOTE_REGION,
    *,
    least: float | None = None,
    steps: int | None = None,
) -> Arm:
    own = preset(config.flow)
    usual = config.told_steps if conditions else config.flow_steps
    training = _training(own.training, config, steps or usual)
    run = _told(own, training, conditions, region)
    if least is not None:
        run = run.model_copy(update={"balance": Balance(dangerous=least)})
    return Arm(name, run, config.category)


def _vae(config: Config) -> Arm:
    own = preset("vae")
    return Arm("VAE", _told(own, _training(own.training, config, config.vae_steps)), config.category)


def _gan(
    name: str, config: Config, conditions: tuple[ConditionName, ...], region: Region = NOTE_REGION
) -> Arm:
    layers: dict[str, Any] = {
        "shape": "flat",
        "width": config.gan_width,
        "layers": 2,
        "batch_norm": False,
        "dropout": 0.0,
    }
    own = RunConfig(
        model=GANConfig(
            latent_dimensions=8,
            generator=GeneratorConfig(**layers),
            discriminator=DiscriminatorConfig(**layers),
        ),
        representation=PhysicsRepresentationConfig(),
        training=TrainingConfig(batch_size=config.gan_batch_size, schedule="cosine"),
    )
    return Arm(
        name,
        _told(own, _training(own.training, config, config.gan_steps), conditions, region),
        config.category,
    )


def _training(own: TrainingConfig, config: Config, steps: int) -> TrainingConfig:
    """Validation events choose nothing, so that they can be held out like test events."""
    return own.model_copy(
        update={
            "steps": steps,
            "epochs": None,
            "monitor_every": 0,
            "judge_size": config.judge_size,
            "plots": False,
            "device": config.device,
        }
    )


def _told(
    own: RunConfig,
    training: TrainingConfig,
    conditions: tuple[ConditionName, ...] = (),
    region: Region = NOTE_REGION,
) -> RunConfig:
    return own.model_copy(update={"training": training, "conditions": conditions, "region": region})
