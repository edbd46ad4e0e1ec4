"""Shards made by a farm: the bytes of one process, whatever happens to the workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from muforge.bundle import Bundle
from muforge.errors import BundleError, FarmError, MuforgeError, NoSpaceError, OutputError
from muforge.farm import Failed, Farm
from muforge.farm import farm as farm_module
from muforge.formats.npy import sidecar
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.spill import farmed
from muforge.spill import verify as verify_module
from muforge.spill.generate import Spill, generate_files
from muforge.spill.plan import ROWS_PER_CHUNK
from muforge.spill.verify import State, verify
from tests.farm.borrowed import WORKERS, farm, lending
from tests.farm.killing import killer
from tests.farm.slurm_node import until
from tests.spill import dying

__all__ = ["farm"]

SHARDS = 10
MUONS = 2 * SHARDS * ROWS_PER_CHUNK - 5000
REQUEST: dict[str, Any] = {"muons": MUONS, "seed": 11, "shards": SHARDS, "z_offset": 0.0}
ROOT = Path(__file__).resolve().parents[2]
HELD = """
import signal
from muforge.cli import main
from muforge.spill import farmed
from tests.spill import dying
signal.signal(signal.SIGINT, signal.default_int_handler)
farmed.ensure = dying.held
main()
"""


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of one process, the manifest with them, by name."""
    folder = tmp_path_factory.mktemp("serial")
    generate_files(PACKAGED_BUNDLE, folder / "spill.root", **REQUEST)
    return contents(folder)


