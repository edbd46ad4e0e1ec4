"""A real Slurm of one node on this machine: munged, slurmctld and slurmd of its own, for the time of a test."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = (*DAEMONS, "munge", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "setpriv")
PARTITION = "test"
CORES = 4  # Slurm is told so, whatever the machine has
MEMORY_MB = 65536  # likewise, and not enforced: a job may ask for what it likes
PATIENCE_S = 30.0
PORTS = range(20000, 32000)  # below those that the kernel hands to outgoing connections

CONFIGURATION = """\
ClusterName=muforge
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={sockets}/munge
CredType=cred/munge
SlurmctldPidFile="{folder}/slurmctld.pid"
SlurmdPidFile="{folder}/slurmd.pid"
StateSaveLocation="{folder}/state"
SlurmdSpoolDir={sockets}/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
MailProg=/bin/true
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory_mb} State=UNKNOWN
PartitionName={partition} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
# Named, though nothing uses it: on its own slurmd looks for a mounted cgroup file system and ends if it finds none.
CGROUP_CONFIGURATION = "CgroupPlugin=cgroup/v1\n"


class SlurmError(RuntimeError):
    """A daemon or a command of Slurm failed; the text holds what it said."""


def why_not() -> str | None:
    """The reason why no Slurm can be started here, None if one can."""
    if os.geteuid() != 0:
        return "a Slurm of one node takes root"
    missing = [command for command in COMMANDS if _which(command) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: apt-get install slurmctld slurmd)"
    return None


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Returns as soon as `condition` holds; raises SlurmError naming `what` if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SlurmError(f"waited {seconds:g} s for {what} in vain")
        time.sleep(0.05)


