"""Compiled code does not check where it reads: parts that do not fit are refused before."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from muforge.bundle import Bundle
from muforge.errors import BundleError
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.spill.engine import Engine

Change = Callable[[dict[str, Any], dict[str, Any]], None]
FIRST = "networks.weights.0"


def changed(folder: Path, change: Change) -> Bundle:
    """The packaged bundle with its first category changed, and checksums and shapes to match."""
    directory = folder / "bundle"
    shutil.copytree(PACKAGED_BUNDLE, directory)
    manifest = json.loads((directory / "bundle.json").read_text())
    record = manifest["categories"]["1"]
    file = directory / record["weights"]["file"]
    tensors = load_file(file)
    change(record, tensors)
    save_file(tensors, file)
    record["weights"]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    record["weights"]["shapes"] = {name: list(each.shape) for name, each in tensors.items()}
    (directory / "bundle.json").write_text(json.dumps(manifest))
    return Bundle.load(directory)


def narrow(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    tensors[FIRST] = tensors[FIRST][:, :, :4].copy()


def without_a_bias(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    del tensors["networks.biases.1"]


def not_a_number(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    tensors[FIRST][0, 0, 0] = np.nan


def another_width(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    record["model"]["width"] = 1000


def one_knot(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    name = "networks.tables.1.weight"
    record["model"]["knots_others"] = 1
    tensors[name] = tensors[name][:1].copy()


def no_width(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    del record["model"]["width"]


def of_the_other_kind(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    record["representation"]["symmetric"] = 0


def huge(record: dict[str, Any], tensors: dict[str, Any]) -> None:
    for name, values in tensors.items():
        tensors[name] = np.full_like(values, 1e38)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (narrow, f"tensor '{FIRST}': shape"),
        (without_a_bias, "tensor 'networks.biases.1': missing"),
        (not_a_number, f"tensor '{FIRST}': not finite"),
        (another_width, "expected "),
        (one_knot, "tensor 'networks.tables.1.weight': shape"),
        (no_width, "width"),
        (of_the_other_kind, "symmetric"),
    ],
)
def test_parts_that_do_not_fit_are_named(tmp_path: Path, change: Change, message: str) -> None:
    bundle = changed(tmp_path, change)
    with pytest.raises(BundleError, match=message) as refused:
        Engine(bundle, 1)
    assert str(refused.value).startswith(f"{bundle.directory}: category 1: parts do not fit")


def test_numbers_that_overflow_stay_within_the_tables(tmp_path: Path) -> None:
    """Infinite parameters make scores that are no numbers; what comes out has to come from somewhere."""
    engine = Engine(changed(tmp_path, huge), 1)
    out = np.zeros((6, 1024), np.float32)
    engine.starts(1, 0, np.arange(1024, dtype=np.int32), out)
    assert np.isfinite(out).all()
