"""The keeper of jobs, with a cluster of which nothing is real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import dask
import pytest

from muforge.errors import FarmError
from muforge.farm import keeper as keeper_module
from muforge.farm.keeper import JobKeeper

PATIENCE = 15


@dataclass
class Worker:
    name: str


@dataclass(eq=False)
class Job:
    job_id: str | None = None
    closed: bool = False

    async def close(self) -> None:
        self.closed = True


@dataclass
class Scheduler:
    workers: dict[str, Worker] = field(default_factory=dict)


@dataclass
class Cluster:
    """What a keeper uses of a `dask_jobqueue` cluster."""

    processes: int = 1
    refusal: Exception | None = None
    worker_spec: dict[int, dict[str, Any]] = field(default_factory=dict)
    workers: dict[int, Job] = field(default_factory=dict)
    _created: set[Job] = field(default_factory=set)
    scheduler: Scheduler = field(default_factory=Scheduler)
    submitted: list[int] = field(default_factory=list)
    _next: int = 0

    def new_worker_spec(self) -> dict[int, dict[str, Any]]:
        group = [f"-{number}" for number in range(self.processes)] if self.processes > 1 else None
        self._next += 1
        return {self._next - 1: {"group": group} if group else {}}

    async def _correct_state(self) -> None:
        """As Dask's: jobs that are refused are among the workers."""
        for name in self.worker_spec.keys() - self.workers.keys():
            self.workers[name] = Job()
            self._created.add(self.workers[name])
            if self.refusal is None:
                self.workers[name].job_id = f"1{name}"
                self.submitted.append(name)
        if self.refusal is not None:
            raise self.refusal

    def sync(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return asyncio.run(function(*arguments))

    def arrive(self, name: Any) -> None:
        self.scheduler.workers[f"tcp://{name}"] = Worker(name)

    def lose(self, name: Any) -> None:
        del self.scheduler.workers[f"tcp://{name}"]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keeper_module, "monotonic", clock)
    return clock


def started(cluster: Cluster, jobs: int) -> JobKeeper:
    with dask.config.set({"distributed.deploy.lost-worker-timeout": f"{PATIENCE}s"}):
        keeper = JobKeeper(cluster, jobs)
    keeper.start()
    return keeper


def test_jobs_are_asked_for_once(clock: Clock) -> None:
    cluster = Cluster()
    keeper = started(cluster, 3)
    assert cluster.submitted == [0, 1, 2]
    assert keeper.workers == 3
    keeper.tend()
    assert cluster.submitted == [0, 1, 2]


def test_jobs_of_several_workers(clock: Clock) -> None:
    assert started(Cluster(processes=4), 3).workers == 12


def test_a_job_that_waits_is_left_alone_however_long(clock: Clock) -> None:
    cluster = Cluster()
    keeper = started(cluster, 2)
    for _ in range(5):
        clock.now += 100 * PATIENCE
        keeper.tend()
    assert cluster.submitted == [0, 1]


def test_a_lost_job_is_replaced_when_it_has_been_gone_for_a_while(clock: Clock) -> None:
    cluster = Cluster()
    keeper = started(cluster, 2)
    first = cluster.workers[0]
    cluster.arrive(0)
    cluster.arrive(1)
    keeper.tend()
    cluster.lose(0)
    clock.now += PATIENCE
    keeper.tend()
    assert cluster.submitted == [0, 1]
    assert not first.closed
    clock.now += 1
    keeper.tend()
    assert first.closed
    assert cluster.submitted == [0, 1, 2]
    assert set(cluster.workers) == set(cluster.worker_spec) == {1, 2}
    keeper.tend()
    assert cluster.submitted == [0, 1, 2]


def test_a_worker_that_comes_back_saves_its_job(clock: Clock) -> None:
    """Dask's nanny starts a worker that was killed anew."""
    cluster = Cluster()
    keeper = started(cluster, 1)
    for _ in range(3):
        cluster.arrive(0)
        keeper.tend()
        cluster.lose(0)
        clock.now += PATIENCE
        keeper.tend()
    assert cluster.submitted == [0]


def test_a_job_lives_as_long_as_one_of_its_workers(clock: Clock) -> None:
    cluster = Cluster(processes=2)
    keeper = started(cluster, 1)
    cluster.arrive("0-0")
    cluster.arrive("0-1")
    keeper.tend()
    cluster.lose("0-0")
    clock.now += 2 * PATIENCE
    keeper.tend()
    assert cluster.submitted == [0]
    cluster.lose("0-1")
    clock.now += 2 * PATIENCE
    keeper.tend()
    assert cluster.submitted == [0, 1]


REFUSED = "Command exited\nstdout:\n\nstderr:\nsbatch: error: invalid partition\nspecified: x\n"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError(REFUSED), "sbatch: error: invalid partition specified: x"),
        (
            FileNotFoundError(2, "No such file or directory", "sbatch"),
            "[Errno 2] No such file or directory: 'sbatch'",
        ),
        (ValueError("Could not parse\njob id"), "Could not parse job id"),
    ],
)
def test_a_refusal_is_told_and_forgotten(clock: Clock, error: Exception, message: str) -> None:
    """A job that was never submitted would fail when the cluster is closed."""
    cluster = Cluster(refusal=error)
    with pytest.raises(FarmError) as caught:
        started(cluster, 2)
    assert str(caught.value) == f"the batch system refused the worker jobs: {message}"
    assert not cluster.workers
    assert not cluster.worker_spec
    assert cluster._created == set()


def test_a_refusal_in_the_middle_is_told_and_jobs_are_asked_for_again_later(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = Cluster()
    keeper = started(cluster, 2)
    cluster.arrive(0)
    cluster.arrive(1)
    keeper.tend()
    cluster.lose(0)
    cluster.refusal = RuntimeError("stderr:\nsbatch: error: Socket timed out\n")
    clock.now += PATIENCE + 1
    for _ in range(3):
        keeper.tend()
    assert [record.getMessage() for record in caplog.records] == [
        "the batch system refused the worker jobs: sbatch: error: Socket timed out; asked again later"
    ]
    cluster.refusal = None
    keeper.tend()
    assert keeper.workers == 1
    clock.now += PATIENCE
    keeper.tend()
    assert keeper.workers == 2
    assert len(cluster.submitted) == 3
