"""Data in YAML that the package knows by name, or that lies in a file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from muforge.errors import ConfigError
from muforge.problem import first_problem

Model = TypeVar("Model", bound=BaseModel)


def named(what: str, name: str | Path, known: Mapping[str, Traversable], model: type[Model]) -> Model:
    """The model that a YAML file holds.

    Arguments:
        what: Kind of the thing, for messages.
        name: A known name, or the path of a file.
        known: The files in the package, by name.
        model: What the content must be.

    Raises:
        ConfigError: No such name or file, or its content is not YAML or not such a model.
    """
    import yaml

    path = Path(name)
    file: Traversable
    if str(name) in known:
        file = known[str(name)]
    elif path.is_file():
        file = path
    else:
        raise ConfigError(f"{what} '{name}': neither a file nor one of {', '.join(known)}")
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: is not a YAML file ({error.reason})") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: is not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict):
        raise ConfigError(
            f"{name}: is not a {what}: expected keys and values, found {type(content).__name__}"
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{name}: {first_problem(error)}") from None
