from __future__ import annotations

from datetime import datetime
from threading import Event, Thread

import pytest
import uproot

from muforge.formats.root_clock import stopped_clock

NOW = datetime(2031, 5, 6, 7, 8, 9)


def code() -> int:
    return int(uproot._util.datetime_to_code(NOW))


def test_the_clock_stands_still_within_the_block_only() -> None:
    running = code()
    with stopped_clock():
        stopped = code()
        assert uproot._util.code_to_datetime(stopped) == datetime(1995, 1, 1)
        with stopped_clock():
            assert code() == stopped
        assert code() == stopped
    assert code() == running != stopped


def test_the_clock_goes_on_after_an_error() -> None:
    running = code()
    with pytest.raises(KeyError), stopped_clock():
        raise KeyError
    assert code() == running


def test_blocks_of_two_threads_follow_one_another() -> None:
    running = code()
    entered, leave = Event(), Event()

    def stop() -> None:
        with stopped_clock():
            entered.set()
            leave.wait()

    thread = Thread(target=stop)
    try:
        with stopped_clock():
            thread.start()
            assert not entered.wait(timeout=0.05)
        assert entered.wait(timeout=60)
    finally:
        leave.set()
        thread.join()
    assert code() == running
