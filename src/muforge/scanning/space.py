"""A search space: its file, the configurations in it, and how it is searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muforge import presets
from muforge.errors import ConfigError
from muforge.presets.note_options import PLACES, named, place_of, preset_of
from muforge.problem import first_problem
from muforge.scanning.parameter import Label, Parameter, parameter
from muforge.training.config import RunConfig, replaced
from muforge.yaml_file import mapping_in

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

SamplerName = Literal["grid", "random", "tpe"]
PrunerName = Literal["none", "median", "hyperband"]

DATASET_KEY = "dataset"
"""Of what a scan notes in its `scan.yaml` beside the space."""

MOST_CORNERS = 1000
"""Combinations of values that are tried on the configuration before a scan begins."""


class _File(BaseModel):
    """What a space file may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str | None = None
    config: str | dict[str, Any] | None = None
    set: dict[str, Any] = {}
    categories: list[Literal[1, 2, 3, 4]] = Field(default=[1, 2, 3, 4], min_length=1)
    sampler: SamplerName = "tpe"
    pruner: PrunerName | None = None
    seed: int = Field(default=0, ge=0, lt=2**64)
    space: dict[str, Any] = Field(min_length=1)


@dataclass(frozen=True)
class Space:
    """Which configurations are tried, and how they are chosen.

    Arguments:
        base: The configuration that the parameters go over.
        categories: Trained for each trial.
        sampler: Who chooses the parameters.
        pruner: Who stops trials that are worse than others.
        seed: Of the sampler.
        parameters: By their names in the file: dotted keys of a configuration, or the note's options.
    """

    base: RunConfig
    categories: tuple[int, ...]
    sampler: SamplerName
    pruner: PrunerName
    seed: int
    parameters: Mapping[str, Parameter]

    @classmethod
    def load(
        cls, path: Path, settings: Mapping[str, Any] | None = None, categories: Sequence[int] | None = None
    ) -> Self:
        """Read a space file, and see that a configuration takes all its values.

        Arguments:
            path: YAML file.
            settings: Values of the configuration by dotted keys or the note's options, over the file's `set`.
            categories: In the place of the file's.

        Raises:
            ConfigError: What is wrong in the file, by its key.
        """
        content = mapping_in(path, "a search space, with the parameters under 'space'")
        content.pop(DATASET_KEY, None)
        try:
            file = _File.model_validate(content)
            space = cls._of(file, path.parent, {**file.set, **(settings or {})}, categories)
        except ValidationError as error:
            raise ConfigError(f"{path}: {first_problem(error)}") from None
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        return space

    @classmethod
    def _of(
        cls, file: _File, folder: Path, given: Mapping[str, Any], categories: Sequence[int] | None
    ) -> Self:
        parameters = {key: parameter(f"space.{key}", inner) for key, inner in file.space.items()}
        base = RunConfig.from_mapping(_over(_base(file, folder, {**given, **parameters}), given))
        looked = 0 < base.training.monitor_every < base.training.steps
        looked = looked or "training.monitor_every" in parameters
        if file.pruner not in (None, "none") and not looked:
            raise ConfigError(
                f"pruner: '{file.pruner}' looks at the judgements of a training, which has none before its last step: "
                f"set training.monitor_every below training.steps ({base.training.steps}), or pruner: none"
            )
        space = cls(
            base=base,
            categories=tuple(sorted({*(categories or file.categories)})),
            sampler=file.sampler,
            pruner=file.pruner or ("median" if looked and file.sampler != "grid" else "none"),
            seed=file.seed,
            parameters=parameters,
        )
        space._check()
        return space

    def config(self, labels: Mapping[str, Label]) -> RunConfig:
        """The configuration of a trial; raises `ConfigError` if there is none with these values."""
        values = {key: self.parameters[key].value(label) for key, label in labels.items()}
        return RunConfig.from_mapping(_over(self.base.to_mapping(), values))

    def grid(self) -> list[dict[str, Label]]:
        """All points of a grid, the last parameter fastest.

        Raises:
            ConfigError: A range does not say which points it has.
        """
        axes = []
        for key, each in self.parameters.items():
            points = each.grid_points()
            if points is None:
                raise ConfigError(f"space.{key}: give step or points, which a grid needs")
            axes.append(points)
        return [dict(zip(self.parameters, point, strict=True)) for point in product(*axes)]

    def distributions(self) -> dict[str, BaseDistribution]:
        """Of the parameters, for Optuna."""
        return {key: each.distribution() for key, each in self.parameters.items()}

    def to_mapping(self) -> dict[str, Any]:
        """What a space file with the same content holds."""
        return {
            "config": self.base.to_mapping(),
            "categories": list(self.categories),
            "sampler": self.sampler,
            "pruner": self.pruner,
            "seed": self.seed,
            "space": {key: each.to_plain() for key, each in self.parameters.items()},
        }

    def _check(self) -> None:
        """Raise `ConfigError` if two parameters are the same option or a configuration does not take a value."""
        model = self.base.to_mapping()["model"]
        places = [_place(key, model) for key in self.parameters]
        for number, place in enumerate(places):
            if place in places[:number]:
                both = [key for key, other in zip(self.parameters, places, strict=True) if other == place]
                raise ConfigError(f"space: {' and '.join(both)} are the same option")
        if self.sampler == "grid":
            self.grid()
        for point in islice(self._corners(), MOST_CORNERS):
            try:
                self.config(point)
            except ConfigError as error:
                values = ", ".join(f"{key}: {value}" for key, value in point.items())
                raise ConfigError(f"space: with {values}: {error}") from None

    def _corners(self) -> Iterator[dict[str, Label]]:
        """Each value on its own, then all combinations."""
        probes = {key: each.probes() for key, each in self.parameters.items()}
        first = {key: values[0] for key, values in probes.items()}
        for key, values in probes.items():
            for value in values:
                yield {**first, key: value}
        for point in product(*probes.values()):
            yield dict(zip(probes, point, strict=True))


def _base(file: _File, folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given goes over: a preset, by default the one of the note's options among them, or a configuration."""
    if file.preset is not None and file.config is not None:
        raise ConfigError("preset, config: give one of them")
    if isinstance(file.config, str):
        return RunConfig.load(folder / file.config).to_mapping()
    if file.config is not None:
        return RunConfig.from_mapping(file.config).to_mapping()
    of_the_note = preset_of({key: value for key, value in given.items() if key in PLACES})
    return presets.preset(file.preset or of_the_note or presets.DEFAULT).to_mapping()


def _over(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with other values, by dotted keys or the note's options."""
    values = {_place(key, config["model"]): named(key, value) for key, value in given.items()}
    return replaced(config, values)


def _place(key: str, model: Mapping[str, Any]) -> str:
    return place_of(key, model) if key in PLACES else key
