"""What a file says of itself: our JSON metadata, and the titles of productions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muforge.errors import InputFileError

METADATA_KEY = "muforge"
"""Name under which every format of ours keeps its JSON metadata."""

TITLE_KEY = "title"
"""Name under which formats without titles keep the title."""

POT_FIELD = "weights_protons_on_target"
"""Metadata field: the number of protons that the sum of weights stands for (null if unknown)."""

EVENTS_FIELD = "events_known"
"""Metadata field: false where the event numbers do not say which muons share a proton."""

_NUMBER = r"([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?)"
_POT = re.compile(rf"\bPOT\s*=\s*{_NUMBER}")
_ECUT = re.compile(rf"\becut\s*=\s*{_NUMBER}", re.IGNORECASE)


def encode(metadata: Mapping[str, Any] | None) -> str:
    """Metadata as JSON text with sorted keys; NaN and infinity are refused with `ValueError`."""
    return json.dumps(dict(metadata or {}), sort_keys=True, allow_nan=False)


def decode(path: Path, text: str | bytes) -> dict[str, Any]:
    """Metadata from JSON text found in the file `path`.

    Raises:
        InputFileError: The text is not a JSON object.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputFileError(f"{path}: its metadata '{METADATA_KEY}' are not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputFileError(f"{path}: its metadata '{METADATA_KEY}' are not a JSON object")
    return content


def protons_on_target(path: Path, metadata: Mapping[str, Any]) -> float | None:
    """Protons on target as the metadata of the file `path` state them, or None if they do not.

    Raises:
        InputFileError: The field holds something other than a positive number or null.
    """
    value = metadata.get(POT_FIELD)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InputFileError(f"{path}: metadata field '{POT_FIELD}' is {value!r}, expected a positive number")
    return float(value)


def protons_in_title(title: str) -> float | None:
    """Protons on target from a title such as `POT = 1000000000 with ecut=10.0 diMu100.0 X100.0`, or None."""
    return _positive(_POT.search(title))


def ecut_in_title(title: str) -> float | None:
    """The production's energy cut in GeV from such a title, or None."""
    return _positive(_ECUT.search(title))


def _positive(match: re.Match[str] | None) -> float | None:
    value = float(match.group(1)) if match else 0.0
    return value if 0 < value < math.inf else None
