from __future__ import annotations

from pathlib import Path

import pytest

from muforge.errors import InputFileError
from muforge.formats.metadata import (
    decode,
    ecut_in_title,
    encode,
    protons_in_title,
    protons_on_target,
)

PATH = Path("muons.root")


@pytest.mark.parametrize(
    ("title", "pot", "ecut"),
    [
        ("POT = 1000000000 with ecut=10.0 diMu100.0 X100.0", 1e9, 10.0),
        ("POT=6.5e+10 with Ecut: 1 GeV", 6.5e10, None),
        ("ecut = 0.5", None, 0.5),
        ("SPOT = 5", None, None),
        ("POT = many", None, None),
        ("POT = 1e999", None, None),
        ("", None, None),
    ],
)
def test_titles(title: str, pot: float | None, ecut: float | None) -> None:
    assert protons_in_title(title) == pot
    assert ecut_in_title(title) == ecut


def test_metadata_come_back() -> None:
    content = {"b": [1, 2.5, None], "a": {"text": "µ"}}
    assert decode(PATH, encode(content)) == content
    assert encode({"b": 1, "a": 2}) == encode({"a": 2, "b": 1})
    assert decode(PATH, encode(None)) == {}


def test_numbers_that_json_has_not_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"a": float("nan")})


def test_protons_on_target_of_metadata() -> None:
    assert protons_on_target(PATH, {"weights_protons_on_target": 5}) == 5.0
    assert protons_on_target(PATH, {"weights_protons_on_target": None}) is None
    assert protons_on_target(PATH, {}) is None
    for value in (0, -1.0, "5", True, float("inf")):
        with pytest.raises(InputFileError, match=r"muons\.root: metadata field 'weights_protons_on_target'"):
            protons_on_target(PATH, {"weights_protons_on_target": value})
