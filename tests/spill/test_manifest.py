from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from muforge import __version__
from muforge.bundle import Bundle
from muforge.errors import InputFileError
from muforge.files import sha256
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.spill.generate import Spill, generate_files
from muforge.spill.manifest import Production, manifest_path
from muforge.spill.plan import ROWS_PER_CHUNK, Plan
from muforge.spill.request import Request

MUONS = 3 * ROWS_PER_CHUNK + 1000
SHARDS = 3


@pytest.fixture(scope="module")
def spill(tmp_path_factory: pytest.TempPathFactory) -> Spill:
    out = tmp_path_factory.mktemp("spill") / "spill.root"
    return generate_files(PACKAGED_BUNDLE, out, muons=MUONS, seed=7, shards=SHARDS, z_offset=-1.5)


@pytest.fixture
def content(spill: Spill) -> dict[str, Any]:
    """What the manifest holds; for tests to change."""
    assert spill.manifest is not None
    read: dict[str, Any] = json.loads(spill.manifest.read_text())
    return read


def test_where_it_is(spill: Spill) -> None:
    assert spill.manifest == manifest_path(spill.files[0].with_name("spill.root"))
    assert spill.manifest.name == "spill.root.manifest.json"


def test_it_says_what_the_files_are(spill: Spill, content: dict[str, Any]) -> None:
    assert [record["file"] for record in content["files"]] == [f"spill_00{shard}.root" for shard in range(3)]
    for file, record in zip(spill.files, content["files"], strict=True):
        assert record["bytes"] == file.stat().st_size
        assert record["sha256"] == sha256(file)
    assert content["muforge_version"] == __version__
    assert content["options"] == {"z_offset": -1.5}
    assert (content["format"], content["device"]) == ("flat", None)


def test_counts_add_up(spill: Spill, content: dict[str, Any]) -> None:
    total: Counter[str] = Counter()
    for record in content["files"]:
        total.update(record["counts"])
    assert total == content["counts"]
    assert {int(category): count for category, count in total.items()} == spill.counts
    assert sum(total.values()) == MUONS


def test_it_says_what_they_were_made_from(spill: Spill, content: dict[str, Any]) -> None:
    bundle = Bundle.load(PACKAGED_BUNDLE)
    assert content["bundle"]["identity"] == bundle.identity
    assert spill.manifest is not None
    assert (spill.manifest.parent / content["bundle"]["path"]).resolve() == PACKAGED_BUNDLE.resolve()
    assert content["plan"] == {
        "seed": 7,
        "protons_on_target": MUONS / sum(bundle.rates.values()),
        "muons": MUONS,
        "pairs": False,
        "variations": 0,
    }


def test_it_comes_back(spill: Spill, tmp_path: Path) -> None:
    assert spill.manifest is not None
    production = Production.load(spill.manifest)
    production.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == spill.manifest.read_bytes()
    request = production.request(spill.manifest.parent)
    assert request.files == list(spill.files)
    bundle = Bundle.load(PACKAGED_BUNDLE)
    for shard, file in enumerate(request.files):
        assert request.has(bundle, shard, file)


@pytest.mark.parametrize(
    ("name", "shards", "first", "last"),
    [
        ("spill.root", 1, "spill.root", "spill.root"),
        ("spill.root", 2, "spill_000.root", "spill_001.root"),
        ("a_b.c.root", 2, "a_b.c_000.root", "a_b.c_001.root"),
        ("spill", 2, "spill_000", "spill_001"),
        (".root", 2, ".root_000", ".root_001"),
        ("spill.root", 1001, "spill_0000.root", "spill_1000.root"),
    ],
)
def test_names_of_files_are_found_again(
    content: dict[str, Any], tmp_path: Path, name: str, shards: int, first: str, last: str
) -> None:
    request = Request(Plan(0, 1.0, 10**9), tmp_path / name, shards, "flat")
    assert [request.files[0].name, request.files[-1].name] == [first, last]
    assert request.files == [request.file(shard) for shard in range(shards)]
    if shards > 1:
        record = content["files"][0]
        content["files"] = [record | {"file": file.name} for file in request.files]
        assert Production.model_validate(content).request(tmp_path).out == tmp_path / name


