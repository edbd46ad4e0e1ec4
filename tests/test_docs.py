"""The Python examples of the README and the documentation run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scripts import farm_options
from scripts.blocks import replace_block

import muforge as mf
from muforge.bundle import Bundle
from muforge.farm.config import BatchFarm, farm_config
from muforge.presets import preset
from muforge.reference.geometry import geometry
from muforge.spill.generate import generate_files
from muforge.spill.plan import ROWS_PER_CHUNK
from muforge.training import estimator
from muforge.training.config import RunConfig
from tests.dataset.production import write_flat

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL))
]


def quick(name: str) -> RunConfig:
    """A preset with three steps of training."""
    mapping = preset(name).to_mapping()
    mapping["training"] |= {"steps": 3, "judge_size": 50, "plots": False}
    return RunConfig.from_mapping(mapping)


@pytest.mark.parametrize("code", EXAMPLES)
def test_example(
    code: str, untrained_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("prod_0", "prod_1", "muons_0", "muons_1")):
        write_flat(tmp_path / f"{name}.root", 1000, seed=number)
    shutil.copytree(untrained_bundle.directory, tmp_path / "bundle")
    if "mf.ingest" not in code:
        mf.ingest([tmp_path / "prod_0.root", tmp_path / "prod_1.root"], tmp_path / "ds")
    monkeypatch.setattr(estimator, "preset", quick)
    code = code.replace("pot=1e8", "pot=1e4")
    if "import ROOT" in code:
        generate_files("bundle", tmp_path / "spill.root", muons=3 * ROWS_PER_CHUNK, shards=3)
        shutil.copytree(tmp_path, tmp_path / "prod", ignore=shutil.ignore_patterns("prod", "bundle", "ds"))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.stdout.startswith(f"{3 * ROWS_PER_CHUNK} muons"), done.stderr
        return
    exec(compile(code, "example", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_in_the_pages_are_what_they_are_for(page: Path, tmp_path: Path) -> None:
    for number, content in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), flags=re.DOTALL)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(content)
        if "kind:" in content:
            assert isinstance(farm_config(str(file)), BatchFarm)
        else:
            assert geometry(file).target_end > 0


def test_the_options_of_a_cluster_are_those_of_the_page() -> None:
    assert farm_options.table() in (ROOT / "docs" / "farm.md").read_text()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_blocks_are_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n")
    replace_block(page, "x", "new")
    assert page.read_text() == "a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n"
    replace_block(page, "x", "newer")
    assert "newer" in page.read_text()
    with pytest.raises(SystemExit, match="begin y"):
        replace_block(page, "y", "z")
