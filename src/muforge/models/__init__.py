"""The model families, by name. A family is loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from muforge.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn

    from muforge.models.protocol import Bounds, Model, ModelConfig

FAMILIES: Mapping[str, str] = {
    "gan": "muforge.models.gan:GANModel",
    "vae": "muforge.models.vae:VAEModel",
    "flow": "muforge.models.flow:FlowModel",
    "flow_matching": "muforge.models.flow_matching:FlowMatchingModel",
    "mixture": "muforge.models.mixture:MixtureModel",
    "student": "muforge.models.student:StudentModel",
    "refined": "muforge.models.refine:RefinedModel",
    "wgan": "muforge.models.wgan:WGANModel",
    "unrolled_gan": "muforge.models.unrolled_gan:UnrolledGANModel",
    "infogan": "muforge.models.infogan:InfoGANModel",
}
"""Name of a family to the place of its `Model` class."""


def family(name: str) -> type[Model]:
    """The `Model` class of a family; raises `ConfigError` if there is none of this name."""
    if name not in FAMILIES:
        raise ConfigError(f"model family '{name}': unknown; known are {', '.join(FAMILIES)}")
    module, attribute = FAMILIES[name].split(":")
    return cast("type[Model]", getattr(import_module(module), attribute))


def config_from(content: Mapping[str, Any]) -> ModelConfig:
    """The configuration of the family that `content` names.

    Raises:
        ConfigError: No such family.
        pydantic.ValidationError: A value is not valid.
    """
    name = content.get("family")
    if name is None:
        raise ConfigError(f"family: missing; known are {', '.join(FAMILIES)}")
    return family(str(name)).config_class.model_validate(content)


def build(config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> Model:
    """A model with fresh weights, drawn from torch's default generator.

    Arguments:
        config: Of any family.
        dimensions: Columns to learn.
        bounds: Box of network space (low, high), each of shape (dimensions,), that outputs lie in.
        conditions: Numbers in a condition.
    """
    return family(config.family).build(config, dimensions, bounds, conditions)


def build_sampler(config: ModelConfig, dimensions: int, bounds: Bounds, conditions: int = 0) -> nn.Module:
    """The sampler of a model alone, with fresh weights to be overwritten."""
    return family(config.family).build_sampler(config, dimensions, bounds, conditions)
