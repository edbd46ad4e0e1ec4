"""Real jobs of a real Slurm: killed, drained, refused; what comes out is what one process makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import muforge as mf
from muforge.bundle import Bundle
from muforge.scanning.directory import RESULT_NAME, trial_directory
from muforge.scanning.result import ScanResult
from muforge.spill.plan import ROWS_PER_CHUNK
from muforge.training.directory import BEST_NAME, LAST_NAME
from tests.farm.slurm_node import PARTITION, SlurmNode, until
from tests.scanning.scans import InProcess, use, write_space
from tests.studies.tiny import tiny_dataset

SHARDS = 12
FREE = 4
MUONS = SHARDS * ROWS_PER_CHUNK
JOBS = 2
TRIALS = 2

GATE = """
import time
from pathlib import Path
from muforge.spill import farmed
from muforge.spill.shard import make_shard

def wait_and_make(bundle, engine, request, shard, file):
    while shard >= {free} and not Path("{gate}").exists():
        time.sleep(0.05)
    return make_shard(bundle, engine, request, shard, file)

farmed.make_shard = wait_and_make
"""
"""Loaded by workers: all but the first shards wait for a file."""


def cluster(folder: Path, partition: str = PARTITION) -> Path:
    """A cluster's file."""
    file = folder / "slurm.yaml"
    file.write_text(
        f"kind: slurm\npartition: {partition}\njobs: {JOBS}\nmemory: 4GB\nwalltime: '00:30:00'\n"
        f"environment: ['export DASK_DISTRIBUTED__WORKER__PRELOAD={folder / 'wait.py'}']\n"
        f"log_directory: {folder / 'logs'}\n"
    )
    (folder / "wait.py").write_text(GATE.format(free=FREE, gate=folder / "gate"))
    return file


def request(bundle: Bundle, folder: Path) -> list[str]:
    """The command without a farm."""
    command = [sys.executable, "-m", "muforge", "generate", str(bundle.directory)]
    command += ["--muons", str(MUONS), "--seed", "5", "--shards", str(SHARDS)]
    return [*command, "--out", str(folder / "spill.root")]


@contextmanager
def generating(bundle: Bundle, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`muforge generate` on Slurm, which soon sees that a job is lost."""
    command = [*request(bundle, folder), "--farm", str(cluster(folder))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=impatient()) as process:
        yield process
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told


def impatient() -> dict[str, str]:
    """An environment in which a lost job is soon replaced."""
    return os.environ | {"DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1s"}


def cancel_in_the_middle(slurm: SlurmNode, folder: Path, process: subprocess.Popen[str]) -> set[str]:
    """Cancel the jobs that run once the first shards are there, when they are at others; returns their numbers."""
    until(lambda: made(folder) == FREE or process.poll() is not None, "the first shards", 120)
    running = set(slurm.jobs("RUNNING"))
    assert running
    for job in running:
        slurm.cancel(job)
    return running


def open_gate(folder: Path) -> None:
    """Let all shards be made."""
    assert made(folder) == FREE
    (folder / "gate").touch()


def made(folder: Path) -> int:
    return len([*folder.glob("spill_*.root")])


@pytest.fixture(scope="module")
def serial(untrained_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of one process, by name."""
    folder = tmp_path_factory.mktemp("serial")
    subprocess.run(request(untrained_bundle, folder), check=True, capture_output=True)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("spill_*")}


def test_a_cancelled_job_is_replaced(
    untrained_bundle: Bundle, serial: dict[str, bytes], idle_slurm: SlurmNode, tmp_path: Path
) -> None:
    with generating(untrained_bundle, tmp_path) as process:
        cancelled = cancel_in_the_middle(idle_slurm, tmp_path, process)
        until(lambda: bool(set(idle_slurm.jobs()) - cancelled), "new jobs")
        open_gate(tmp_path)
    assert contents(tmp_path) == serial
    until(lambda: not idle_slurm.jobs("RUNNING"), "the end of all jobs")
    assert not [*tmp_path.glob(".*")]


def test_a_drained_node_is_survived(
    untrained_bundle: Bundle, serial: dict[str, bytes], idle_slurm: SlurmNode, tmp_path: Path
) -> None:
    with generating(untrained_bundle, tmp_path) as process:
        until(lambda: made(tmp_path) == FREE or process.poll() is not None, "the first shards", 120)
        idle_slurm.drain()
        cancel_in_the_middle(idle_slurm, tmp_path, process)
        until(lambda: len(idle_slurm.jobs("PENDING")) == JOBS, "jobs that wait for a node")
        assert process.poll() is None
        open_gate(tmp_path)
        idle_slurm.resume()
    assert contents(tmp_path) == serial


def test_a_scan_whose_job_is_cancelled_finds_the_same(
    idle_slurm: SlurmNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tiny_dataset(tmp_path, 1600)
    space = write_space(tmp_path, steps=300, monitor_every=150, checkpoint_every=25)
    here, there = tmp_path / "here", tmp_path / "there"
    use(monkeypatch, InProcess())
    expected = mf.scan(space, data.directory, here, trials=TRIALS)
    command = [sys.executable, "-m", "muforge", "scan", str(space), "--data", str(data.directory)]
    command += ["--out", str(there), "--trials", str(TRIALS), "--farm", str(cluster(tmp_path))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=impatient()) as process:
        begun = there / "trials" / "0001" / "category-4" / LAST_NAME
        until(lambda: begun.is_file() or process.poll() is not None, "a checkpoint of a trial", 120)
        before = set(idle_slurm.jobs("RUNNING"))
        for job in before:
            idle_slurm.cancel(job)
        until(lambda: bool(set(idle_slurm.jobs()) - before), "new jobs")
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
    found = ScanResult.from_dict(json.loads((there / RESULT_NAME).read_text(encoding="utf-8")))
    assert [(each.parameters, each.value, each.end.step) for each in found.trials] == [
        (each.parameters, each.value, each.end.step) for each in expected.trials
    ]
    for number in range(TRIALS):
        best = [trial_directory(scan, number) / "category-4" / BEST_NAME for scan in (here, there)]
        assert best[0].read_bytes() == best[1].read_bytes()
    assert (there / "best.yaml").read_bytes() == (here / "best.yaml").read_bytes()


def test_what_slurm_refuses_is_told(untrained_bundle: Bundle, idle_slurm: SlurmNode, tmp_path: Path) -> None:
    farm = cluster(tmp_path, partition="nowhere")
    command = [sys.executable, "-m", "muforge", "generate", str(untrained_bundle.directory)]
    command += ["--muons", "1e6", "--shards", "2", "--out", str(tmp_path / "s.root"), "--farm", str(farm)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("muforge: error: the batch system refused the worker jobs")
    assert "invalid partition" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not [*tmp_path.glob("s*.root")]
    assert not idle_slurm.jobs()
