from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from muforge.errors import ConfigError
from muforge.reference.geometry import VACUUM_INDEX, Geometry, Slab, geometry, known_targets

# FORMATS: blocks of Mo 8, 7 x 2.5, 2 x 5, 6.5, 2 x 8 cm, then W 5, 8, 10, 20, 35 cm, 17 slits of 0.5 cm water
BLOCKS = [8.0, *[2.5] * 7, 5.0, 5.0, 6.5, 8.0, 8.0, 5.0, 8.0, 10.0, 20.0, 35.0]


def test_the_target_of_2018() -> None:
    target = geometry("ship-2018")
    assert [slab.length for slab in target.target if slab.material != "H2O"] == BLOCKS
    assert [slab.material for slab in target.target if slab.material != "H2O"] == ["Mo"] * 13 + ["W"] * 5
    assert [slab.length for slab in target.target if slab.material == "H2O"] == [0.5] * 17
    assert target.radius == 15.0
    assert target.target_end == pytest.approx(sum(BLOCKS) + 17 * 0.5)


def test_as_arrays() -> None:
    shape = Geometry(
        name="x",
        radius=3.0,
        surroundings="H2O",
        target=(Slab(material="W", length=2.0, start=1.0), Slab(material="Mo", length=1.0)),
        absorber=(Slab(material="Fe", length=10.0, start=5.0),),
    )
    stack = shape.stack()
    names = [shape.materials[index] if index >= 0 else "vacuum" for index in stack.material]
    assert names == ["vacuum", "W", "Mo", "vacuum", "Fe"]
    assert stack.edges.tolist() == [0, 1, 3, 4, 5, 15]
    assert stack.radius.tolist() == [3, 3, 3, np.inf, np.inf]
    assert shape.materials[stack.surroundings] == "H2O"
    assert Geometry(name="y", radius=1.0, target=shape.target).stack().surroundings == VACUUM_INDEX


def test_a_target_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nradius: 5\ntarget:\n  - {material: W, length: 150}\n")
    assert geometry(file).target_end == 150
    assert geometry(str(file)) == geometry(file)
    assert "ship-2018" in known_targets()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "target: [{material: W, length: 1}, {material: W, length: 1, start: 0.5}]",
            ["slab 2", "0.5 cm", "1 cm"],
        ),
        ("target: [{material: W, length: -1}]", ["length", "-1", "greater than 0"]),
        ("target: [{material: W, length: 1, start: -3}]", ["slab 1", "-3 cm"]),
        ("target: [{material: Unobtainium, length: 1}]", ["Unobtainium", "known are", "Mo"]),
        ("target: []", ["target"]),
        ("target: [{material: W, length: 1}]\nradius: 0", ["radius"]),
        ("target: [{material: W, length: .nan}]", ["length"]),
        ("target: [{material: W, length: 1, width: 2}]", ["width", "unknown option"]),
        ("- a", ["mine.yaml"]),
        ("a: [", ["not YAML"]),
        ("!!python/object/apply:os.system [true]", ["not YAML"]),
    ],
)
def test_impossible_targets(tmp_path: Path, content: str, words: list[str]) -> None:
    file = tmp_path / "mine.yaml"
    base = (
        ""
        if not content.startswith("target")
        else "name: mine\n" + ("" if "radius" in content else "radius: 5\n")
    )
    file.write_text(base + content)
    with pytest.raises(ConfigError) as caught:
        geometry(file)
    assert all(word in str(caught.value) for word in ["mine.yaml", *words]), caught.value
    assert "\n" not in str(caught.value)


def test_no_such_target(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'nowhere'.*ship-2018"):
        geometry("nowhere")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a YAML file"):
        geometry(tmp_path / "binary")


def test_surroundings_are_checked() -> None:
    with pytest.raises(ValidationError, match="Cheese"):
        Geometry(name="x", radius=1.0, surroundings="Cheese", target=(Slab(material="W", length=1.0),))
