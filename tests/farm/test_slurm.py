"""Real jobs of a real Slurm: killed, drained, refused; what comes out is what one process makes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from muforge.bundle import Bundle
from muforge.spill.plan import ROWS_PER_CHUNK
from tests.farm.slurm_node import PARTITION, SlurmNode, until

SHARDS = 40
MUONS = SHARDS * 2 * ROWS_PER_CHUNK
JOBS = 2


def cluster(folder: Path, partition: str = PARTITION) -> Path:
    """A cluster's file."""
    file = folder / "slurm.yaml"
    file.write_text(
        f"kind: slurm\npartition: {partition}\njobs: {JOBS}\nmemory: 4GB\nwalltime: '00:30:00'\n"
        f"environment: ['export MUFORGE_TEST=yes']\nlog_directory: {folder / 'logs'}\n"
    )
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
    environment = os.environ | {"DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1s"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        yield process
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told


def begun(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until some shards are there, and see that others are not."""
    until(lambda: made(folder) > 2 or process.poll() is not None, "the first shards", 120)
    assert made(folder) < SHARDS


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
        begun(tmp_path, process)
        before = set(idle_slurm.jobs("RUNNING"))
        assert before
        for job in before:
            idle_slurm.cancel(job)
        until(lambda: bool(set(idle_slurm.jobs()) - before), "new jobs")
    assert contents(tmp_path) == serial
    until(lambda: not idle_slurm.jobs("RUNNING"), "the end of all jobs")
    assert not [*tmp_path.glob(".*")]


def test_a_drained_node_is_survived(
    untrained_bundle: Bundle, serial: dict[str, bytes], idle_slurm: SlurmNode, tmp_path: Path
) -> None:
    with generating(untrained_bundle, tmp_path) as process:
        begun(tmp_path, process)
        idle_slurm.drain()
        for job in idle_slurm.jobs("RUNNING"):
            idle_slurm.cancel(job)
        until(lambda: len(idle_slurm.jobs("PENDING")) == JOBS, "jobs that wait for a node")
        assert process.poll() is None
        assert made(tmp_path) < SHARDS
        idle_slurm.resume()
    assert contents(tmp_path) == serial


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