@pytest.fixture
def borrowed(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """A farm that is open already, for whatever is generated or verified."""
    for module in (farmed, verify_module):
        monkeypatch.setattr(module, "open_farm", lending(farm))
    return farm


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def on_farm(folder: Path, **more: Any) -> Spill:
    return generate_files(PACKAGED_BUNDLE, folder / "spill.root", farm=f"local:{WORKERS}", **REQUEST | more)


def test_workers_killed_at_random_change_no_byte(
    serial: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real farm, opened and closed; a shard may lose as many workers as it likes."""
    monkeypatch.setattr(farm_module, "ATTEMPTS", 100)
    kill, killed = killer(seed=1, probability=0.3)
    farms: list[Farm] = []
    spill = on_farm(tmp_path, on_farm=farms.append, progress=kill)
    assert len(killed) > 1
    assert contents(tmp_path) == serial
    assert spill.kept == ()
    assert len(farms) == 1


def test_workers_killed_at_every_point_change_no_byte(
    borrowed: Farm, serial: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farmed, "ensure", dying.ensure)
    seen: list[tuple[int, int]] = []
    on_farm(tmp_path, progress=lambda done, total: seen.append((done, total)))
    for shard in range(len(dying.points)):
        (tmp_path / f"{shard}.killed").unlink()
    assert contents(tmp_path) == serial
    assert len(seen) == SHARDS
    assert sorted(seen) == seen
    assert seen[-1] == (MUONS, MUONS)


def test_finished_shards_are_kept(borrowed: Farm, serial: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("spill_000.root", "spill_004.root"):
        (tmp_path / name).write_bytes(serial[name])
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    spill = on_farm(tmp_path)
    assert spill.kept == (tmp_path / "spill_000.root", tmp_path / "spill_004.root")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert contents(tmp_path) == serial
    with pytest.raises(OutputError, match=r"spill_000\.root: exists already"):
        on_farm(tmp_path)
    spill = on_farm(tmp_path, force=True)
    assert spill.kept == ()
    assert not {path.stat().st_mtime_ns for path in times} & {*times.values()}
    assert contents(tmp_path) == serial


def test_files_of_others_are_not_replaced(borrowed: Farm, tmp_path: Path) -> None:
    (tmp_path / "spill_003.root").write_bytes(b"other")
    with pytest.raises(MuforgeError, match=r"spill_003\.root"):
        on_farm(tmp_path)
    assert contents(tmp_path) == {"spill_003.root": b"other"}


def test_a_shard_that_fails_three_times_is_told_and_the_rest_is_made(
    borrowed: Farm, serial: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Failed[Any]]] = []
    with monkeypatch.context() as patch:
        patch.setattr(farmed, "ensure", dying.failing)
        with pytest.raises(
            FarmError,
            match=r"^1 of 10 files failed three times, the first is spill_001\.root \(RuntimeError: no luck\); "
            "the others are kept, the same command goes on$",
        ):
            on_farm(tmp_path, on_failure=lambda *failure: told.append(failure))
    ((name, failed),) = told
    assert name == "spill_001.root"
    assert 'raise RuntimeError("no luck")' in failed.traceback
    assert serial.keys() - contents(tmp_path).keys() == {"spill_001.root", "spill.root.manifest.json"}
    assert len(on_farm(tmp_path).kept) == SHARDS - 1
    assert contents(tmp_path) == serial


def test_a_full_quota_ends_it_and_the_same_command_goes_on(
    borrowed: Farm, serial: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(farmed, "ensure", dying.on_a_full_disk)
        with pytest.raises(NoSpaceError, match=r"spill_002\.root: the quota is used up"):
            on_farm(tmp_path)
    assert "spill.root.manifest.json" not in contents(tmp_path)
    on_farm(tmp_path)
    assert contents(tmp_path) == serial


def test_a_full_disk(borrowed: Farm, small_disk: Path) -> None:
    with pytest.raises(NoSpaceError, match=r"spill_00\d\.root: no space left on the disk"):
        on_farm(small_disk)
    until(lambda: not [*small_disk.glob(".*")], "the other worker to find it out by itself")
    assert {path.name for path in small_disk.iterdir()} <= {f"spill_00{shard}.root" for shard in range(9)}


def test_arrays_and_their_descriptions(borrowed: Farm, tmp_path: Path) -> None:
    request: dict[str, Any] = {"muons": 2 * ROWS_PER_CHUNK, "shards": 2, "format": "npy"}
    for name, where in {"here": None, "there": "local"}.items():
        (tmp_path / name).mkdir()
        generate_files(PACKAGED_BUNDLE, tmp_path / name / "spill.npy", farm=where, **request)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert sidecar(tmp_path / "there" / "spill_001.npy").is_file()


def test_a_single_file(borrowed: Farm, tmp_path: Path) -> None:
    request: dict[str, Any] = {"muons": 1000, "shards": 1}
    spill = generate_files(PACKAGED_BUNDLE, tmp_path / "spill.root", farm="local", **request)
    assert spill.manifest is None
    assert spill.files == (tmp_path / "spill.root",)
    generate_files(PACKAGED_BUNDLE, tmp_path / "here.root", **request)
    assert (tmp_path / "spill.root").read_bytes() == (tmp_path / "here.root").read_bytes()


def test_a_relative_name_is_the_same_for_workers_elsewhere(
    borrowed: Farm, serial: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert on_farm(Path()).files[0] == Path("spill_000.root")
    assert contents(tmp_path) == serial


def test_a_worker_that_finds_another_bundle_refuses(untrained_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="name the bundle that they were made from"):
        farmed.engine_of(PACKAGED_BUNDLE, untrained_bundle.identity, 0, None)


def test_verifying_on_a_farm(borrowed: Farm, serial: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in serial.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "spill_001.root").write_bytes(b"damaged")
    (tmp_path / "spill_007.root").unlink()
    manifest = tmp_path / "spill.root.manifest.json"
    seen: list[tuple[int, int]] = []
    checked = verify(manifest, bundle=PACKAGED_BUNDLE, repair=False, farm="local")
    assert [path.name for path in checked.bad] == ["spill_001.root", "spill_007.root"]
    result = verify(
        manifest,
        bundle=PACKAGED_BUNDLE,
        farm="local",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert result.states == checked.states
    assert list(result.states.values()).count(State.good) == SHARDS - 2
    assert result.made_again == checked.bad
    assert contents(tmp_path) == serial
    assert seen == [(done, SHARDS) for done in range(1, SHARDS + 1)]


def test_files_that_cannot_be_made_again_are_told_and_the_rest_is_made(
    borrowed: Farm, serial: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in serial.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "spill_001.root").unlink()
    (tmp_path / "spill_001.root").mkdir()
    (tmp_path / "spill_007.root").unlink()
    told: list[str] = []
    with pytest.raises(FarmError, match=r"1 of 10 files failed three times, the first is spill_001\.root"):
        verify(
            tmp_path / "spill.root.manifest.json",
            bundle=PACKAGED_BUNDLE,
            farm="local",
            on_failure=lambda name, failed: told.append(name),
        )
    assert told == ["spill_001.root"]
    (tmp_path / "spill_001.root").rmdir()
    assert contents(tmp_path) == {name: serial[name] for name in serial if name != "spill_001.root"}


def test_ctrl_c_in_a_terminal_and_the_same_command_again(serial: dict[str, bytes], tmp_path: Path) -> None:
    """A terminal sends the signal to the command and its workers alike, here while one is at a long task."""
    out = tmp_path / "out"
    out.mkdir()
    arguments = ["generate", str(PACKAGED_BUNDLE), "--out", str(out / "spill.root"), "--farm", "local:1"]
    arguments += ["--muons", str(MUONS), "--seed", str(REQUEST["seed"]), "--shards", str(SHARDS)]
    command = [sys.executable, "-c", HELD, *arguments]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT
    ) as process:
        try:
            until(lambda: (out / "spill_002.root").exists() or process.poll() is not None, "three shards")
        finally:
            os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate()
    assert process.returncode == 130
    announced, error = told.splitlines()
    assert announced.startswith("1 workers; dashboard: http://127.0.0.1:")
    assert error == "muforge: error: interrupted; finished shards are kept, run the same command to go on"
    assert sorted(contents(out)) == ["spill_000.root", "spill_001.root", "spill_002.root"]
    command = [sys.executable, "-m", "muforge", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"3 of {SHARDS} files were finished before and are kept" in done.stdout
    made = {name: content for name, content in contents(out).items() if name != "spill.root.manifest.json"}
    assert made == {name: content for name, content in serial.items() if name != "spill.root.manifest.json"}
