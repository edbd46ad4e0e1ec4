"""The example with ROOT writes the tree that Python writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import uproot

import muforge as mf
from muforge.bundle import Bundle
from muforge.export.cpp import export_cpp
from muforge.formats.ntuple import BRANCHES, NTUPLE
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.spill.generate import generate_files
from tests.export.compiling import REPOSITORY, build, root_installation

SOURCE = REPOSITORY / "integrations" / "ttree" / "fill_tree.cpp"
SEED, MUONS = 3, 30_000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = root_installation()
    folder = tmp_path_factory.mktemp("example")
    export_cpp(Bundle.load(PACKAGED_BUNDLE), folder / "muforge.hpp")
    options = ["-O1", *root.options("Core", "RIO", "Tree")]
    return build(folder / "fill_tree", [SOURCE], *options, include=[folder])


def test_the_tree_is_that_of_python(program: Path, tmp_path: Path) -> None:
    out, expected = tmp_path / "cpp.root", tmp_path / "python.root"
    subprocess.run([str(program), str(out), str(SEED), str(MUONS)], check=True)
    generate_files(PACKAGED_BUNDLE, expected, muons=MUONS, seed=SEED)
    with uproot.open(out) as file, uproot.open(expected) as other:
        assert file[NTUPLE].keys() == list(BRANCHES)
        assert set(file[NTUPLE].typenames().values()) == {"float"}
        found, wanted = (each[NTUPLE].arrays(library="np") for each in (file, other))
    for name in BRANCHES:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
    assert mf.read([out]).protons_on_target == Bundle.load(PACKAGED_BUNDLE).protons_on_target


def test_the_arguments_are_asked_for(program: Path) -> None:
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "usage: fill_tree FILE SEED MUONS\n")
