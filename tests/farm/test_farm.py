"""Tasks on a real farm of two processes on this machine."""

from __future__ import annotations

import itertools
import signal
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from muforge.errors import ConfigError, FarmError, NoSpaceError
from muforge.farm import Done, Failed, Farm, open_farm
from muforge.farm import farm as farm_module
from muforge.farm.farm import ATTEMPTS
from muforge.farm.keeper import JobKeeper
from tests.farm import tasks

WORKERS = 2


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """In an environment that asks for more threads than a worker may have."""
    folder = tmp_path_factory.mktemp("farm")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "4")
        with open_farm(f"local:{WORKERS}", tasks=10, shared=[folder]) as opened:
            yield opened
    assert list(folder.iterdir()) == []


def test_every_task_ends_once(farm: Farm) -> None:
    outcomes = list(farm.run(tasks.squared, range(20)))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    found = {outcome.task: outcome.value for outcome in outcomes if isinstance(outcome, Done)}
    assert found == {number: number**2 for number in range(20)}
    assert len(outcomes) == 20
    assert list(farm.run(tasks.squared, [])) == []


def test_workers_and_their_dashboard(farm: Farm) -> None:
    assert farm.workers == WORKERS
    assert farm.dashboard.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(farm.dashboard) as page:
        assert page.status == 200


def test_a_task_that_fails_three_times_is_told_and_the_rest_goes_on(farm: Farm, tmp_path: Path) -> None:
    outcomes = list(farm.run(tasks.failing, [(tmp_path, number) for number in range(5)]))
    (failed,) = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert failed.task == (tmp_path, 1)
    assert failed.reason == "ValueError: one is not enough"
    assert failed.traceback.startswith("Traceback (most recent call last):")
    assert 'raise ValueError("one is\\nnot enough")' in failed.traceback
    assert "tasks.py" in failed.traceback
    assert {outcome.value for outcome in outcomes if isinstance(outcome, Done)} == {0, 2, 3, 4}
    assert [tasks.attempts(tmp_path, number) for number in range(5)] == [1, ATTEMPTS, 1, 1, 1]


def test_a_lost_worker_costs_its_unfinished_task_only(farm: Farm, tmp_path: Path) -> None:
    times = {0: 0, 1: 1, 2: ATTEMPTS, 3: 0}
    outcomes = list(farm.run(tasks.dying, [(tmp_path, *task) for task in times.items()]))
    assert {outcome.value for outcome in outcomes if isinstance(outcome, Done)} == {0, 1, 3}
    (failed,) = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert failed.task == (tmp_path, 2, ATTEMPTS)
    assert failed.reason.startswith("its worker was lost")
    assert "workers died while running it" in failed.traceback
    assert tasks.attempts(tmp_path, 1) == 2
    assert tasks.attempts(tmp_path, 2) == ATTEMPTS


def test_a_full_disk_ends_all_at_once(farm: Farm) -> None:
    begun = itertools.count()
    with pytest.raises(NoSpaceError, match="file: no space left"):
        list(farm.run(tasks.on_a_full_disk, begun))
    assert next(begun) < 100, "there is no end of tasks"
    assert len(list(farm.run(tasks.squared, range(3)))) == 3


def test_tasks_are_taken_when_a_worker_is_free(farm: Farm) -> None:
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for number in itertools.count():
            taken += 1
            yield number

    outcomes = farm.run(tasks.squared, source())
    for ended in range(10):
        next(outcomes)
        assert taken == WORKERS + ended
    outcomes.close()
    assert taken == WORKERS + 9


def test_jobs_are_tended_however_fast_tasks_end(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on by a second whenever it is asked."""
    keeper = Mock(spec=JobKeeper)
    with monkeypatch.context() as patch:
        patch.setattr(farm, "_keeper", keeper)
        patch.setattr(farm_module, "monotonic", itertools.count().__next__)
        assert len(list(farm.run(tasks.squared, range(10)))) == 10
    assert keeper.tend.call_count >= 10


def test_an_early_close_gives_up_what_is_under_way(farm: Farm, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(2)]
    for folder in folders:
        folder.mkdir()
    outcomes = farm.run(tasks.held, [(folders[min(number, 1)], number) for number in range(9)])
    (folders[0] / "open").touch()
    first = next(outcomes)
    assert isinstance(first, Done)
    assert first.value == 0
    outcomes.close()
    (folders[1] / "open").touch()
    assert len(list(farm.run(tasks.squared, range(6)))) == 6
    assert {tasks.attempts(folders[1], number) for number in range(3, 9)} == {0}


def test_libraries_have_one_thread_whatever_the_environment_says(farm: Farm) -> None:
    for outcome in farm.run(tasks.libraries, range(WORKERS)):
        assert isinstance(outcome, Done), outcome.traceback
        native = outcome.value["native"]
        assert any("openblas" in path for path in native)
        assert any("gomp" in path for path in native)
        assert set(native.values()) == {1}
        assert outcome.value["torch"] == outcome.value["pyarrow"] == 1


def test_a_folder_that_is_not_there_is_named_before_workers_start(tmp_path: Path) -> None:
    with (
        pytest.raises(FarmError, match=r"absent: cannot be written \(No such file or directory\)"),
        open_farm("local", tasks=1, shared=[tmp_path, tmp_path / "absent"]),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name in ("clusters", "worker"):
        monkeypatch.delitem(sys.modules, f"muforge.farm.{name}", raising=False)
    with (
        pytest.raises(ConfigError, match=r"--farm local: needs Dask \(.*\); pip install 'muforge\[farm\]'"),
        open_farm("local", tasks=1, shared=[tmp_path]),
    ):
        pass


def test_sigterm_closes_what_is_open(tmp_path: Path) -> None:
    """As a batch system sends it to a command that runs in a job of its own."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end, open_farm("local:1", tasks=1, shared=[tmp_path]):
        assert list(tmp_path.iterdir())
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == before
