from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from muforge.bundle import Bundle
from muforge.errors import BundleError, InputFileError, Interrupted, MuforgeError
from muforge.formats.npy import sidecar
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.spill import verify as verify_module
from muforge.spill.generate import generate_files
from muforge.spill.plan import ROWS_PER_CHUNK
from muforge.spill.shard import make_shard
from muforge.spill.verify import State, verify

MUONS = 3 * ROWS_PER_CHUNK
SHARDS = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle beside one with a spill."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(PACKAGED_BUNDLE, folder / "bundle")
    (folder / "out").mkdir()
    generate_files(folder / "bundle", folder / "out" / "spill.root", muons=MUONS, seed=7, shards=SHARDS)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The spill's, moved together with its bundle."""
    shutil.copytree(made, tmp_path / "moved")
    return tmp_path / "moved" / "out"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def removed(file: Path) -> None:
    file.unlink()


def truncated(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(1000)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def lengthened(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"\0")


def flipped(file: Path) -> None:
    """One bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def exchanged(file: Path) -> None:
    """For another one of the spill, which is whole."""
    shutil.copy(file.with_name("spill_000.root"), file)


def dangling(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.with_name("nowhere"))


DAMAGES = [removed, truncated, emptied, lengthened, flipped, exchanged, dangling]


def test_good_files_are_left_alone(folder: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    result = verify(folder / "spill.root.manifest.json")
    assert list(result.states) == [folder / f"spill_00{shard}.root" for shard in range(SHARDS)]
    assert set(result.states.values()) == {State.good}
    assert result.made_again == result.bad == ()
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: str(damage.__name__))
def test_only_what_is_bad_is_made_again(made: Path, folder: Path, damage: Callable[[Path], None]) -> None:
    bad = folder / "spill_001.root"
    damage(bad)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path != bad}
    result = verify(folder / "spill.root.manifest.json")
    state = State.missing if damage in (removed, dangling) else State.damaged
    assert list(result.states.values()) == [State.good, state, State.good]
    assert result.made_again == (bad,)
    assert result.bad == ()
    assert not bad.is_symlink()
    assert contents(folder) == contents(made / "out")
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir() if path != bad} == times


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: str(damage.__name__))
def test_a_check_alone_changes_nothing(folder: Path, damage: Callable[[Path], None]) -> None:
    bad = folder / "spill_001.root"
    damage(bad)
    before = {path: path.lstat().st_mtime_ns for path in folder.iterdir()}
    shutil.rmtree(folder.parent / "bundle")
    result = verify(folder / "spill.root.manifest.json", repair=False)
    assert result.bad == (bad,)
    assert result.made_again == ()
    assert {path: path.lstat().st_mtime_ns for path in folder.iterdir()} == before


def test_all_files_may_be_gone(made: Path, folder: Path) -> None:
    seen = []
    for file in folder.glob("*.root"):
        file.unlink()
    result = verify(
        folder / "spill.root.manifest.json", progress=lambda done, total: seen.append((done, total))
    )
    assert set(result.states.values()) == {State.missing}
    assert len(result.made_again) == SHARDS
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert contents(folder) == contents(made / "out")


def test_other_files_are_none_of_its_business(made: Path, folder: Path) -> None:
    (folder / "spill_003.root").write_bytes(b"other")
    (folder / "notes.txt").write_text("other")
    removed(folder / "spill_000.root")
    assert verify(folder / "spill.root.manifest.json").bad == ()
    assert contents(folder) == contents(made / "out") | {"spill_003.root": b"other", "notes.txt": b"other"}


def test_what_a_killed_run_left_behind_goes(made: Path, folder: Path) -> None:
    bad = folder / "spill_001.root"
    bad.rename(folder / ".spill_001.root.part-elsewhere-1")
    (folder / ".spill_001.root.part-elsewhere-2").mkdir()
    verify(folder / "spill.root.manifest.json")
    assert contents(folder) == contents(made / "out")


@pytest.mark.parametrize(
    ("out", "options"),
    [
        ("spill.npy", {"format": "npy", "z_offset": -1}),
        ("spill.h5", {"format": "hdf5"}),
        ("spill.parquet", {"format": "parquet"}),
        ("spill.root", {"format": "rntuple", "compression": "zstd"}),
        ("spill.root", {"format": "flat", "buffer_row": True}),
    ],
)
def test_every_format_comes_out_the_same(tmp_path: Path, out: str, options: dict[str, Any]) -> None:
    spill = generate_files(PACKAGED_BUNDLE, tmp_path / out, pot=400_000_000, seed=3, shards=2, **options)
    assert spill.manifest is not None
    before = contents(tmp_path)
    flipped(spill.files[0])
    spill.files[1].unlink()
    sidecar(spill.files[1]).unlink(missing_ok=True)
    assert verify(spill.manifest).made_again == spill.files
    assert contents(tmp_path) == before


def test_a_manifest_of_another_folder(made: Path, tmp_path: Path) -> None:
    """It speaks of files beside itself alone."""
    shutil.copy(made / "out" / "spill.root.manifest.json", tmp_path)
    result = verify(tmp_path / "spill.root.manifest.json", repair=False)
    assert result.bad == tuple(tmp_path / f"spill_00{shard}.root" for shard in range(SHARDS))


@pytest.mark.parametrize("name", ["../secret", "/tmp/secret", "a/b", "..", ""])
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    path = folder / "spill.root.manifest.json"
    content = json.loads(path.read_text())
    content["files"][0]["file"] = name
    path.write_text(json.dumps(content))
    before = {each: each.stat().st_mtime_ns for each in folder.parent.rglob("*")}
    with pytest.raises(InputFileError, match="not a manifest of generated files"):
        verify(path)
    assert {each: each.stat().st_mtime_ns for each in folder.parent.rglob("*")} == before


def test_a_bundle_elsewhere_is_named(made: Path, folder: Path) -> None:
    (folder.parent / "bundle").rename(folder.parent / "models")
    removed(folder / "spill_000.root")
    manifest = folder / "spill.root.manifest.json"
    with pytest.raises(BundleError, match=r"bundle: no such bundle; give --bundle, or --check-only"):
        verify(manifest)
    with pytest.raises(BundleError, match=r"no such bundle; give --bundle, or --check-only"):
        verify(manifest, bundle=folder / "absent" / "bundle")
    with pytest.raises(BundleError, match=r"no such bundle; give --bundle, or --check-only"):
        verify(manifest, bundle=manifest)
    assert verify(manifest, bundle=folder.parent / "models").bad == ()
    assert contents(folder) == contents(made / "out")


def test_another_bundle_makes_nothing(untrained_bundle: Bundle, folder: Path) -> None:
    removed(folder / "spill_000.root")
    before = contents(folder)
    identity = Bundle.load(PACKAGED_BUNDLE).identity[:12]
    with pytest.raises(
        BundleError, match=rf"is bundle {untrained_bundle.identity[:12]}, the files were made from {identity}"
    ):
        verify(folder / "spill.root.manifest.json", bundle=untrained_bundle.directory)
    assert contents(folder) == before


@pytest.mark.parametrize("damage", [removed, flipped])
def test_a_file_that_comes_out_different_is_not_put_in_place(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    """As with another version of muforge: here the manifest is of another seed than its checksums."""
    path = folder / "spill.root.manifest.json"
    content = json.loads(path.read_text())
    content["plan"]["seed"] = 8
    path.write_text(json.dumps(content))
    damage(folder / "spill_001.root")
    before = contents(folder)
    with pytest.raises(
        BundleError, match=r"spill_001\.root: comes out different from what the manifest says"
    ):
        verify(path)
    assert contents(folder) == before


def test_an_unknown_format_is_named(folder: Path) -> None:
    path = folder / "spill.root.manifest.json"
    content = json.loads(path.read_text())
    content["format"] = "csv"
    path.write_text(json.dumps(content))
    removed(folder / "spill_001.root")
    with pytest.raises(MuforgeError, match="csv"):
        verify(path)


def test_an_interrupt_keeps_what_was_made_again(
    made: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in folder.glob("*.root"):
        file.unlink()

    def interrupted(*arguments: Any) -> Any:
        if arguments[3] == 1:
            raise KeyboardInterrupt
        return make_shard(*arguments)

    monkeypatch.setattr(verify_module, "make_shard", interrupted)
    with pytest.raises(Interrupted, match="files that were made again are kept, the same command goes on"):
        verify(folder / "spill.root.manifest.json")
    assert sorted(contents(folder)) == ["spill.root.manifest.json", "spill_000.root"]
    monkeypatch.setattr(verify_module, "make_shard", make_shard)
    result = verify(folder / "spill.root.manifest.json")
    assert list(result.states.values()) == [State.good, State.missing, State.missing]
    assert contents(folder) == contents(made / "out")


def test_a_full_disk_leaves_what_was_there(small_disk: Path, tmp_path: Path) -> None:
    spill = generate_files(PACKAGED_BUNDLE, tmp_path / "spill.root", muons=2 * ROWS_PER_CHUNK, shards=2)
    assert spill.manifest is not None
    shutil.copy(spill.manifest, small_disk)
    (small_disk / "spill_000.root").write_bytes(b"damaged")
    with pytest.raises(MuforgeError, match=r"spill_000\.root: no space left on the disk"):
        verify(small_disk / "spill.root.manifest.json", bundle=PACKAGED_BUNDLE)
    assert sorted(contents(small_disk)) == ["spill.root.manifest.json", "spill_000.root"]
    assert (small_disk / "spill_000.root").read_bytes() == b"damaged"
