"""Configurations by name. Each is a YAML file beside this one; a run's config.yaml has every option of it."""

from __future__ import annotations

from pathlib import Path

from muforge.errors import ConfigError
from muforge.training.config import RunConfig

_FOLDER = Path(__file__).parent

DEFAULT = "best"


def names() -> tuple[str, ...]:
    """The presets that there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def preset(name: str) -> RunConfig:
    """The configuration of a preset; raises `ConfigError` if there is none of this name."""
    if name not in names():
        raise ConfigError(f"preset '{name}': unknown; known are {', '.join(names())}")
    return RunConfig.load(_FOLDER / f"{name}.yaml")
