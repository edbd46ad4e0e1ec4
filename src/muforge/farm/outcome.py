"""How a task ended, as it is told from a worker and as it is told to whoever gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Done(Generic[T, R]):
    """A task and its result."""

    task: T
    value: R


@dataclass(frozen=True)
class Failed(Generic[T]):
    """A task that failed again and again.

    Arguments:
        task: Which.
        reason: Of the last failure, in a line.
        traceback: Of the last failure, for whoever wants to mend it.
    """

    task: T
    reason: str
    traceback: str


class TaskError(Exception):
    """What a task raised, in words, so that it survives the way whatever it was.

    Arguments:
        full: Whether the disk was full.
        reason: In a line.
        traceback: On the worker.
    """

    def __init__(self, full: bool, reason: str, traceback: str) -> None:
        super().__init__(full, reason, traceback)
        self.full, self.reason, self.traceback = full, reason, traceback


class UnfitWorker(Exception):
    """A worker lacks what it must have.

    Arguments:
        reason: In a line.
        address: Of the worker.
    """

    def __init__(self, reason: str, address: str) -> None:
        super().__init__(reason, address)
        self.reason, self.address = reason, address
