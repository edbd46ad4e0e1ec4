from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scripts.write_schemas import schemas

import muforge as mf
from muforge.bundle import Bundle, save_bundle
from muforge.dataset.store import Dataset
from muforge.errors import BundleError, OutputError
from muforge.files import sha256
from muforge.models.gan import DiscriminatorConfig, GANConfig, GANModel, GeneratorConfig
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import CATEGORIES, features
from muforge.trained import TrainedModel
from tests.dataset.production import write_flat

SCHEMAS = Path(mf.__file__).parent / "schemas"
SMALL = GANConfig(
    latent_dimensions=5,
    generator=GeneratorConfig(shape="flat", width=8, layers=2),
    discriminator=DiscriminatorConfig(shape="flat", width=8, layers=1),
)


def untrained(dataset: Dataset, category: int) -> TrainedModel:
    sample = dataset.load(category, "train")
    representation = Representation.fit(sample, features(category), NoteRepresentationConfig())
    torch.manual_seed(category)
    model = GANModel(SMALL, representation.dimensions, representation.bounds)
    return TrainedModel(category, SMALL, representation, model.sampler)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("bundle")
    write_flat(folder / "prod.root", 800)
    return mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=1e6).dataset


@pytest.fixture(scope="module")
def original(dataset: Dataset) -> Bundle:
    models = {category: untrained(dataset, category) for category in CATEGORIES}
    return save_bundle(dataset.directory.parent / "bundle", models, dataset, name="untrained")


@pytest.fixture
def bundle(original: Bundle, tmp_path: Path) -> Path:
    return shutil.copytree(original.directory, tmp_path / "bundle")


