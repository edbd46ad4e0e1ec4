"""Values of configuration keys given on the command line as KEY=VALUE."""

from __future__ import annotations

from typing import Any

from muforge.errors import ConfigError


def assignment(text: str, example: str) -> tuple[str, Any]:
    """Key and value, read as YAML; raises `ConfigError` showing an example."""
    import yaml

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text}: expected KEY=VALUE, e.g. {example}")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {text}: the value is not YAML") from None
