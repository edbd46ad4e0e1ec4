"""`muforge scan` as a user meets it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from muforge import scans
from muforge.dataset.store import Dataset
from muforge.errors import Interrupted
from muforge.scanning import going
from muforge.scanning.trial import TrialEnd, TrialTask
from muforge.training.config import RunConfig
from tests.cli.test_cli import run
from tests.scanning.scans import LATENT, RATE, InProcess, made_up, use, write_space
from tests.studies.tiny import tiny_dataset

GRID: dict[str, Any] = {"sampler": "grid", "categories": [1], "space": {RATE: [0.1, 0.2], LATENT: [2, 3]}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("scan"), 600)


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch) -> InProcess:
    monkeypatch.setattr(going, "run_trial", made_up)
    return use(monkeypatch, InProcess())


def test_a_scan_tells_what_it_found_and_how_to_train_it(
    farm: InProcess, data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ("scan", write_space(tmp_path, GRID), "--data", data.directory, "--out", out)
    assert run(*command, "--category", "4", "--set", "training.steps=3", "--farm", "local:3") == 0
    shown, told = capsys.readouterr()
    lines = [line.split() for line in shown.splitlines() if line[:2].strip().isdigit()]
    assert [line[0] for line in lines] == ["0", "1", "2", "3"]
    assert lines[0][1:5] == ["0.12", "0.01", "0.1", "2"]
    assert f"The best is trial 0, with 0.12 (real muons: 0.01): {RATE} 0.1, {LATENT} 2." in shown
    assert "dashboard: http://127.0.0.1:0/status" in told
    assert "trial 2 complete, value 0.22; 3 of 4 trials, best 0.12" in told
    assert farm.opened[0][0] == "local:3"
    best = RunConfig.load(out / "best.yaml")
    assert best.training.steps == 3
    assert "--category 4 --out RUN" in shown
    line = next(line for line in shown.splitlines() if "muforge train" in line)
    train = line.partition("muforge train ")[2].replace("RUN", str(tmp_path / "run")).split()
    assert run("train", *train) == 0
    assert RunConfig.load(tmp_path / "run" / "category-4" / "config.yaml") == best


def test_failed_trials_have_their_exit_code(
    farm: InProcess,
    data: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures = {2}

    def failing(task: TrialTask) -> TrialEnd:
        failed = TrialEnd("failed", None, None, 0, 0.1, "step 3: loss is nan")
        return failed if task.number in failures else made_up(task)

    monkeypatch.setattr(going, "run_trial", failing)
    command = ("scan", write_space(tmp_path, GRID), "--data", data.directory)
    assert run(*command, "--out", tmp_path / "some") == 3
    shown, told = capsys.readouterr()
    assert "1 of 4 trials failed" in shown
    assert "trial 2 failed: step 3: loss is nan" in told
    failures.update(range(4))
    assert run(*command, "--out", tmp_path / "all") == 1
    told = capsys.readouterr().err
    assert f"muforge: error: {tmp_path / 'all'}: none of 4 trials came to its end; the first: step 3" in told


def test_scans_are_listed_and_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("scan") == 0
    listed = capsys.readouterr().out
    assert all(f"{name} " in listed and scans.about(name) in listed for name in scans.names())
    assert run("scan", "note-layers", "--show") == 0
    assert capsys.readouterr().out == scans.space_file("note-layers").read_text(encoding="utf-8")


def test_a_scan_has_a_directory_of_its_spaces_name(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("scan", write_space(tmp_path), "--data", data.directory, "--trials", "2") == 0
    assert (tmp_path / "scan-space" / "result.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("note-layers",), "scan 'note-layers': say on which data set (--data)"),
        (("note-leyers", "--data", "ds", "--out", "out"), "note-leyers: no such file"),
        (("note-layers", "--data", "ds", "--out", "out", "--set", "x"), "--set x: expected KEY=VALUE"),
        (("note-layers", "--data", "ds", "--out", "out", "--set", "-x=3"), "-x of the VAE: give those"),
        (("note-layers", "--data", "nothing", "--out", "out"), "nothing"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("scan", *arguments) == 1
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert message in error
    assert not (tmp_path / "out").exists()


def test_an_interrupted_scan_goes_on(data: Dataset, tmp_path: Path) -> None:
    """Ctrl-C, which the terminal sends to the workers too, while trials are trained."""
    space = write_space(tmp_path, {**GRID, "space": {RATE: [0.001, 0.01]}}, steps=200_000, monitor_every=0)
    command = ["scan", str(space), "--data", str(data.directory), "--out", str(tmp_path / "out")]
    trial = tmp_path / "out" / "trials" / "0000" / "category-1" / "checkpoints"
    code = f"from muforge.cli import main; main({command!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while process.poll() is None and not trial.is_dir():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate()
    assert process.returncode == Interrupted.exit_code, told
    line = told.strip().splitlines()[-1]
    assert line.startswith("muforge: error: interrupted: 0 of 2 trials have ended")
    assert "Traceback" not in told
    assert (tmp_path / "out" / "scan.db").is_file()
    assert not (tmp_path / "out" / "result.json").exists()
