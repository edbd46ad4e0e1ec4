"""`muforge verify` and the farm on the command line, as a user meets them."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from muforge.bundle import Bundle
from muforge.farm import Farm
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.spill import farmed, verify
from muforge.spill.generate import generate_files
from muforge.spill.plan import ROWS_PER_CHUNK
from tests.cli.test_cli import error_of, run
from tests.farm.borrowed import farm, lending
from tests.spill import dying

__all__ = ["farm"]

SHARDS = 3
MUONS = SHARDS * ROWS_PER_CHUNK
REQUEST = ("--muons", MUONS, "--shards", SHARDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    generate_files(PACKAGED_BUNDLE, folder / "spill.root", muons=MUONS, shards=SHARDS)
    return folder


@pytest.fixture
def manifest(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "spill") / "spill.root.manifest.json"


def damage(manifest: Path) -> tuple[Path, Path]:
    """The first file is lost, the second damaged."""
    lost, damaged = (manifest.with_name(f"spill_00{shard}.root") for shard in range(2))
    lost.unlink()
    damaged.write_bytes(b"damaged")
    return lost, damaged


def test_good_files(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", manifest, "--bundle", PACKAGED_BUNDLE) == 0
    captured = capsys.readouterr()
    assert captured.out == "3 of 3 files are good\n"
    assert captured.err == ""


def test_bad_files_are_made_again(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lost, damaged = damage(manifest)
    assert run("verify", manifest, "--bundle", PACKAGED_BUNDLE) == 0
    captured = capsys.readouterr()
    assert captured.out == "1 of 3 files are good, 2 made again\n"
    assert captured.err.splitlines() == [
        f"{lost}: missing; made again, with the bytes of the manifest",
        f"{damaged}: damaged; made again, with the bytes of the manifest",
    ]
    assert run("verify", manifest, "--check-only") == 0


def test_a_check_alone_tells_and_ends_with_its_code(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost, damaged = damage(manifest)
    assert run("verify", manifest, "--check-only") == 3
    captured = capsys.readouterr()
    assert captured.out == "1 of 3 files are good\n"
    assert captured.err.splitlines() == [f"{lost}: missing", f"{damaged}: damaged"]
    assert not lost.exists()


def test_bad_input(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = tmp_path / "absent.json"
    for arguments, message in (
        ((absent,), f"muforge: error: {absent}: cannot be read (No such file or directory)"),
        ((manifest.with_name("spill_000.root"),), "spill_000.root: not a manifest of generated files ("),
        ((manifest,), "no such bundle; give --bundle, or --check-only"),
        ((manifest, "--bundle", absent), f"{absent}: no such bundle; give --bundle, or --check-only"),
        ((manifest, "--bundle", absent, "--check-only"), "--bundle, --check-only: give one of them"),
        ((manifest, "--check-only", "--farm", "nowhere"), "--farm nowhere: no such file; expected 'local'"),
        ((manifest, "--check-only", "--farm", "local:0"), "--farm local:0: must have at least one worker"),
    ):
        assert run("verify", *arguments) == 1
        assert message in error_of(capsys)


def test_bad_farms_of_other_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = tmp_path / "slurm.yaml"
    cluster.write_text("kind: slurm\njobs: 2\npartitio: short\n")
    generate = ("generate", PACKAGED_BUNDLE, "--out", tmp_path / "s.root", *REQUEST)
    ingest = ("ingest", PACKAGED_BUNDLE.with_name("sample.root"), "--out", tmp_path / "ds")
    for command in (generate, ingest):
        assert run(*command, "--farm", cluster) == 1
        assert f"{cluster}: slurm.partitio: unknown option" in error_of(capsys)
    assert run(*generate, "--farm", "local", "--threads", 2) == 1
    assert "--threads, --farm: give one of them" in error_of(capsys)
    assert run(*ingest, "--farm", "local", "--jobs", 2) == 1
    assert "--jobs, --farm: give one of them" in error_of(capsys)
    assert not [*tmp_path.glob("s*.root")]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    for word in ("--bundle", "--check-only", "--farm", "Exit code 3", "tcp://HOST:PORT"):
        assert word in shown


def test_failures_on_a_farm_are_shown_with_their_traceback_once(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(farmed, "open_farm", lending(farm))
    monkeypatch.setattr(farmed, "ensure", dying.all_failing)
    command = ("generate", PACKAGED_BUNDLE, "--out", tmp_path / "spill.root", *REQUEST, "--farm", "local")
    assert run(*command) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"2 workers; dashboard: {farm.dashboard}"
    told = sorted(line for line in lines if line.startswith("spill_"))
    assert told == [f"spill_00{shard}.root: failed three times: RuntimeError: no luck" for shard in range(3)]
    assert sum(line.startswith("Traceback") for line in lines) == 1
    assert lines[-1] == (
        "muforge: error: 3 of 3 files failed three times, the first is "
        f"{lines[1].partition(':')[0]} (RuntimeError: no luck); the others are kept, the same command goes on"
    )


def test_on_a_farm(
    farm: Farm, manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "open_farm", lending(farm))
    damage(manifest)
    assert run("verify", manifest, "--check-only", "--farm", "local") == 3
    assert run("verify", manifest, "--bundle", PACKAGED_BUNDLE, "--farm", "local") == 0
    captured = capsys.readouterr()
    assert captured.out == "1 of 3 files are good\n1 of 3 files are good, 2 made again\n"
    assert captured.err.count(f"2 workers; dashboard: {farm.dashboard}\n") == 2


def test_another_bundle(untrained_bundle: Bundle, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", manifest, "--bundle", untrained_bundle.directory) == 1
    identity = json.loads(manifest.read_text())["bundle"]["identity"][:12]
    assert f"the files were made from {identity}" in error_of(capsys)


def test_a_progress_bar_where_somebody_looks(manifest: Path) -> None:
    command = [sys.executable, "-m", "muforge", "verify", str(manifest), "--check-only"]
    screen, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(command, stderr=terminal, stdout=subprocess.PIPE, env=environment, check=True)
    os.close(terminal)
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    assert "checking" in shown
    assert "3 files" in shown
    assert done.stdout == b"3 of 3 files are good\n"