def edit(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = bundle / "bundle.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_bundle_generates_what_its_models_did(original: Bundle, dataset: Dataset) -> None:
    loaded = Bundle.load(original.directory)
    for category in CATEGORIES:
        model = untrained(dataset, category)
        expected = model.sample(100, seed=3)
        found = loaded.model(category).sample(100, seed=3)
        for name in expected.names:
            np.testing.assert_array_equal(found[name], expected[name])
        assert loaded.rates[category] == dataset.rate(category)
    assert loaded.protons_on_target == 1e6
    assert loaded.ecut == 10
    assert loaded.identity == original.identity


def test_nothing_in_a_bundle_is_pickle(original: Bundle) -> None:
    assert {path.suffix for path in original.directory.iterdir()} == {".json", ".safetensors"}


def test_shipped_schemas_are_those_of_the_code() -> None:
    expected = schemas()
    assert expected.keys() == {path.name for path in SCHEMAS.iterdir()}
    for name, text in expected.items():
        assert (SCHEMAS / name).read_text() == text


def cut_file(bundle: Path) -> None:
    path = bundle / "category-3.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def cut_file_and_mend_checksum(bundle: Path) -> None:
    cut_file(bundle)
    edit(
        bundle,
        lambda c: c["categories"]["3"]["weights"].update(sha256=sha256(bundle / "category-3.safetensors")),
    )


def other_columns(content: dict[str, Any]) -> None:
    content["categories"]["1"]["columns"] = list(features(4))


def other_shape(content: dict[str, Any]) -> None:
    content["categories"]["4"]["weights"]["shapes"]["0.weight"] = [8, 6]


def escape(content: dict[str, Any]) -> None:
    content["categories"]["4"]["weights"]["file"] = "../category-4.safetensors"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda b: edit(b, lambda c: c.update(schema_version=2)),
            r"schema version 2, this muforge reads version 1",
        ),
        (lambda b: edit(b, lambda c: c.update(schema_version="x")), r"schema version x"),
        (lambda b: (b / "bundle.json").write_text("{"), r"bundle\.json: content: Invalid JSON"),
        (lambda b: (b / "bundle.json").unlink(), r"not a bundle, it has no bundle\.json"),
        (lambda b: (b / "category-2.safetensors").unlink(), r"category-2\.safetensors: missing"),
        (cut_file, r"category-3\.safetensors: checksum \w+\.\.\., expected \w+\.\.\.: the file was changed"),
        (cut_file_and_mend_checksum, r"category-3\.safetensors: damaged"),
        (lambda b: edit(b, other_columns), r"category 1 learns 4 columns .* the bundle gives it 6"),
        (lambda b: edit(b, other_shape), r"category-4\.safetensors: tensor '0\.weight' has another shape"),
        (lambda b: edit(b, escape), r"categories\.4\.weights\.file"),
        (
            lambda b: edit(b, lambda c: c["categories"]["1"].update(rate=-1)),
            r"categories\.1\.rate: .*greater than 0",
        ),
        (lambda b: edit(b, lambda c: c["categories"].update({"5": {}})), r"categories\.5"),
        (lambda b: edit(b, lambda c: c.update(extra=1)), r"extra: unknown option"),
        (lambda b: edit(b, lambda c: c.pop("name")), r"name: missing"),
    ],
)
def test_a_damaged_bundle_is_named(bundle: Path, damage: Callable[[Path], Any], message: str) -> None:
    damage(bundle)
    with pytest.raises(BundleError, match=message):
        Bundle.load(bundle)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["model"].update(family="magic"), r"category 4: model family 'magic': unknown"),
        (lambda c: c["model"].update(latent_dimensions=7), r"category 4: tensor '0\.weight': shape"),
        (
            lambda c: c["model"]["generator"].update(layers=0),
            r"category 4: model configuration: generator\.layers",
        ),
        (lambda c: c["representation"].update(columns=["px"]), r"category 4: representation for 1 columns"),
        (
            lambda c: c["representation"]["map"].update(kind="fold"),
            r"category 4: map of kind 'fold': unknown",
        ),
    ],
)
def test_parts_that_do_not_fit_are_named(
    bundle: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit(bundle, lambda content: change(content["categories"]["4"]))
    with pytest.raises(BundleError, match=message):
        Bundle.load(bundle).model(4)


def test_weights_of_another_category_are_refused(bundle: Path, dataset: Dataset) -> None:
    """A bundle for 4 columns given 6: the checksums agree, the shapes do not."""

    def swap(content: dict[str, Any]) -> None:
        content["categories"]["1"]["weights"] = content["categories"]["4"]["weights"]

    edit(bundle, swap)
    with pytest.raises(BundleError, match=r"category 1: tensor '\d+\.bias': shape \(6,\), expected \(4,\)"):
        Bundle.load(bundle).model(1)


def test_what_is_in_the_way_is_kept(original: Bundle, bundle: Path, dataset: Dataset, tmp_path: Path) -> None:
    model = {4: untrained(dataset, 4)}
    with pytest.raises(BundleError, match="exists already; give --force"):
        save_bundle(bundle, model, dataset, name="x")
    assert Bundle.load(bundle).identity == original.identity
    assert save_bundle(bundle, model, dataset, name="x", force=True).rates.keys() == {4}
    (tmp_path / "thesis").mkdir()
    with pytest.raises(BundleError, match="choose another name"):
        save_bundle(tmp_path / "thesis", model, dataset, name="x", force=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        save_bundle(tmp_path / "file", model, dataset, name="x")
    with pytest.raises(BundleError, match="a model of category 4 given as category 3"):
        save_bundle(tmp_path / "new", {3: model[4]}, dataset, name="x")
    with pytest.raises(BundleError, match="at least one trained category"):
        save_bundle(tmp_path / "new", {}, dataset, name="x")
    assert not (tmp_path / "new").exists()


def test_a_missing_category_is_named(dataset: Dataset, tmp_path: Path) -> None:
    made = save_bundle(tmp_path / "b", {4: untrained(dataset, 4)}, dataset, name="x")
    with pytest.raises(BundleError, match="has no category 1, only 4"):
        made.model(1)
    with pytest.raises(BundleError, match="no such bundle"):
        Bundle.load(tmp_path / "none")
