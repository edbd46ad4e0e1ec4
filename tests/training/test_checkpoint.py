from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from muforge.errors import OutputError, TrainingError
from muforge.training.checkpoint import load_checkpoint, save_checkpoint
from tests.training.runs import differing


def state() -> dict[str, Any]:
    return {
        "step": 17,
        "value": 0.1 + 0.2,
        "smallest": 5e-324,
        "nothing": None,
        "flag": True,
        "name": "µ⁻ muons",
        "history": [{"step": 1, "auc": 0.75}, {"step": 2, "auc": None}],
        "tensors": {
            "0.weight": torch.randn(3, 5),
            "scalar": torch.tensor(7.0),
            "count": torch.tensor(3, dtype=torch.int64),
            "double": torch.randn(2, dtype=torch.float64),
            "transposed": torch.randn(4, 2).T,
            "empty": torch.zeros(0, 3),
        },
        "groups": [{"lr": 2e-4, "inner": [torch.ones(2), 1.5]}],
        "rng": torch.get_rng_state(),
    }


def test_everything_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    before = state()
    save_checkpoint(tmp_path / "a.safetensors", before)
    assert differing(before, load_checkpoint(tmp_path / "a.safetensors")) == []
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_the_comparison_of_these_tests_sees_a_single_bit() -> None:
    one, two = state(), state()
    two["tensors"] = {**one["tensors"], "count": torch.tensor(4)}
    two["rng"], two["groups"] = one["rng"], one["groups"]
    assert differing(one, two) == ["/tensors/count"]


def test_every_truncation_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_checkpoint(file, {"step": 3, "tensors": {"w": torch.randn(4)}})
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        with pytest.raises(TrainingError, match=r"a\.safetensors: damaged"):
            load_checkpoint(file)
    for place in range(len(whole) - 16, len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(TrainingError, match="checksum does not agree"):
            load_checkpoint(file)


def test_other_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    with pytest.raises(TrainingError, match="no such checkpoint"):
        load_checkpoint(file)
    save_file({"w": torch.ones(2)}, file)
    with pytest.raises(TrainingError, match="damaged, or not a checkpoint"):
        load_checkpoint(file)
    header = {"schema_version": 99, "crc32": 0, "state": {}}
    save_file({"w": torch.ones(2)}, file, metadata={"muforge": json.dumps(header)})
    with pytest.raises(TrainingError, match="schema version 99, this muforge reads version 1"):
        load_checkpoint(file)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_checkpoint(file, {"step": 1})
    with pytest.raises(TypeError):
        save_checkpoint(file, {"step": object()})
    assert load_checkpoint(file) == {"step": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["a.safetensors"]


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        save_checkpoint(tmp_path / "nowhere" / "a.safetensors", {"step": 1})
