"""Options in YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from muforge.errors import ConfigError


def mapping_in(path: Path, expected: str) -> dict[str, Any]:
    """The content of a YAML file of keys and values.

    Arguments:
        path: Of the file.
        expected: What is said where the content is something else.

    Raises:
        ConfigError: It cannot be read, is not YAML, or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected {expected}")
    return content
