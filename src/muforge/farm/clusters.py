"""Clusters of Dask from their configurations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muforge.errors import FarmError
from muforge.farm.config import BatchFarm, FarmConfig, HTCondorFarm, LocalFarm, SchedulerFarm, SlurmFarm
from muforge.farm.keeper import JobKeeper
from muforge.farm.worker import Quiet

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 5
_ORPHAN_SECONDS = 60
"""After which a worker whose scheduler is gone ends."""

_LOSSES_OF_A_TASK = 0
"""Workers that a task may lose before its loss is told here, where attempts are counted."""

_CERTIFICATES = ("_job_ca_file", "_job_cert", "_job_key")
"""Temporary files of a `dask_jobqueue` cluster, which would stay until it is collected."""

_MARGIN = 0.05
_LONGEST_MARGIN = 300


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs.

    Arguments:
        client: Of it.
        dashboard: Address of its dashboard.
        keeper: Of its jobs, if it is of a batch system.
    """

    client: Client
    dashboard: str
    keeper: JobKeeper | None = None


@contextmanager
def cluster_of(config: FarmConfig, tasks: int, shared: Path) -> Iterator[Cluster]:
    """A cluster that is closed at the end of the block.

    Arguments:
        config: What the cluster is.
        tasks: How many there are: no more workers are asked for.
        shared: A folder that all machines see, for certificates.

    Raises:
        FarmError: No scheduler answers, or the batch system refuses the jobs.
    """
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": _LOSSES_OF_A_TASK,
        "distributed.scheduler.work-stealing": False,
        "distributed.scheduler.active-memory-manager.start": False,
        "distributed.worker.profile.enabled": False,
        "distributed.admin.tick.interval": "1s",
        "distributed.nanny.pre-spawn-environ.DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
    }
    with dask.config.set(settings):
        if isinstance(config, SchedulerFarm):
            with _scheduler(config) as cluster:
                yield cluster
        elif isinstance(config, LocalFarm):
            with _local(config, tasks) as cluster:
                yield cluster
        else:
            with _batch(config, tasks, shared) as cluster:
                yield cluster


@contextmanager
def _scheduler(config: SchedulerFarm) -> Iterator[Cluster]:
    from distributed import Client

    with ThreadPoolExecutor(1) as thread:  # a notebook's own thread has an event loop already
        thread.submit(asyncio.run, _require_scheduler(config.address)).result()
    with Client(config.address, timeout=_CONNECT_SECONDS, set_as_default=False) as client:
        yield Cluster(client, client.dashboard_link)


async def _require_scheduler(address: str) -> None:
    """Raise `FarmError` if there is no Dask scheduler; a client that finds none takes long to give up."""
    from distributed.core import rpc

    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            async with rpc(address, timeout=_CONNECT_SECONDS) as scheduler:
                kind = (await scheduler.identity())["type"]
    except Exception as error:
        raise FarmError(f"{address}: no Dask scheduler answers ({_reason(error)})") from error
    if kind != "Scheduler":
        raise FarmError(f"{address}: is a Dask {kind.lower()}, not a scheduler")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def _local(config: LocalFarm, tasks: int) -> Iterator[Cluster]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=min(config.workers, tasks),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(Quiet())
        yield Cluster(client, client.dashboard_link)


@contextmanager
def _batch(config: BatchFarm, tasks: int, shared: Path) -> Iterator[Cluster]:
    import dask
    import dask_jobqueue  # noqa: F401 - brings a walltime of its own
    from distributed import Client

    jobs = min(config.jobs, -(-tasks // config.cores))
    with (
        dask.config.set({"jobqueue.slurm.walltime": None}),
        _batch_cluster(config, shared) as cluster,
        Client(cluster, set_as_default=False) as client,
        ExitStack() as stack,
    ):
        for certificate in _CERTIFICATES if config.encrypted else ():
            stack.callback(getattr(cluster, certificate).close)
        keeper = JobKeeper(cluster, jobs)
        keeper.start()
        port = client.scheduler_info(n_workers=0)["services"]["dashboard"]
        listens = config.dashboard.rpartition(":")[0]
        yield Cluster(client, f"http://{listens}:{port}/status" if listens else client.dashboard_link, keeper)


def _batch_cluster(config: BatchFarm, shared: Path) -> Any:
    from dask_jobqueue import HTCondorCluster, SLURMCluster

    options = _common(config, shared)
    try:
        if isinstance(config, SlurmFarm):
            return SLURMCluster(
                queue=config.partition,
                account=config.account,
                walltime=config.walltime,
                job_extra_directives=list(config.directives),
                **options,
            )
        assert isinstance(config, HTCondorFarm)
        longest = {} if config.walltime is None else {"MY.MaxRuntime": config.walltime_seconds}
        return HTCondorCluster(
            disk=config.disk,
            job_extra_directives={**longest, **config.directives},
            submit_command_extra=list(config.submit_options),
            **options,
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise FarmError(f"the cluster cannot be started ({_reason(error)})") from error


def _common(config: BatchFarm, shared: Path) -> dict[str, Any]:
    """Options of `dask_jobqueue` that all batch systems have."""
    scheduler: dict[str, Any] = {"dashboard_address": config.dashboard, "port": config.scheduler_port}
    if config.host is not None:
        scheduler["host"] = config.host
    return {
        "cores": config.cores,
        "processes": config.cores,
        "memory": config.memory,
        "python": _python(config),
        "job_script_prologue": list(config.environment),
        "log_directory": None if config.log_directory is None else str(config.log_directory.absolute()),
        "local_directory": str(config.local_directory),
        "interface": config.interface,
        "death_timeout": _ORPHAN_SECONDS,
        "worker_extra_args": _worker_options(config),
        "scheduler_options": scheduler,
        "protocol": "tls://" if config.encrypted else "tcp://",
        "security": config.encrypted or None,
        "shared_temp_directory": str(shared.absolute()),
        "job_name": "muforge",
        "silence_logs": logging.CRITICAL,
    }


def _python(config: BatchFarm) -> str | None:
    if config.container is None:
        return config.python
    return " ".join((*config.container_command, config.container, config.python or "python3"))


def _worker_options(config: BatchFarm) -> list[str]:
    options = [] if config.worker_ports is None else ["--worker-port", config.worker_ports]
    if config.walltime_seconds is not None:
        margin = min(_MARGIN * config.walltime_seconds, _LONGEST_MARGIN)
        lifetime = f"{config.walltime_seconds - 2 * margin:.0f}s"
        options += ["--lifetime", lifetime, "--lifetime-stagger", f"{margin:.0f}s"]
    return options
