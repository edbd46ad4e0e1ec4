from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.farm import slurm_node
from tests.farm.slurm_node import CORES, DAEMONS, SlurmError, SlurmNode, until, why_not

pytestmark = pytest.mark.long


def submit(slurm: SlurmNode, folder: Path, command: str, *options: str) -> str:
    """The id of a batch job whose output goes to the file 'out' in `folder`."""
    script = folder / "job.sh"
    script.write_text(f"#!/bin/bash\n{command}\n")
    output = f"--output={folder}/out"
    return slurm.run("sbatch", "--parsable", output, f"--chdir={folder}", *options, str(script)).strip()


def text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_a_job_runs_in_the_environment_of_the_one_who_submits_it(
    idle_slurm: SlurmNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/of/muons")
    monkeypatch.setenv("COLOUR", "deep blue")
    job = submit(idle_slurm, tmp_path, 'echo "$HOME|$COLOUR|$SLURM_JOB_ID|$SLURM_JOB_PARTITION|$PWD"')
    until(lambda: idle_slurm.job_state(job) == "COMPLETED", "the job to end")
    assert text_of(tmp_path / "out") == f"/home/of/muons|deep blue|{job}|test|{tmp_path}\n"
    assert job in idle_slurm.jobs("COMPLETED")
    assert job not in idle_slurm.jobs()


def test_plain_commands_in_this_process_reach_the_same_slurm(slurm: SlurmNode) -> None:
    assert os.environ["SLURM_CONF"] == slurm.environment["SLURM_CONF"]
    shown = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=True)
    assert slurm.environment["SLURM_CONF"] in shown.stdout


def test_a_job_that_fails_is_known_to_have_failed(idle_slurm: SlurmNode, tmp_path: Path) -> None:
    job = submit(idle_slurm, tmp_path, "exit 3")
    until(lambda: idle_slurm.job_state(job) == "FAILED", "the job to fail")


def test_a_running_job_is_cancelled(idle_slurm: SlurmNode, tmp_path: Path) -> None:
    job = submit(idle_slurm, tmp_path, "echo begun; exec sleep 600")
    until(lambda: text_of(tmp_path / "out") == "begun\n", "the job to begin")
    assert job in idle_slurm.jobs("RUNNING")
    idle_slurm.cancel(job)
    until(lambda: job not in idle_slurm.jobs(), "the job to be gone")
    assert idle_slurm.job_state(job) == "CANCELLED"


def test_as_many_jobs_as_there_are_cores_run_at_once(idle_slurm: SlurmNode, tmp_path: Path) -> None:
    jobs = [
        submit(idle_slurm, tmp_path, "exec sleep 600", "--cpus-per-task=1", "--mem=4G")
        for _ in range(CORES + 1)
    ]
    until(lambda: idle_slurm.node_state() == "allocated", "the node to be full")
    assert sorted(idle_slurm.jobs("RUNNING")) == sorted(jobs[:CORES])
    assert idle_slurm.jobs("PENDING") == jobs[CORES:]
    idle_slurm.cancel_all()
    assert idle_slurm.jobs() == []
    assert idle_slurm.node_state() == "idle"


def test_a_drained_node_starts_nothing_until_it_resumes(idle_slurm: SlurmNode, tmp_path: Path) -> None:
    idle_slurm.drain()
    assert idle_slurm.node_state() == "drained"
    job = submit(idle_slurm, tmp_path, "echo ran")
    until(
        lambda: "DRAINED" in idle_slurm.run("squeue", "--noheader", "--format", "%R", "--jobs", job),
        "the scheduler to say why the job waits",
    )
    assert idle_slurm.jobs("PENDING") == [job]
    idle_slurm.resume()
    until(lambda: idle_slurm.job_state(job) == "COMPLETED", "the job to run after all")
    assert text_of(tmp_path / "out") == "ran\n"
    assert idle_slurm.node_state() == "idle"


def test_a_command_that_fails_says_why(idle_slurm: SlurmNode, tmp_path: Path) -> None:
    with pytest.raises(SlurmError, match="invalid partition specified: nowhere"):
        submit(idle_slurm, tmp_path, "true", "--partition=nowhere")


@pytest.fixture
def own_slurm(tmp_path: Path) -> SlurmNode:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    return SlurmNode(tmp_path)


def test_nothing_is_left_when_it_ends(own_slurm: SlurmNode, tmp_path: Path) -> None:
    with own_slurm:
        submit(own_slurm, tmp_path, "(setsid sleep 600 & echo $!); exec sleep 600")
        until(lambda: text_of(tmp_path / "out").endswith("\n"), "the job to begin")
        out_of_reach = int(text_of(tmp_path / "out"))
        daemons = {int(text_of(tmp_path / f"{daemon}.pid")) for daemon in DAEMONS}
        own_slurm.cancel_all()
        assert set(own_slurm.processes()) >= {*daemons, out_of_reach}
    assert own_slurm.processes() == []
    assert not any(Path(f"/proc/{process}/exe").exists() for process in (*daemons, out_of_reach))


def test_nothing_is_left_after_a_daemon_has_died(own_slurm: SlurmNode, tmp_path: Path) -> None:
    with own_slurm:
        submit(own_slurm, tmp_path, "exec sleep 600")
        until(lambda: own_slurm.node_state() == "mixed", "the job to begin")
        controller = int(text_of(tmp_path / "slurmctld.pid"))
        os.kill(controller, signal.SIGKILL)
        os.waitid(os.P_PID, controller, os.WEXITED | os.WNOWAIT)
    assert own_slurm.processes() == []


def test_a_daemon_that_cannot_start_is_shown_with_its_log(
    own_slurm: SlurmNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_node, "CONFIGURATION", slurm_node.CONFIGURATION + "NoSuchSetting=1\n")
    with (
        pytest.raises(SlurmError, match=r"(?s)before slurmctld was ready.*munged \(runs\).*NoSuchSetting"),
        own_slurm,
    ):
        pass
    assert own_slurm.processes() == []


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert why_not() == "a Slurm of one node takes root"


def test_without_slurm_it_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(slurm_node, "COMMANDS", ("sh", "no-such-daemon"))
    assert why_not() == "not installed: no-such-daemon (Debian: apt-get install slurmctld slurmd)"
