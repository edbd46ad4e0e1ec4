"""The configuration of a run: model, representation, training; YAML on disk."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from muforge.conditions import OF_A_CATEGORY, ConditionName
from muforge.errors import ConfigError
from muforge.files import atomic
from muforge.models import config_from
from muforge.models.any_config import AnyModelConfig
from muforge.models.completion import CompletionConfig
from muforge.models.precision import MatmulPrecision
from muforge.problem import first_problem
from muforge.region import NOTE_REGION, Region
from muforge.representation import NoteRepresentationConfig, PhysicsRepresentationConfig
from muforge.yaml_file import mapping_in

WITH_TEACHER = ("student", "refined")
"""Families that need another model trained before."""

FigureOfMerit = Literal["auc", "overlap", "reduced_chi2", "nll"]


class TrainingConfig(BaseModel):
    """How a model is trained and watched.

    References:
        Marshall, GANs and VAEs testing (2018), sections 4 and 7
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(default=100_000, ge=1, description="training steps")
    epochs: float | None = Field(
        default=None, gt=0, description="passes over the training muons at most, whatever the steps say"
    )
    batch_size: int = Field(
        default=100, ge=4, description="muons per step; a GAN's are half real, half generated"
    )
    schedule: Literal["constant", "cosine"] = Field(
        default="constant",
        description="learning rate over the run; 'cosine' falls to zero at the last step, which then stays the last",
    )
    seed: int = Field(default=0, ge=0, lt=2**64, description="of every random number")
    replica: int = Field(default=0, ge=0, description="training events are resampled if it is not 0")
    ema_decay: float = Field(
        default=0.999,
        ge=0,
        lt=1,
        description="of the moving average of weights that samples are drawn with; 0 is off",
    )
    checkpoint_every: int = Field(default=2000, ge=1, description="steps between checkpoints")
    monitor_every: int = Field(
        default=5000, ge=0, description="steps between monitor calls; 0 is only at the end"
    )
    judge_size: int = Field(default=50_000, ge=10, description="muons per side and half in the BDT test")
    judge_classifier: Literal["histogram", "reference"] = Field(
        default="histogram", description="trees of the monitor's BDT test"
    )
    figure_of_merit: FigureOfMerit = Field(
        default="auc",
        description="what decides which step was the best; 'nll' is minus the mean log density of validation muons",
    )
    patience: int = Field(
        default=10, ge=0, description="monitor calls without improvement before training stops; 0 is never"
    )
    plots: bool = Field(default=True, description="draw figures at every monitor call")
    device: str = Field(default="cpu", description="'cpu', 'cuda' or any other device of torch")
    matmul_precision: MatmulPrecision | Literal["auto"] = Field(
        default="auto",
        description="of float32 matrix products in training, as torch names it; 'auto' is the fastest on a CPU",
    )
    threads: int = Field(default=1, ge=1, description="CPU threads; more than one slows small batches down")

    def limited_to(self, muons: int) -> Self:
        """The same with so few steps that they make no more than `epochs` passes over the muons."""
        if self.epochs is None:
            return self
        return self.model_copy(
            update={"steps": max(1, min(self.steps, int(self.epochs * muons / self.batch_size)))}
        )


class TeacherConfig(BaseModel):
    """The model that a student learns from or that is refined, trained before on the same events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: AnyModelConfig
    training: TrainingConfig = TrainingConfig()
    pairs: int = Field(default=500_000, ge=1000, description="latents and what the teacher makes of them")


class CompletionRunConfig(BaseModel):
    """What the data have besides starts, learnt given the start: time, mother, origin, state behind the absorber."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: CompletionConfig = CompletionConfig()
    training: TrainingConfig = TrainingConfig()
    pairs: TrainingConfig = TrainingConfig()