def changed(content: dict[str, Any], place: str, value: Any) -> None:
    *path, last = place.split("/")
    inner: Any = content
    for part in path:
        inner = inner[int(part) if isinstance(inner, list) else part]
    inner[int(last) if isinstance(inner, list) else last] = value


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("schema_version", 2, "schema_version: 2: "),
        ("extra", 1, "extra: unknown option"),
        ("plan/seed", -1, "plan.seed: -1: "),
        ("plan/seed", 2**64, "plan.seed: 18446744073709551616: "),
        ("plan/muons", 0, "plan.muons: 0: "),
        ("plan/muons", 1.5, "plan.muons: 1.5: "),
        ("plan/protons_on_target", 0, "plan.protons_on_target: 0: "),
        ("plan/protons_on_target", float("inf"), "plan.protons_on_target: inf: "),
        ("plan/protons_on_target", float("nan"), "plan.protons_on_target: nan: "),
        ("bundle", "there", "bundle: 'there': "),
        ("files", [], "files: []: "),
        ("files/0/bytes", -1, "files.0.bytes: -1: "),
        ("files/0/sha256", "0" * 63, "files.0.sha256: "),
        ("files/0/sha256", "G" * 64, "files.0.sha256: "),
        ("files/0/file", "", "files.0.file: '': "),
        ("files/0/file", "../spill_000.root", "files.0.file: '../spill_000.root': "),
        ("files/0/file", "/etc/passwd", "files.0.file: '/etc/passwd': "),
        ("files/0/file", "a\0b", "files.0.file: "),
        ("files/0/file", "..", "files: a name is no file's, or is there twice"),
        ("files/0/file", ".", "files: a name is no file's, or is there twice"),
        ("files/0/file", "spill_001.root", "files: a name is no file's, or is there twice"),
    ],
)
def test_what_is_no_manifest(
    content: dict[str, Any], tmp_path: Path, place: str, value: Any, message: str
) -> None:
    changed(content, place, value)
    path = tmp_path / "spill.root.manifest.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputFileError) as caught:
        Production.load(path)
    told = str(caught.value)
    assert told.startswith(f"{path}: not a manifest of generated files ({message}")
    assert "\n" not in told


@pytest.mark.parametrize("name", ["spill.root", "spill_002.root", "other_001.root", "spill_001.parquet"])
def test_files_that_are_not_of_one_request(content: dict[str, Any], tmp_path: Path, name: str) -> None:
    changed(content, "files/1/file", name)
    if name == "spill_002.root":
        changed(content, "files/2/file", "spill_001.root")
    with pytest.raises(
        InputFileError, match=rf"{tmp_path}: files named spill_000\.root, \.\.\. are not those"
    ):
        Production.model_validate(content).request(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe", "codec can't decode"),
        (b"[]", ""),
    ],
)
def test_what_is_not_even_json(tmp_path: Path, text: bytes, why: str) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(text)
    with pytest.raises(InputFileError) as caught:
        Production.load(path)
    assert str(caught.value).startswith(f"{path}: not a manifest of generated files (")
    assert why in str(caught.value)


@pytest.mark.parametrize("name", ["absent.json", ""])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        InputFileError, match=r"cannot be read \((No such file or directory|Is a directory)\)"
    ):
        Production.load(tmp_path / name)


def test_the_bundle_is_found_through_links(tmp_path: Path) -> None:
    """The way up from a folder that is a link does not lead to where the link is."""
    (tmp_path / "disk" / "very" / "deep").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "bundle").symlink_to(PACKAGED_BUNDLE)
    (tmp_path / "work" / "out").symlink_to(tmp_path / "disk" / "very" / "deep")
    out = tmp_path / "work" / "out" / "spill.root"
    spill = generate_files(tmp_path / "work" / "bundle", out, muons=2 * ROWS_PER_CHUNK, shards=2)
    assert spill.manifest is not None
    path = Production.load(spill.manifest).bundle.path
    assert (tmp_path / "disk" / "very" / "deep" / path).samefile(PACKAGED_BUNDLE)
