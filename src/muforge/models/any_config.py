"""The configuration of a model of any family, as a field of other configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, ValidationError

from muforge.errors import ConfigError
from muforge.models import config_from
from muforge.models.protocol import ModelConfig
from muforge.problem import first_problem


def _of_its_family(value: Any) -> Any:
    if isinstance(value, ModelConfig):
        return value
    if not isinstance(value, Mapping):
        raise ConfigError(f"model: {value!r}: expected options of a model")
    try:
        return config_from(value)
    except ValidationError as error:
        raise ConfigError(first_problem(error, "model")) from None


AnyModelConfig = Annotated[SerializeAsAny[ModelConfig], BeforeValidator(_of_its_family)]
"""The configuration of any family, named by its `family`."""
