from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from muforge.errors import MuforgeError
from muforge.processes import Workers, patient_threads, result_of, shared_array

SECONDS = 2.0


def ready() -> None:
    """Nothing to prepare."""


def late(started: Path, finished: Path) -> None:
    started.touch()
    time.sleep(SECONDS)
    finished.touch()


def surroundings() -> tuple[str | None, bool, bool]:
    """Threads allowed, whether SIGINT is ignored, and whether the parent's script was run again."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return os.environ.get("OMP_NUM_THREADS"), ignored, hasattr(sys.modules["__main__"], "pytest")


def die() -> None:
    os._exit(9)


def test_workers_have_one_thread_and_are_deaf_to_sigint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    main = dict(vars(sys.modules["__main__"]))
    with Workers(1, ready) as workers:
        assert result_of(workers.submit(surroundings), "asked") == ("1", True, False)
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert vars(sys.modules["__main__"]) == main


def test_an_exception_stops_the_workers_at_once(tmp_path: Path) -> None:
    started, finished = tmp_path / "started", tmp_path / "finished"
    with pytest.raises(KeyboardInterrupt), Workers(1, ready) as workers:
        workers.submit(late, started, finished)
        while not started.exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
    assert not finished.exists()


def test_a_worker_that_dies_is_an_error() -> None:
    with (
        Workers(1, ready) as workers,
        pytest.raises(MuforgeError, match=r"while it counted .* try fewer --jobs"),
    ):
        result_of(workers.submit(die), "it counted")


def test_shared_numbers() -> None:
    array = shared_array(2)
    with array.get_lock():
        array[1] += 3
    assert list(array) == [0, 3]


def test_waiting_threads_sleep_unless_the_user_has_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    patient_threads()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    patient_threads()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
