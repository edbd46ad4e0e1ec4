"""Checkpoints: nested states of tensors and plain values in one safetensors file, without pickle.

Tensors are stored as such, under their path in the nested state; everything else is JSON in the file's
metadata, with a checksum of the tensors.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from muforge.errors import TrainingError
from muforge.files import atomic

SCHEMA_VERSION = 1

_TENSOR = "$tensor"
_KEY = "muforge"


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state of nested mappings (with string keys) and lists of tensors and JSON values, atomically.

    Raises:
        OutputError: The file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = _pack(state, "", tensors)
    header = {"schema_version": SCHEMA_VERSION, "crc32": _crc32(tensors), "state": skeleton}
    with atomic(path) as partial:
        partial.write_bytes(save(tensors, metadata={_KEY: json.dumps(header)}))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state that was saved, with tensors on the CPU.

    Raises:
        TrainingError: The file is missing, damaged, no checkpoint, or of another schema version.
    """
    if not path.is_file():
        raise TrainingError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            version = header["schema_version"]
            if version != SCHEMA_VERSION:
                raise TrainingError(
                    f"{path}: checkpoint of schema version {version}, this muforge reads version {SCHEMA_VERSION}"
                )
            # Cloned, because a file's tensors need not be aligned in memory as those of a running training are.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if _crc32(tensors) != header["crc32"]:
            raise TrainingError(f"{path}: damaged checkpoint (its checksum does not agree)")
        state = _unpack(header["state"], tensors)
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise TrainingError(
            f"{path}: damaged, or not a checkpoint ({' '.join(str(error).split())})"
        ) from error
    if not isinstance(state, dict):
        raise TrainingError(f"{path}: damaged, or not a checkpoint (no state in it)")
    return state


def _pack(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[place] = value.detach().cpu().contiguous()
        return {_TENSOR: place}
    if isinstance(value, Mapping):
        return {key: _pack(inner, f"{place}/{key}", tensors) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(inner, f"{place}/{number}", tensors) for number, inner in enumerate(value)]
    return value


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict):
        if _TENSOR in value:
            return tensors[value[_TENSOR]]
        return {key: _unpack(inner, tensors) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unpack(inner, tensors) for inner in value]
    return value


def _crc32(tensors: Mapping[str, Tensor]) -> int:
    checksum = 0
    for name in sorted(tensors):
        data = tensors[name].reshape(-1).view(torch.uint8).numpy().data
        checksum = zlib.crc32(data, zlib.crc32(name.encode(), checksum))
    return checksum
