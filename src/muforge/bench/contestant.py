"""What takes part in a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a contestant is to be compared with."""

    simulation = "reference simulation"
    note = "generator of the 2018 note"
    models = "this bundle, other ways"
    memory = "engine, without a file"
    files = "engine, into files"
    limits = "limits of the machine"


@dataclass(frozen=True)
class Contestant:
    """A way to make muons, or a limit.

    Arguments:
        name: As the table has it; unique.
        group: What it is compared with.
        amount: Of muons, or of another unit, that one call of `work` makes.
        work: Does it.
        unit: Of the amount.
    """

    name: str
    group: Group
    amount: float
    work: Callable[[], object]
    unit: str = "muons"


class Unavailable(Exception):
    """A contestant that cannot take part here.

    Arguments:
        name: Its name.
        remedy: What would let it.
    """

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(f"{name}: {remedy}")
        self.name, self.remedy = name, remedy
