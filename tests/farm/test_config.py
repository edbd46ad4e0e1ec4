from __future__ import annotations

import os
from pathlib import Path

import pytest

from muforge.errors import ConfigError
from muforge.farm.config import HTCondorFarm, LocalFarm, SchedulerFarm, SlurmFarm, farm_config

SLURM = """\
kind: slurm
jobs: 20
cores: 8
memory: 16GB
walltime: "1-02:03:04"
partition: short
account: ship
environment: [module load apptainer, export A=b]
container: /software/muforge.sif
container_command: [apptainer, exec, --bind, /data]
log_directory: logs
directives: [--constraint=avx2]
"""
HTCONDOR = """\
kind: htcondor
jobs: 200
disk: 4GB
host: head.example
scheduler_port: 8786
worker_ports: "10000:10100"
submit_options: [-spool]
directives: {MY.SendCredential: true, MY.JobFlavour: '"workday"'}
encrypted: false
"""


def written(folder: Path, text: str) -> str:
    path = folder / "cluster.yaml"
    path.write_text(text)
    return str(path)


def test_processes_of_this_machine() -> None:
    assert farm_config("local") == LocalFarm(workers=os.cpu_count() or 1)
    assert farm_config("local:3") == LocalFarm(workers=3)


@pytest.mark.parametrize("address", ["tcp://head:8786", "tls://head.example:8786", "tcp://[::1]:8786"])
def test_a_scheduler(address: str) -> None:
    assert farm_config(address) == SchedulerFarm(address=address)


def test_a_file_of_slurm(tmp_path: Path) -> None:
    config = farm_config(written(tmp_path, SLURM))
    assert isinstance(config, SlurmFarm)
    assert (config.jobs, config.cores, config.memory) == (20, 8, "16GB")
    assert (config.partition, config.account) == ("short", "ship")
    assert config.environment == ("module load apptainer", "export A=b")
    assert config.container_command == ("apptainer", "exec", "--bind", "/data")
    assert config.log_directory == Path("logs")
    assert config.directives == ("--constraint=avx2",)
    assert config.encrypted


def test_a_file_of_htcondor(tmp_path: Path) -> None:
    config = farm_config(written(tmp_path, HTCONDOR))
    assert isinstance(config, HTCondorFarm)
    assert (config.jobs, config.cores, config.disk) == (200, 1, "4GB")
    assert (config.host, config.scheduler_port, config.worker_ports) == ("head.example", 8786, "10000:10100")
    assert config.submit_options == ("-spool",)
    assert config.directives == {"MY.SendCredential": True, "MY.JobFlavour": '"workday"'}
    assert config.walltime is None
    assert config.walltime_seconds is None
    assert not config.encrypted


def test_a_file_of_this_machine(tmp_path: Path) -> None:
    assert farm_config(written(tmp_path, "kind: local\nworkers: 2\n")) == LocalFarm(workers=2)


@pytest.mark.parametrize(
    ("walltime", "seconds"),
    [
        ("00:00:01", 1),
        ("02:00:00", 7200),
        ("100:00:00", 360_000),
        ("1-00:00:00", 86_400),
        ("2-03:04:05", 2 * 86_400 + 3 * 3600 + 4 * 60 + 5),
    ],
)
def test_walltimes(walltime: str, seconds: int) -> None:
    assert SlurmFarm(kind="slurm", jobs=1, walltime=walltime).walltime_seconds == seconds


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("local:0", "--farm local:0: must have at least one worker"),
        (
            "local:",
            "--farm local:: no such file; expected 'local', 'local:N', 'tcp://HOST:PORT' or a YAML file",
        ),
        ("locale", "--farm locale: no such file; expected"),
        ("absent.yaml", "--farm absent.yaml: no such file; expected"),
        ("", "--farm : no such file; expected"),
        ("tcp://head", "--farm tcp://head: expected 'local'"),
        ("tcp://:8786", "--farm tcp://:8786: expected 'local'"),
        ("tcp://head:port", "--farm tcp://head:port: expected 'local'"),
        ("http://head:8787", "--farm http://head:8787: expected 'local'"),
    ],
)
def test_what_is_no_farm(where: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        farm_config(where)
    told = str(caught.value)
    assert told.startswith(message)
    assert "\n" not in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: slurm\njobs: 1\npartitio: short\n", "slurm.partitio: unknown option"),
        ("kind: slurm\njobs: 1\ndisk: 2GB\n", "slurm.disk: unknown option"),
        ("kind: htcondor\njobs: 1\npartition: short\n", "htcondor.partition: unknown option"),
        ("kind: local\njobs: 1\n", "local.jobs: unknown option"),
        ("kind: slurm\n", "slurm.jobs: missing"),
        ("kind: slurm\njobs: 0\n", "slurm.jobs: 0: "),
        ("kind: slurm\njobs: many\n", "slurm.jobs: 'many': "),
        ("kind: slurm\njobs: 1\ncores: 0\n", "slurm.cores: 0: "),
        ("kind: slurm\njobs: 1\nmemory: much\n", "slurm.memory: 'much': "),
        ("kind: slurm\njobs: 1\nmemory: 2\n", "slurm.memory: 2: "),
        ("kind: htcondor\njobs: 1\ndisk: 2 gigabytes\n", "htcondor.disk: '2 gigabytes': "),
        (
            "kind: slurm\njobs: 1\nwalltime: soon\n",
            "slurm.walltime: must be HH:MM:SS or D-HH:MM:SS, in quotes",
        ),
        (
            "kind: slurm\njobs: 1\nwalltime: 12:00:00\n",
            "slurm.walltime: must be HH:MM:SS or D-HH:MM:SS, in quotes",
        ),
        ("kind: slurm\njobs: 1\nwalltime: '02:60:00'\n", "slurm.walltime: must be"),
        ("kind: slurm\njobs: 1\nwalltime: '00:00:00'\n", "slurm.walltime: must be"),
        ("kind: slurm\njobs: 1\nworker_ports: many\n", "slurm.worker_ports: 'many': "),
        ("kind: slurm\njobs: 1\nscheduler_port: 70000\n", "slurm.scheduler_port: 70000: "),
        ("kind: slurm\njobs: 1\nenvironment: module load x\n", "slurm.environment: 'module load x': "),
        ("kind: pbs\njobs: 1\n", "content: Input tag 'pbs' found using 'kind'"),
        ("jobs: 1\n", "content: Unable to extract tag using discriminator 'kind'"),
        ("", "expected the options of a cluster, such as 'kind: slurm'"),
        ("- slurm\n", "expected the options of a cluster, such as 'kind: slurm'"),
        ("kind: [\n", "not YAML ("),
        ("\0", "not YAML ("),
    ],
)
def test_what_is_no_cluster(text: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        farm_config(path)
    told = str(caught.value)
    assert told.startswith(f"{path}: {message}")
    assert "\n" not in told


def test_a_folder_is_no_cluster(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; expected 'local'"):
        farm_config(str(tmp_path))
