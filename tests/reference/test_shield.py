from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.reference.geometry import VACUUM_INDEX
from muforge.reference.shield import Shield, known_shields, shield

CORE = "{x: [-10, 10], y: [-20, 20], by: 1.7}"


def test_the_shield_of_the_package() -> None:
    ship = shield()
    iron = sum(block.length for block in ship.blocks if block.material == "Fe")
    assert iron == 3000
    assert known_shields() == ("ship-2017",)
    magnets = ship.magnets(624.5)
    assert magnets.edges[[0, -1]].tolist() == [624.5, 624.5 + ship.length]
    assert set(np.abs(magnets.field[magnets.material >= 0]).tolist()) == {1.7}
    assert (magnets.field[magnets.material == VACUUM_INDEX] == 0).all()
    on_axis = [magnets.field[layer, np.searchsorted(x, 0.0) - 1, 1] for layer, x in enumerate(magnets.x)]
    assert [b for b in on_axis if b] == [1.7, 1.7, 1.7, -1.7, -1.7, -1.7]
    for block in ship.blocks:
        flux = sum(r.by * (r.x[1] - r.x[0]) * (r.y[1] - r.y[0]) for r in block.regions)
        assert flux == pytest.approx(0, abs=1e-9)
        assert all(any(other.x == (-r.x[1], -r.x[0]) for other in block.regions) for r in block.regions)


def test_as_arrays() -> None:
    made = Shield.model_validate(
        {
            "name": "x",
            "blocks": [
                {"length": 50, "regions": [{"x": [-10, 10], "y": [-5, 5], "by": 1.0}]},
                {
                    "material": "W",
                    "length": 20,
                    "gap": 5,
                    "regions": [
                        {"x": [0, 10], "y": [0, 5], "by": -1.5},
                        {"x": [10, 12], "y": [-5, 5]},
                    ],
                },
            ],
        }
    )
    magnets = made.magnets(100.0)
    assert made.materials == ("Fe", "W")
    assert magnets.edges.tolist() == [100, 150, 155, 175]
    assert magnets.x[0].tolist() == [-np.inf, -10, 10, np.inf, np.inf]
    assert magnets.x[2].tolist() == [-np.inf, 0, 10, 12, np.inf]
    assert magnets.y[2].tolist() == [-np.inf, -5, 0, 5, np.inf]
    assert magnets.material[0, 1, 1] == 0
    assert (magnets.material[0] == 0).sum() == 1
    assert (magnets.material[1] == VACUUM_INDEX).all()
    assert magnets.material[2].tolist() == [[-1] * 4, [-1, -1, 1, -1], [-1, 1, 1, -1], [-1] * 4]
    assert magnets.field[2, 1].tolist() == [0, 0, -1.5, 0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", ["not YAML"]),
        ("- a", ["is not a shield", "found list"]),
        ("", ["is not a shield", "found NoneType"]),
        ("name: x", ["blocks: missing"]),
        ("name: x\nblocks: []", ["blocks"]),
        ("name: x\nblocks: [{length: 1, width: 2}]", ["blocks.0.width", "unknown option"]),
        ("name: x\ntarget: []\nblocks: [{length: 1}]", ["target", "unknown option"]),
        ("name: x\nblocks: [{length: 0}]", ["blocks.0.length", "greater than 0"]),
        (
            "name: x\nblocks: [{length: 1, material: Cheese}]",
            ["blocks.0.material", "Cheese", "known are", "Fe"],
        ),
        ("name: x\nblocks: [{length: 9}, {length: 1, gap: -3}]", ["block 2 (Fe) overlaps block 1 by 3 cm"]),
        ("name: x\nblocks: [{length: 9, gap: -3}]", ["block 1 (Fe) overlaps the absorber by 3 cm"]),
        (f"name: x\nblocks: [{{length: 1, regions: [{CORE}, {CORE}]}}]", ["regions 1 and 2 overlap"]),
        ("name: x\nblocks: [{length: 1, regions: [{x: [1, 1], y: [0, 1]}]}]", ["x", "from 1 to 1 cm"]),
        ("name: x\nblocks: [{length: 1, regions: [{x: [0, 1], y: [0, 1], by: 17}]}]", ["by", "17"]),
        ("name: x\nblocks: [{length: 1}]\nacceptance: {x: 1}", ["acceptance.y: missing"]),
    ],
)
def test_impossible_shields(tmp_path: Path, content: str, words: list[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        shield(file)
    assert all(word in str(caught.value) for word in ["mine.yaml", *words]), caught.value
    assert "\n" not in str(caught.value)


def test_neighbouring_regions_do_not_overlap(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"name: x\nblocks: [{{length: 1, regions: [{CORE}, {{x: [10, 30], y: [-20, 20], by: -1.7}}]}}]"
    )
    assert len(shield(file).blocks[0].regions) == 2


def test_no_such_shield(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"shield 'nowhere'.*ship-2017"):
        shield("nowhere")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a YAML file"):
        shield(tmp_path / "binary")
