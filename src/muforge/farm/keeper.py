"""Jobs of a batch system that are lost are asked for again."""

from __future__ import annotations

from time import monotonic
from typing import Any

from muforge.errors import FarmError


class JobKeeper:
    """Keeps so many worker jobs of a cluster running or waiting.

    A job is lost when none of its workers has been there for a while after one was: it was killed, its node failed,
    or its time was over. The time is Dask's `distributed.deploy.lost-worker-timeout`.

    Arguments:
        cluster: A `dask_jobqueue` cluster without jobs.
        jobs: How many.
    """

    def __init__(self, cluster: Any, jobs: int) -> None:
        import dask
        from dask.utils import parse_timedelta

        self._cluster = cluster
        self._jobs = jobs
        self._patience = parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout"))
        self._last_seen: dict[Any, float] = {}

    @property
    def workers(self) -> int:
        """Worker processes that all jobs together have."""
        return sum(len(self._members(name)) for name in self._cluster.worker_spec)

    def start(self) -> None:
        """Ask the batch system for the jobs.

        Raises:
            FarmError: It refuses them.
        """
        self._cluster.scale(jobs=self._jobs)
        try:
            self._cluster.sync(self._cluster._correct_state)
        except (RuntimeError, OSError, ValueError) as error:
            raise FarmError(f"the batch system refused the worker jobs: {_told(error)}") from error

    def tend(self) -> None:
        """Replace jobs that are lost; to be called now and then."""
        now = monotonic()
        present = {worker.name for worker in list(self._cluster.scheduler.workers.values())}
        for name in list(self._cluster.worker_spec):
            if self._members(name) & present:
                self._last_seen[name] = now
            elif now - self._last_seen.get(name, now) > self._patience:
                self._cluster.sync(self._drop, name)
        if len(self._cluster.worker_spec) < self._jobs:
            self.start()

    def _members(self, name: Any) -> set[Any]:
        """Names of a job's workers."""
        group = self._cluster.worker_spec.get(name, {}).get("group")
        return {f"{name}{suffix}" for suffix in group} if group else {name}

    async def _drop(self, name: Any) -> None:
        self._last_seen.pop(name, None)
        self._cluster.worker_spec.pop(name, None)
        job = self._cluster.workers.pop(name, None)
        if job is not None:
            await job.close()


def _told(error: BaseException) -> str:
    """What a command of the batch system said, of all that `dask_jobqueue` reports."""
    text = str(error)
    said = text.partition("stderr:\n")[2].strip()
    return " ".join((said or text).split())
