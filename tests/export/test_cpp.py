"""The header makes the muons that Python makes, to the last bit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import muforge as mf
from muforge.bundle import Bundle, save_bundle
from muforge.errors import ConfigError, OutputError
from muforge.export.cpp import export_cpp
from muforge.models import build_sampler
from muforge.models.flow import FlowConfig
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.sample import OFF_AXIS_FEATURES
from muforge.trained import TrainedModel
from tests.dataset.production import write_flat
from tests.export.compiling import HERE, build, compiler, output_of
from tests.export.made_by_python import MUON, muons

SOURCE = HERE / "cpp" / "muons.cpp"
SEED = 2**63 + 11
BLOCK = 4096
"""Muons that the header makes at a time."""

BUILDS = {
    "O2": ("g++", "-O2", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wold-style-cast"),
    "O3-native": ("g++", "-O3", "-march=native"),
    "clang": ("clang++", "-O2"),
}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(PACKAGED_BUNDLE)


@pytest.fixture(scope="module", params=list(BUILDS))
def program(request: pytest.FixtureRequest, bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, *options = BUILDS[request.param]
    compiler(name)
    folder = tmp_path_factory.mktemp("cpp")
    export_cpp(bundle, folder / "muforge.hpp")
    return build(folder / "muons", [SOURCE], *options, include=[folder], name=name)


def made(program: Path, *arguments: object) -> NDArray[np.void]:
    return np.frombuffer(output_of(program, *arguments), MUON)


def test_the_muons_are_those_of_python(program: Path, bundle: Bundle) -> None:
    count = 70_000
    found = made(program, "ranges", SEED, 0, count)
    sample = mf.generate(bundle, muons=count, seed=SEED)
    assert found["number"].tolist() == list(range(count))
    for name in ("pdg", *OFF_AXIS_FEATURES):
        np.testing.assert_array_equal(found[name], sample[name], err_msg=name)


@pytest.mark.parametrize("first", [BLOCK - 3, 2**16 - 1, 2**32 - 5, 2**40 + 12_345])
def test_a_range_may_begin_anywhere(program: Path, bundle: Bundle, first: int) -> None:
    found = made(program, "ranges", 0, first, 5000)
    assert found.tobytes() == muons(bundle, 0, first, 5000).tobytes()


def test_a_spill_goes_on_where_it_is_told_to(program: Path, bundle: Bundle) -> None:
    starts = [3 * BLOCK + 7, 10, 20, 2**33, 3 * BLOCK - 1]
    found = made(program, "ranges", SEED, *(value for start in starts for value in (start, 9)))
    expected = [muons(bundle, SEED, start, 9) for start in starts]
    assert found.tobytes() == np.concatenate(expected).tobytes()


def test_spills_do_not_touch_each_other(program: Path, bundle: Bundle) -> None:
    found = made(program, "turns", 1, 2**32 + 1, BLOCK + 10)
    for part, seed in ((found[::2], 1), (found[1::2], 2**32 + 1)):
        assert part.tobytes() == muons(bundle, seed, 0, BLOCK + 10).tobytes()
    assert not np.array_equal(found["pz"][::2], found["pz"][1::2])


@pytest.mark.parametrize("first", [0, 2**32])
def test_all_engines_make_the_same_muons(program: Path, first: int) -> None:
    assert output_of(program, "engines", SEED, first).endswith(b" engines\n")


def test_weights_are_those_of_python(program: Path, bundle: Bundle) -> None:
    name, identity, weight, protons, ecut = output_of(program, "facts", 12_345).decode().split()
    sample = mf.generate(bundle, muons=12_345)
    assert (name, identity) == (bundle.name, bundle.identity)
    assert float.fromhex(weight) == sample.weight[0]
    assert float.fromhex(protons) == bundle.protons_on_target / sample.weight[0]
    assert float.fromhex(ecut) == bundle.ecut == sample["ecut"][0]


@pytest.fixture(scope="module")
def one_category(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """An untrained flow whose layers are no multiples of anything, and two deep."""
    folder = tmp_path_factory.mktemp("one")
    write_flat(folder / "prod.root", 800)
    dataset = mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=1e6).dataset
    config = FlowConfig(width=7, depth=2, bins=5, knots=9, knots_others=4)
    representation = bundle.model(3).representation
    sampler = build_sampler(config, representation.learned, representation.bounds)
    generator = np.random.default_rng(5)
    for parameter in sampler.parameters():
        parameter.data += parameter.new_tensor(generator.normal(0, 0.3, parameter.shape))
    model = TrainedModel(3, config, representation, sampler)
    return save_bundle(folder / "bundle", {3: model}, dataset, name='ügly "name" \\ ??/')


def test_a_bundle_of_one_category_and_another_shape(one_category: Bundle, tmp_path: Path) -> None:
    export_cpp(one_category, tmp_path / "muforge.hpp")
    program = build(tmp_path / "muons", [SOURCE], "-O1", include=[tmp_path])
    found = made(program, "ranges", SEED, 100, 5000)
    assert found.tobytes() == muons(one_category, SEED, 100, 5000).tobytes()
    assert output_of(program, "engines", SEED, 0).endswith(b" engines\n")
    assert output_of(program, "facts", 1).decode().splitlines()[0] == one_category.name


def test_fast_math_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    export_cpp(bundle, tmp_path / "muforge.hpp")
    command = [compiler(), "-std=c++17", "-ffast-math", "-E", f"-I{tmp_path}", str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "-ffast-math" in done.stderr


def test_what_the_engine_does_not_run_is_named(untrained_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"category 1: model family 'gan' is not .*'--to onnx'"):
        export_cpp(untrained_bundle, tmp_path / "muforge.hpp")
    assert list(tmp_path.iterdir()) == []


def test_a_header_is_replaced_with_force_only(bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "muforge.hpp"
    out.write_text("mine")
    with pytest.raises(OutputError, match=r"muforge\.hpp: exists already"):
        export_cpp(bundle, out)
    assert out.read_text() == "mine"
    export_cpp(bundle, out, force=True)
    assert bundle.identity in out.read_text()
