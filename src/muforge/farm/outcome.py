"""How a task ended."""

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
