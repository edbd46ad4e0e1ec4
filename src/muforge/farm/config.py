"""What `--farm` names: processes here, a scheduler that runs already, or a batch system described in a YAML file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from muforge.errors import ConfigError
from muforge.problem import first_problem
from muforge.yaml_file import mapping_in

_LOCAL = re.compile(r"local(?::(?P<workers>[0-9]+))?")
_SCHEDULER = re.compile(r"(tcp|tls)://.+:[0-9]+")
_WALLTIME = re.compile(
    r"(?=.*[1-9])(?:(?P<days>\d+)-)?(?P<hours>\d+):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)"
)
_SIZE = r"^\d+(\.\d+)? ?[kMGT]i?B$"
_EXPECTED = "expected 'local', 'local:N', 'tcp://HOST:PORT' or a YAML file of a cluster"


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LocalFarm(_Options):
    """Processes on this machine."""

    kind: Literal["local"] = "local"
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="processes")


class SchedulerFarm(_Options):
    """A Dask scheduler that runs already, with workers of its own."""

    kind: Literal["scheduler"] = "scheduler"
    address: str


class BatchFarm(_Options):
    """Worker jobs of a batch system."""

    jobs: int = Field(ge=1, description="jobs at most at a time")
    cores: int = Field(default=1, ge=1, description="of a job; each is a worker")
    memory: str = Field(default="2GB", pattern=_SIZE, description="of a job")
    walltime: str | None = Field(default=None, description="of a job, HH:MM:SS or D-HH:MM:SS")
    python: str | None = Field(
        default=None, description="interpreter on the workers; default: this one, in a container python3"
    )
    container: str | None = Field(default=None, description="image in which workers run")
    container_command: tuple[str, ...] = Field(
        default=("apptainer", "exec"), description="what runs a container, with its options"
    )
    environment: tuple[str, ...] = Field(default=(), description="lines of shell before a worker starts")
    log_directory: Path | None = Field(default=None, description="of the jobs' output")
    local_directory: Path = Field(default=Path("/tmp"), description="of scratch files on the workers")
    interface: str | None = Field(default=None, description="network interface of scheduler and workers")
    host: str | None = Field(default=None, description="name or address at which workers reach the scheduler")
    scheduler_port: int = Field(default=0, ge=0, le=65535, description="0 takes a free one")
    worker_ports: str | None = Field(default=None, pattern=r"^\d+(:\d+)?$", description="such as 10000:10100")
    dashboard: str = Field(
        default="127.0.0.1:0", description="where the dashboard listens; port 0 is a free one"
    )
    encrypted: bool = Field(
        default=True, description="TLS between scheduler and workers, with certificates of this run alone"
    )

    @field_validator("walltime", mode="before")
    @classmethod
    def _is_a_time(cls, value: object) -> object:
        """YAML takes 12:00:00 without quotes for a number."""
        if value is not None and not (isinstance(value, str) and _WALLTIME.fullmatch(value)):
            raise ValueError("must be HH:MM:SS or D-HH:MM:SS, in quotes")
        return value

    @property
    def walltime_seconds(self) -> int | None:
        """The walltime in seconds, if there is one."""
        match = _WALLTIME.fullmatch(self.walltime or "")
        if match is None:
            return None
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return ((24 * days + hours) * 60 + minutes) * 60 + seconds


class SlurmFarm(BatchFarm):
    """Jobs of Slurm."""

    kind: Literal["slurm"]
    partition: str | None = Field(default=None, description="queue of the jobs")
    account: str | None = Field(default=None, description="that the jobs are charged to")
    directives: tuple[str, ...] = Field(default=(), description="further lines, such as --constraint=avx512")


class HTCondorFarm(BatchFarm):
    """Jobs of HTCondor."""

    kind: Literal["htcondor"]
    disk: str = Field(default="2GB", pattern=_SIZE, description="of a job")
    directives: dict[str, str | int | bool] = Field(
        default={}, description="further lines of the submit file, such as MY.JobFlavour: '\"workday\"'"
    )
    submit_options: tuple[str, ...] = Field(default=(), description="of condor_submit, such as -spool")


_InFile = Annotated[LocalFarm | SlurmFarm | HTCondorFarm, Field(discriminator="kind")]
FarmConfig = LocalFarm | SchedulerFarm | SlurmFarm | HTCondorFarm


def farm_config(where: str) -> FarmConfig:
    """What a value of `--farm` means.

    Arguments:
        where: `local`, `local:N` for N processes, the address of a Dask scheduler, or the name of a YAML file.

    Raises:
        ConfigError: It is none of these, or the file has an unknown key or a wrong value.
    """
    local = _LOCAL.fullmatch(where)
    if local is not None:
        try:
            return LocalFarm() if local["workers"] is None else LocalFarm(workers=int(local["workers"]))
        except ValidationError:
            raise ConfigError(f"--farm {where}: must have at least one worker") from None
    if "://" in where:
        if not _SCHEDULER.fullmatch(where):
            raise ConfigError(f"--farm {where}: {_EXPECTED}")
        return SchedulerFarm(address=where)
    path = Path(where)
    if not path.is_file():
        raise ConfigError(f"--farm {where}: no such file; {_EXPECTED}")
    content = mapping_in(path, "the options of a cluster, such as 'kind: slurm'")
    try:
        config: FarmConfig = TypeAdapter(_InFile).validate_python(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    return config
