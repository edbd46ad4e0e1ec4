"""A scheduler that somebody else has started, and workers that lack something."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from muforge.errors import FarmError
from muforge.farm import Done, clusters, open_farm
from muforge.farm import farm as farm_module
from tests.farm import tasks
from tests.farm.slurm_node import until

ROOT = Path(__file__).resolve().parents[2]
QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}
WITHOUT_MUFORGE = (
    "import sys; sys.modules['muforge'] = None; from distributed.cli.dask_worker import main; main()"
)
HIDDEN = 'mount -t tmpfs tmpfs "$0" && exec "$@"'


@contextmanager
def process(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=os.environ | QUIET | {"PYTHONPATH": str(ROOT)}) as running:
        try:
            yield running
        finally:
            running.terminate()


@contextmanager
def scheduler(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address and its process."""
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0"]
    with process([*command, "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]) as running:
        until(lambda: file.exists() and file.read_text().endswith("}"), "a scheduler")
        yield json.loads(file.read_text())["address"], running


@contextmanager
def worker(address: str, *before: str, program: Sequence[str] = ("-m", "dask", "worker")) -> Iterator[None]:
    """A worker that is there, and gone afterwards."""
    command = [*before, sys.executable, *program, address]
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    before_it = workers_of(address)
    with process([*command, *options]) as running:
        until(lambda: workers_of(address) != before_it or running.poll() is not None, "a worker")
        yield
    until(lambda: workers_of(address) <= before_it, "the worker to be gone")


def workers_of(address: str) -> set[str]:
    """Addresses; none where the scheduler is gone."""

    async def ask() -> set[str]:
        from distributed.core import rpc

        try:
            async with rpc(address, timeout=1) as there:
                return {*(await there.identity())["workers"]}
        except OSError:
            return set()

    return asyncio.run(ask())


@contextmanager
def blind_worker(address: str, folder: Path) -> Iterator[None]:
    """A worker that has another folder under the same name."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("hiding a folder takes root and unshare")
    hide = ["unshare", "--mount", "sh", "-c", HIDDEN, str(folder)]
    done = subprocess.run([*hide, "true"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot hide a folder: {done.stderr.strip()}")
    with worker(address, *hide):
        yield


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a scheduler with one good worker."""
    with scheduler(tmp_path_factory.mktemp("scheduler")) as (where, _), worker(where):
        yield where


def test_tasks_run_and_the_scheduler_stays_as_it_was(address: str, tmp_path: Path) -> None:
    for _ in range(2):
        with open_farm(address, tasks=9, shared=[tmp_path]) as farm:
            assert farm.workers == 1
            outcomes = list(farm.run(tasks.squared, range(9)))
        assert {outcome.value for outcome in outcomes if isinstance(outcome, Done)} == {
            number**2 for number in range(9)
        }
    assert len(workers_of(address)) == 1
    assert plugins_of(address) == []
    assert list(tmp_path.iterdir()) == []


def plugins_of(address: str) -> list[str]:
    """Ours."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        (names,) = client.run(lambda dask_worker: list(dask_worker.plugins)).values()
    return [name for name in names if "muforge" in name]


def test_a_worker_that_does_not_see_what_it_needs(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found before any work, and let go where it came later."""
    hidden, out = tmp_path / "hidden", tmp_path / "out"
    bundle = hidden / "bundle"
    bundle.mkdir(parents=True)
    out.mkdir()
    other = rf"^worker on \S+: has another {hidden} than this machine"
    caplog.set_level(logging.WARNING, "muforge")
    with open_farm(address, tasks=1, shared=[hidden]) as farm, blind_worker(address, hidden):
        with pytest.raises(FarmError, match=other), open_farm(address, tasks=1, shared=[hidden]):
            pytest.fail("work began")
        with (
            pytest.raises(FarmError, match=rf"^worker on \S+: does not see {bundle}; "),
            open_farm(address, tasks=1, shared=[out], read=[bundle]),
        ):
            pytest.fail("work began")
        assert farm.workers == 2
        with monkeypatch.context() as patch, pytest.raises(FarmError, match=f"{other}.*; so did 0 workers"):
            patch.setattr(farm_module, "_MOST_DISMISSED", 0)
            list(farm.run(tasks.squared, range(300)))
        outcomes = list(farm.run(tasks.squared, range(300)))
        assert farm.workers == 1
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == len(outcomes) == 300
    (record,) = caplog.records
    assert re.match(rf"{other}.*; let go$", record.getMessage())
    assert [*hidden.iterdir(), *out.iterdir()] == [bundle]


def test_a_worker_without_muforge_is_named(address: str, tmp_path: Path) -> None:
    with (
        worker(address, program=("-c", WITHOUT_MUFORGE)),
        pytest.raises(FarmError, match=r"^a worker cannot be looked at, has it muforge .*muforge") as caught,
        open_farm(address, tasks=1, shared=[tmp_path]),
    ):
        pytest.fail("work began")
    assert "\n" not in str(caught.value)


def test_the_address_of_a_worker_is_no_schedulers(address: str, tmp_path: Path) -> None:
    (there,) = workers_of(address)
    with (
        pytest.raises(FarmError, match=rf"^{there}: is a Dask worker, not a scheduler$"),
        open_farm(there, tasks=1, shared=[tmp_path]),
    ):
        pytest.fail("work began")


def test_a_scheduler_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 1)
    with (
        scheduler(tmp_path) as (where, running),
        worker(where),
        open_farm(where, tasks=1, shared=[tmp_path]) as farm,
    ):
        outcomes = farm.run(tasks.squared, itertools.count())
        assert isinstance(next(outcomes), Done)
        running.kill()
        with pytest.raises(FarmError, match="the Dask scheduler is gone; the same command goes on"):
            list(outcomes)
