"""Timing that compares: the contestants take turns in one run, and ratios are taken turn by turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(contestants: Mapping[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Seconds of each contestant in each turn, after one turn that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        for name, work in contestants.items():
            spent = seconds(work)
            if turn:
                times[name].append(spent)
    return times


def rates(times: Mapping[str, list[float]], amount: Mapping[str, float] | float) -> dict[str, float]:
    """Median amount per second of each contestant."""
    return {
        name: (amount if isinstance(amount, int | float) else amount[name]) / statistics.median(spent)
        for name, spent in times.items()
    }


def ratio(faster: list[float], slower: list[float]) -> dict[str, float]:
    """How many times faster: median, smallest and largest over the turns."""
    each = [b / a for a, b in zip(faster, slower, strict=True)]
    return {"median": statistics.median(each), "min": min(each), "max": max(each)}
