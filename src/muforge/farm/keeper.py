"""Jobs of a batch system that are lost are asked for again."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

from muforge.errors import FarmError

_log = logging.getLogger(__name__)


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
        self._not_before = 0.0

    @property
    def workers(self) -> int:
        """Worker processes that all jobs together have."""
        return sum(len(self._members(name)) for name in self._cluster.worker_spec)

    def start(self) -> None:
        """Ask the batch system for the jobs.

        Raises:
            FarmError: It refuses them.
        """
        try:
            self._cluster.sync(self._ask)
        except (RuntimeError, OSError, ValueError) as error:
            raise FarmError(f"the batch system refused the worker jobs: {_told(error)}") from error

    def tend(self) -> None:
        """Replace jobs that are lost; to be called now and then."""
        now = monotonic()
        present = self._cluster.sync(self._present)
        for name in list(self._cluster.worker_spec):
            if self._members(name) & present:
                self._last_seen[name] = now
            elif now - self._last_seen.get(name, now) > self._patience:
                self._cluster.sync(self._drop, name)
        if len(self._cluster.worker_spec) < self._jobs and now >= self._not_before:
            try:
                self.start()
            except FarmError as error:
                self._not_before = now + self._patience
                _log.warning("%s; asked again later", error)

    async def _present(self) -> set[Any]:
        """Names of the workers that are there, taken in the thread that changes them."""
        return {worker.name for worker in self._cluster.scheduler.workers.values()}

    def _members(self, name: Any) -> set[Any]:
        """Names of a job's workers."""
        group = self._cluster.worker_spec.get(name, {}).get("group")
        return {f"{name}{suffix}" for suffix in group} if group else {name}

    async def _ask(self) -> None:
        """Submit what is missing; jobs that are refused are as if they had not been asked for."""
        cluster = self._cluster
        while len(cluster.worker_spec) < self._jobs:
            cluster.worker_spec.update(cluster.new_worker_spec())
        try:
            await cluster._correct_state()
        except BaseException:
            for name in [name for name, job in cluster.workers.items() if job.job_id is None]:
                cluster._created.discard(cluster.workers.pop(name))
                del cluster.worker_spec[name]
            raise

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