class Balance(BaseModel):
    """How often a conditional model sees what is rare; what muons it makes given a condition does not depend on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dangerous: float = Field(
        default=0.25, ge=0, lt=1, description="least share of dangerous muons in the batches"
    )
    rarity_spread: float = Field(
        default=1.5,
        ge=1,
        le=10,
        description="rarity in the batches is normal so many times as wide as among the muons",
    )


class RunConfig(BaseModel):
    """Everything that decides a run, given the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: AnyModelConfig = Field(default_factory=lambda: config_from({"family": "gan"}))
    representation: Annotated[
        NoteRepresentationConfig | PhysicsRepresentationConfig, Field(discriminator="kind")
    ] = NoteRepresentationConfig()
    training: TrainingConfig = TrainingConfig()
    teacher: TeacherConfig | None = None
    completion: CompletionRunConfig | None = None
    shared: bool = Field(
        default=False,
        description="one network for all categories, told which; an autoregressive flow without completion",
    )
    conditions: tuple[ConditionName, ...] = Field(
        default=(),
        description="what the model is told: 'dangerous', 'rarity', and with one network for several categories "
        "'category' or 'charge'",
    )
    region: Region = Field(default=NOTE_REGION, description="which muons are dangerous")
    balance: Balance = Field(default=Balance(), description="of the batches of a conditional model")

    @property
    def joint(self) -> bool:
        """Whether one network of any family is trained on several categories."""
        return any(name in OF_A_CATEGORY for name in self.conditions)

    def limited_to(self, muons: int) -> Self:
        """The same with every training, a teacher's and a completion's too, limited to its epochs."""
        update: dict[str, Any] = {"training": self.training.limited_to(muons)}
        for name in ("teacher", "completion"):
            inner = getattr(self, name)
            if inner is not None:
                update[name] = inner.model_copy(update={"training": inner.training.limited_to(muons)})
        return self.model_copy(update=update)

    @field_validator("representation", mode="before")
    @classmethod
    def _of_the_note(cls, value: Any) -> Any:
        return {"kind": "note", **value} if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _teacher_of_a_student(self) -> Self:
        if (self.model.family in WITH_TEACHER) != (self.teacher is not None):
            raise ConfigError(
                f"model of family '{self.model.family}' with{'out' if self.teacher is None else ''} a teacher: "
                f"families {' and '.join(WITH_TEACHER)} need options under 'teacher', and only they"
            )
        base = getattr(self.model, "base", None)
        if base is not None and self.teacher is not None and base != self.teacher.model:
            raise ConfigError("model.base: must be the teacher's model, which it is refined from")
        return self

    @model_validator(mode="after")
    def _shared_by_flows_only(self) -> Self:
        alone = self.teacher is None and self.completion is None
        autoregressive = getattr(self.model, "transform", None) == "autoregressive"
        if self.shared and not (alone and autoregressive and self.representation.kind == "physics"):
            raise ConfigError(
                "shared: needs family 'flow' with transform 'autoregressive', representation.kind 'physics', and "
                "neither teacher nor completion"
            )
        return self

    @model_validator(mode="after")
    def _conditions_that_can_be_told(self) -> Self:
        if len({*self.conditions}) < len(self.conditions):
            raise ConfigError(f"conditions {', '.join(self.conditions)}: one is there twice")
        if self.conditions and self.shared:
            raise ConfigError("shared: tells the category in its own way; leave out 'shared' or 'conditions'")
        if self.joint and self.teacher is not None:
            raise ConfigError("conditions 'category' and 'charge': not with a teacher")
        if self.joint and getattr(self.representation, "centre", False):
            raise ConfigError("conditions 'category' and 'charge': not with representation.centre")
        return self

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> Self:
        """The configuration in nested plain values; raises `ConfigError` naming the first wrong key."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise ConfigError(first_problem(error)) from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a YAML file; raises `ConfigError` naming the file and what is wrong in it."""
        content = mapping_in(path, "options under 'model', 'representation' and 'training'")
        try:
            return cls.from_mapping(content)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None

    def to_mapping(self) -> dict[str, Any]:
        """The configuration as nested plain values; `from_mapping` makes it again."""
        return self.model_dump(mode="json")

    def save(self, path: Path) -> None:
        """Write a YAML file, whole or not at all."""
        with atomic(path) as partial:
            partial.write_text(yaml.safe_dump(self.to_mapping(), sort_keys=False), encoding="utf-8")


def first_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """The dotted name of the first key in which two nested mappings differ, or None."""
    for key in (*old, *(key for key in new if key not in old)):
        a, b = old.get(key), new.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            inner = first_difference(a, b)
            if inner is not None:
                return f"{key}.{inner}"
        elif a != b or (key in old) != (key in new):
            return key
    return None


def replaced(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A nested mapping in which some values are others.

    Arguments:
        config: As `RunConfig.to_mapping` gives it.
        given: Values by dotted keys.

    Raises:
        ConfigError: A key leads nowhere; whether its last part is an option `RunConfig` says.
    """
    out = deepcopy(dict(config))
    for key, value in given.items():
        *path, last = key.split(".")
        place = out
        for part in path:
            inner = place.get(part)
            if not isinstance(inner, dict):
                raise ConfigError(f"{key}: unknown option")
            place = inner
        place[last] = value
    return out