class SlurmNode:
    """A context in which a Slurm of one node with `CORES` cores and the one partition `PARTITION` runs.

    `folder` gets its configuration, key, state and logs. Sockets live in a short folder of their own, because a
    socket's path must be shorter than 108 characters. Jobs get the environment of whoever submits them. At the
    end all jobs are cancelled and no process is left.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.host = socket.gethostname().partition(".")[0]
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._sockets = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        try:
            self._write_files()
            self._start("munged", *self._munged_options())
            self._await("munged", lambda: self._succeeds("munge", "-n", "-S", f"{self._sockets}/munge"))
            self._start("slurmctld", "-D")
            self._await("slurmctld", lambda: self._succeeds("scontrol", "ping"))
            self._start("slurmd", "-D", "-N", self.host)
            self._await("slurmd", lambda: self.node_state() == "idle")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._all_alive():
                self.cancel_all()
        finally:
            self._stop()

    def run(self, *command: str) -> str:
        """What a command of Slurm prints; raises SlurmError with its standard error if it fails."""
        done = self._run(*command)
        if done.returncode != 0:
            raise SlurmError(f"{' '.join(command)} failed ({done.returncode}): {done.stderr.strip()}")
        return done.stdout

    def jobs(self, state: str | None = None) -> list[str]:
        """The jobs (their ids) in a state, such as RUNNING or COMPLETED; without one, all unfinished jobs."""
        choice = () if state is None else ("--states", state)
        return self.run("squeue", "--noheader", "--format", "%i", *choice).split()

    def job_state(self, job: str) -> str:
        """PENDING, RUNNING, COMPLETED, CANCELLED, ... also of a job that ended within the last five minutes."""
        return self.run("squeue", "--noheader", "--format", "%T", "--states", "all", "--jobs", job).strip()

    def cancel(self, job: str) -> None:
        self.run("scancel", job)

    def cancel_all(self) -> None:
        """Cancels every job and waits until the node is free of them."""
        self.run("scancel", "--user", "root")
        until(lambda: not (self._all_alive() and self.jobs()), "cancelled jobs to be gone")

    def node_state(self) -> str:
        """idle, mixed, allocated, draining, drained, ..."""
        return self.run("sinfo", "--noheader", "--format", "%T").strip()

    def drain(self) -> None:
        """From now on no further job starts; those that run go on."""
        self.run("scontrol", "update", f"NodeName={self.host}", "State=DRAIN", "Reason=test")

    def resume(self) -> None:
        self.run("scontrol", "update", f"NodeName={self.host}", "State=RESUME")

    def processes(self) -> list[int]:
        """The processes (their ids) of the daemons and of the jobs."""
        return [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and self._ours(entry)
        ]

    def _ours(self, process: Path) -> bool:
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            program = (process / "exe").readlink().name
        except OSError:
            return False
        is_job = any(variable.startswith(b"SLURM_JOB_ID=") for variable in variables)
        is_daemon = program.startswith(("munged", "slurm"))
        return f"SLURM_CONF={self.environment['SLURM_CONF']}".encode() in variables and (is_job or is_daemon)

    def _write_files(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        (self.folder / "state").mkdir()
        (self._sockets / "spool").mkdir()
        controller_port, node_port = _free_ports(2)
        text = CONFIGURATION.format(
            host=self.host,
            controller_port=controller_port,
            node_port=node_port,
            folder=self.folder,
            sockets=self._sockets,
            cores=CORES,
            memory_mb=MEMORY_MB,
            partition=PARTITION,
        )
        Path(self.environment["SLURM_CONF"]).write_text(text)
        (self.folder / "cgroup.conf").write_text(CGROUP_CONFIGURATION)

    def _munged_options(self) -> tuple[str, ...]:
        """`--force`: the socket's folder is closed to other users, which munged minds."""
        return (
            "--foreground",
            "--force",
            "--origin=127.0.0.1",
            f"--socket={self._sockets}/munge",
            f"--key-file={self.folder}/munge.key",
            f"--pid-file={self.folder}/munged.pid",
            f"--seed-file={self.folder}/munged.seed",
        )

    def _start(self, daemon: str, *options: str) -> None:
        """A daemon in a session of its own, so that Ctrl-C leaves it to us, which ends if this process dies."""
        program = _which(daemon)
        assert program is not None
        with (self.folder / f"{daemon}.log").open("wb") as log:
            self._daemons[daemon] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", program, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._all_variables(),
                start_new_session=True,
            )

    def _await(self, daemon: str, ready: Callable[[], bool]) -> None:
        try:
            until(lambda: not self._all_alive() or ready(), f"{daemon} to be ready")
        except SlurmError as error:
            raise SlurmError(f"{error}\n{self._log_ends()}") from None
        if not self._all_alive():
            raise SlurmError(f"a daemon ended before {daemon} was ready\n{self._log_ends()}")

    def _log_ends(self) -> str:
        parts = []
        for daemon, process in self._daemons.items():
            lines = (self.folder / f"{daemon}.log").read_text(errors="replace").splitlines()
            status = "runs" if process.poll() is None else f"ended with {process.returncode}"
            parts.append("\n".join([f"--- {daemon} ({status}):", *lines[-15:]]))
        return "\n".join(parts)

    def _all_alive(self) -> bool:
        return all(process.poll() is None for process in self._daemons.values())

    def _stop(self) -> None:
        """Ends the daemons, the last one first, then whatever is left of them and of the jobs."""
        for process in reversed(self._daemons.values()):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        until(self._killed, "killed processes to be gone")
        shutil.rmtree(self._sockets)

    def _killed(self) -> bool:
        left = self.processes()
        for process in left:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return not left

    def _succeeds(self, *command: str) -> bool:
        return self._run(*command).returncode == 0

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=self._all_variables(),
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SlurmError(f"{' '.join(command)} did not end within {PATIENCE_S:g} s") from None

    def _all_variables(self) -> dict[str, str]:
        return os.environ | self.environment


def _which(command: str) -> str | None:
    """The path of a command, also in the folders of daemons, which are not on every user's PATH."""
    return shutil.which(command, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _free_ports(count: int) -> list[int]:
    """Different ports on which nobody listens now."""
    ports: list[int] = []
    while len(ports) < count:
        port = secrets.choice(PORTS)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports
