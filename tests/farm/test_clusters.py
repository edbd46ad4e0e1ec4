"""What batch systems are asked for, by commands that note it and start nothing; schedulers that are none."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from muforge.errors import FarmError
from muforge.farm import clusters, open_farm
from muforge.farm.clusters import Cluster, cluster_of
from muforge.farm.config import HTCondorFarm, SlurmFarm

SUBMIT = """\
#!/bin/bash
echo "$@" > "{folder}/options-$$"
cat "${{@: -1}}" > "{folder}/job-$$"
echo "{said}$$"
"""
CANCEL = '#!/bin/bash\necho "$@" >> "{folder}/cancelled"\n'
WORKER = "-m distributed.cli.dask_worker"


class BatchSystem:
    """Where a job that is submitted is noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def jobs(self) -> list[str]:
        return [path.read_text() for path in sorted(self.folder.glob("job-*"))]

    @property
    def options(self) -> list[str]:
        """Of the command that submits, without the name of the job's script."""
        return [path.read_text().rpartition(" ")[0] for path in sorted(self.folder.glob("options-*"))]

    @property
    def all_cancelled(self) -> bool:
        submitted = {path.name.removeprefix("job-") for path in self.folder.glob("job-*")}
        cancelled = (self.folder / "cancelled").read_text().split()
        return submitted == {number.removesuffix(".0") for number in cancelled}


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BatchSystem:
    folder, commands = tmp_path / "batch", tmp_path / "bin"
    folder.mkdir()
    commands.mkdir()
    for name, text, said in (
        ("sbatch", SUBMIT, "Submitted batch job "),
        ("scancel", CANCEL, ""),
        ("condor_submit", SUBMIT, "1 job(s) submitted to cluster "),
        ("condor_rm", CANCEL, ""),
    ):
        command(commands / name, text.format(folder=folder, said=said))
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    return BatchSystem(folder)


def nameless(job: str) -> str:
    """A job's script without the name of its worker."""
    return re.sub(r" --name \S+", "", job)


def command(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@contextmanager
def started(config: SlurmFarm | HTCondorFarm, folder: Path, tasks: int = 100) -> Iterator[Cluster]:
    shared = folder / "shared"
    shared.mkdir()
    with cluster_of(config, tasks, shared) as cluster:
        yield cluster
    assert list(shared.iterdir()) == []


def test_all_options_of_slurm_reach_its_jobs(batch: BatchSystem, tmp_path: Path) -> None:
    config = SlurmFarm(
        kind="slurm",
        jobs=2,
        cores=4,
        memory="8GiB",
        walltime="02:00:00",
        partition="short",
        account="ship",
        directives=("--constraint=avx2", "--exclusive"),
        environment=("module load apptainer", 'export A="b c"'),
        container="/software/muforge.sif",
        container_command=("apptainer", "exec", "--bind", "/data"),
        log_directory=tmp_path / "logs",
        local_directory=Path("/scratch"),
        interface="lo",
        worker_ports="10000:10100",
    )
    with started(config, tmp_path) as cluster:
        assert cluster.keeper is not None
        assert cluster.keeper.workers == 8
        assert cluster.dashboard.startswith("http://127.0.0.1:")
        one, other = batch.jobs
        assert nameless(one) == nameless(other)
        *header, module, variable, worker = filter(None, one.splitlines())
        assert header[0] == "#!/usr/bin/env bash"
        assert set(header[1:]) == {
            "#SBATCH -J muforge",
            "#SBATCH -p short",
            "#SBATCH -A ship",
            "#SBATCH -t 02:00:00",
            "#SBATCH -n 1",
            "#SBATCH --cpus-per-task=4",
            "#SBATCH --mem=8G",
            f"#SBATCH -e {tmp_path}/logs/muforge-%J.err",
            f"#SBATCH -o {tmp_path}/logs/muforge-%J.out",
            "#SBATCH --constraint=avx2",
            "#SBATCH --exclusive",
        }
        assert (module, variable) == ("module load apptainer", 'export A="b c"')
        program = f"apptainer exec --bind /data /software/muforge.sif python3 {WORKER} tls://127.0.0.1:"
        assert worker.startswith(program)
        for option in (
            "--nthreads 1",
            "--nworkers 4",
            "--memory-limit 2.00GiB",
            "--local-directory /scratch",
            "--death-timeout 60",
            "--interface lo",
            "--worker-port 10000:10100",
            "--lifetime 6600s",
            "--lifetime-stagger 300s",
            "--protocol tls://",
        ):
            assert f" {option} " in worker
        keys = re.findall(r"--tls-(?:ca-file|cert|key) (\S+)", worker)
        assert len(keys) == 3
        for key in map(Path, keys):
            assert key.parent == tmp_path / "shared"
            assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert batch.all_cancelled


def test_what_slurm_is_not_told_it_decides(batch: BatchSystem, tmp_path: Path) -> None:
    """Where dask-jobqueue would ask for half an hour."""
    config = SlurmFarm(kind="slurm", jobs=1, encrypted=False, host="127.0.0.1")
    with started(config, tmp_path):
        (job,) = batch.jobs
    assert not re.search(r"SBATCH -[pAteo] ", job)
    assert f"{sys.executable} {WORKER} tcp://127.0.0.1:" in job
    assert "--lifetime" not in job
    assert "tls" not in job
    assert "--local-directory /tmp" in job


def test_no_more_jobs_than_tasks_need(batch: BatchSystem, tmp_path: Path) -> None:
    config = SlurmFarm(kind="slurm", jobs=20, cores=4, encrypted=False, host="127.0.0.1")
    with started(config, tmp_path, tasks=9) as cluster:
        assert cluster.keeper is not None
        assert cluster.keeper.workers == 12
        assert len(batch.jobs) == 3


def test_all_options_of_htcondor_reach_its_jobs(batch: BatchSystem, tmp_path: Path) -> None:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    config = HTCondorFarm(
        kind="htcondor",
        jobs=1,
        memory="3GB",
        disk="5GB",
        walltime="1-00:00:00",
        python="/eos/venv/bin/python",
        host="127.0.0.1",
        scheduler_port=port,
        environment=("export HOME=$PWD", "export A='b c'"),
        submit_options=("-spool", "-name", "a b"),
        directives={"MY.SendCredential": True, "MY.JobFlavour": '"workday"', "MY.Nice": 3},
        encrypted=False,
    )
    with started(config, tmp_path):
        (job,) = batch.jobs
        (options,) = batch.options
    lines = set(job.splitlines())
    assert lines >= {
        "MY.DaskWorkerCores = 1",
        "MY.DaskWorkerMemory = 3000000000",
        "MY.DaskWorkerDisk = 5000000000",
        "MY.MaxRuntime = 86400",
        "MY.SendCredential = True",
        'MY.JobFlavour = "workday"',
        "MY.Nice = 3",
        "Executable = /bin/sh",
    }
    (arguments,) = [line for line in lines if line.startswith("Arguments")]
    assert "export HOME=$PWD; export A=''b c''; /eos/venv/bin/python" in arguments
    assert f"{WORKER} tcp://127.0.0.1:{port} " in arguments
    assert "--lifetime 85800s --lifetime-stagger 300s" in arguments
    assert options == "-spool -name a b"
    assert batch.all_cancelled


def test_jobs_that_are_refused(batch: BatchSystem, tmp_path: Path) -> None:
    refusing = "#!/bin/bash\necho 'sbatch: error: invalid partition specified: no' >&2\nexit 1\n"
    command(tmp_path / "bin" / "sbatch", refusing)
    config = SlurmFarm(kind="slurm", jobs=1, partition="no", encrypted=False, host="127.0.0.1")
    with (
        pytest.raises(
            FarmError, match="refused the worker jobs: sbatch: error: invalid partition specified: no"
        ),
        started(config, tmp_path),
    ):
        pass


def test_a_machine_without_the_batch_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    config = SlurmFarm(kind="slurm", jobs=1, encrypted=False, host="127.0.0.1")
    with (
        pytest.raises(FarmError, match=r"refused the worker jobs: .*No such file or directory: 'sbatch'"),
        started(config, tmp_path),
    ):
        pass


@pytest.mark.filterwarnings("ignore:unclosed cluster:ResourceWarning")  # of what Dask began to make
@pytest.mark.parametrize("options", [{"interface": "no-such-interface"}, {"host": "192.0.2.1"}])
def test_a_cluster_that_cannot_be(batch: BatchSystem, tmp_path: Path, options: dict[str, str]) -> None:
    config = SlurmFarm.model_validate({"kind": "slurm", "jobs": 1, "encrypted": False, **options})
    with (
        pytest.raises(FarmError, match=r"^the cluster cannot be started \(.+\)$"),
        started(config, tmp_path),
    ):
        pass
    assert batch.jobs == []
    gc.collect()


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def http_server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def silent_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def nobody() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("there", [http_server, silent_server, nobody])
def test_an_address_without_a_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: object
) -> None:
    """Told when the patience is over, which is half of the ten seconds that a user may wait."""
    assert clusters._CONNECT_SECONDS == 5
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 0.5)
    with there() as port:  # type: ignore[operator]
        address = f"tcp://127.0.0.1:{port}"
        with (
            pytest.raises(FarmError, match=rf"^{address}: no Dask scheduler answers \(.+\)$") as caught,
            open_farm(address, tasks=1, shared=[tmp_path]),
        ):
            pass
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_thread_with_an_event_loop_may_ask_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a notebook's has."""
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 0.5)

    async def asks(address: str) -> None:
        with open_farm(address, tasks=1, shared=[tmp_path]):
            pass

    with nobody() as port, pytest.raises(FarmError, match="no Dask scheduler answers"):
        asyncio.run(asks(f"tcp://127.0.0.1:{port}"))
