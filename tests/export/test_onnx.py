"""ONNX models against the PyTorch modules that they were made of."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muforge.bundle import Bundle
from muforge.chain import PhysicalChain
from muforge.errors import ConfigError, OutputError
from muforge.export import onnx_graph
from muforge.export.onnx import export_onnx
from muforge.export.onnx_graph import graph
from muforge.files import sha256
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.sample import CATEGORIES, OFF_AXIS_FEATURES
from muforge.trained import TrainedModel
from tests.export.tiny import PHYSICAL, tiny

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed: no onnx")
pytest.importorskip("onnxscript", reason="the extra 'export' is not installed: no onnxscript")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed: no onnxruntime")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export.md"

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(PACKAGED_BUNDLE)


@pytest.fixture(scope="module")
def exported(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_onnx(bundle, tmp_path_factory.mktemp("onnx") / "muons")


def compared(model: bytes, chain: PhysicalChain, rows: int) -> tuple[Floats, Floats]:
    """Muons of the ONNX model and of the chain, shape (6, rows)."""
    onnx.checker.check_model(model, full_check=True)
    rng = np.random.default_rng(rows)
    normal = rng.standard_normal((rows, chain.latent_dimensions), np.float32)
    turn = rng.random(rows, np.float32)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(["muons"], {"normal": normal, "turn": turn})
    with torch.inference_mode():
        expected = chain(torch.from_numpy(normal), torch.from_numpy(turn)).numpy()
    assert (found.dtype, found.shape) == (np.float32, (rows, len(OFF_AXIS_FEATURES)))
    return found.T.astype(np.float64), expected.T.astype(np.float64)


def momentum_error(found: Floats, expected: Floats) -> Floats:
    """Largest difference of a component, over the momentum."""
    return np.asarray(np.abs(found - expected)[3:].max(axis=0) / np.linalg.norm(expected[3:], axis=0))


@pytest.mark.parametrize("rows", [1, 20_000])
@pytest.mark.parametrize("category", CATEGORIES)
def test_a_model_makes_the_same_muons(bundle: Bundle, exported: Path, category: int, rows: int) -> None:
    model = (exported / f"category-{category}.onnx").read_bytes()
    found, expected = compared(model, PhysicalChain(bundle.model(category)), rows)
    assert momentum_error(found, expected).max() < 1e-5
    np.testing.assert_allclose(found[:3], expected[:3], rtol=1e-7, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in PHYSICAL if name != "autoregressive flow"])
def test_other_families_do_too(name: str) -> None:
    """Those that choose may choose another one where a random number is within rounding of a limit."""
    chain = PhysicalChain(tiny(name, 1))
    found, expected = compared(graph(chain).SerializeToString(), chain, 20_000)
    differ = momentum_error(found, expected) > 1e-5
    assert differ.sum() <= (5 if name in ("mixture", "refined") else 0)
    np.testing.assert_allclose(found[2, ~differ], expected[2, ~differ], rtol=0, atol=1e-3)
    assert len(np.unique(found[5])) > 10_000


def test_a_model_says_what_it_is(bundle: Bundle, exported: Path) -> None:
    model = onnx.load(exported / "category-2.onnx", load_external_data=False)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]
    assert model.ir_version == 8
    assert model.producer_name == "muforge"
    facts = {each.key: each.value for each in model.metadata_props}
    assert facts == {"category": "2", "pdg": "13", "bundle": bundle.name, "identity": bundle.identity}
    rows = [
        each.type.tensor_type.shape.dim[0].dim_param for each in (*model.graph.input, *model.graph.output)
    ]
    assert rows == ["n", "n", "n"]
    assert not any(each.external_data for each in model.graph.initializer)


def test_a_model_does_not_say_where_it_was_made(exported: Path) -> None:
    model = onnx.load(exported / "category-1.onnx")
    del model.graph.initializer[:]
    assert not re.search(rb"\.py\b|/[a-z]+/[a-z]", model.SerializeToString())


def test_the_manifest_says_what_goes_in_and_out(bundle: Bundle, exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["identity"] == bundle.identity
    assert manifest["protons_on_target"] == bundle.protons_on_target
    assert list(manifest["output"]["columns"].items()) == [
        (name, "cm" if name.startswith("start") else "GeV") for name in OFF_AXIS_FEATURES
    ]
    assert {file.name for file in exported.iterdir()} == {
        "manifest.json",
        *(each["file"] for each in manifest["categories"].values()),
    }
    for category, each in manifest["categories"].items():
        assert each["rate"] == bundle.rates[int(category)]
        assert each["pdg"] == (-13 if category in "13" else 13)
        assert each["sha256"] == sha256(exported / each["file"])
        session = onnxruntime.InferenceSession(exported / each["file"], providers=["CPUExecutionProvider"])
        shapes = {given.name: given.shape for given in session.get_inputs()}
        assert shapes == {"normal": ["n", each["normals"]], "turn": ["n"]}
        assert [made.name for made in session.get_outputs()] == [manifest["output"]["name"]]


def test_equal_models_give_equal_bytes() -> None:
    one, two = (
        graph(PhysicalChain(tiny("student", 1))).SerializeToString(deterministic=True) for _ in range(2)
    )
    assert one == two


def test_another_representation_is_refused(untrained_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^category 1: model family 'gan' is not on the physical representation$"
    ):
        export_onnx(untrained_bundle, tmp_path / "muons")
    assert not list(tmp_path.iterdir())


class Unheard(nn.Module):
    """A sampler with an operation that ONNX does not have, which notes whether PyTorch logs errors."""

    logs: ClassVar[list[bool]] = []

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, latent: Tensor) -> Tensor:
        self.logs.append(logging.getLogger("torch.onnx").isEnabledFor(logging.ERROR))
        made: Tensor = torch.linalg.svd(latent)[0] * self.weight
        return made


def test_a_family_that_cannot_be_translated_is_named(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bundle.model(1)
    broken = TrainedModel(1, whole.config, whole.representation, Unheard())
    monkeypatch.setattr(Bundle, "model", lambda self, category: broken)
    with pytest.raises(ConfigError, match=r"^category 1: model family 'flow' cannot be exported to ONNX$"):
        export_onnx(bundle, tmp_path / "muons")
    assert not list(tmp_path.iterdir())
    assert Unheard.logs == [False]
    assert logging.getLogger("torch.onnx").isEnabledFor(logging.ERROR)


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_is_named(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    expected = rf"^export to ONNX needs {package}: pip install 'muforge\[export\]'$"
    with pytest.raises(ConfigError, match=expected):
        export_onnx(bundle, tmp_path / "muons")


def test_what_exists_is_replaced_by_force_alone(
    bundle: Bundle, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Any = onnx.load(exported / "category-1.onnx")
    monkeypatch.setattr(onnx_graph, "graph", lambda chain: made)
    out = tmp_path / "muons"
    out.mkdir()
    (out / "category-4.onnx").touch()
    with pytest.raises(OutputError, match="exists already; choose another name or give --force"):
        export_onnx(bundle, out)
    assert export_onnx(bundle, out, force=True) == out
    assert (out / "category-4.onnx").stat().st_size > 0
    (out / "thesis.tex").touch()
    with pytest.raises(OutputError, match=r"exists already and holds 'thesis\.tex'; choose another name"):
        export_onnx(bundle, out, force=True)
    assert (out / "thesis.tex").exists()


def test_the_example_of_the_documentation_runs(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads an exported bundle `muons`."""
    monkeypatch.chdir(exported.parent)
    section = PAGE.read_text().split("\n## ONNX\n")[1]
    example = re.search(r"```py\n(.*?)```", section, flags=re.DOTALL)
    assert example
    result: dict[str, Any] = {}
    exec(compile(example[1], "example", "exec"), result)
    assert result["muons"].shape == (4096, 6)
