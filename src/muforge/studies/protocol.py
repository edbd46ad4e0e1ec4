"""What every study takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from muforge.dataset.store import Dataset

StudyProgress = Callable[[str, int, int, Mapping[str, float]], None]
"""Called with what is done, the steps done and in all, and numbers of interest."""


class StudyConfig(BaseModel):
    """Base of the configuration of every study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: int = Field(default=4, ge=1, le=4, description="whose muons are studied")
    seeds: int = Field(default=3, ge=1, le=100, description="trainings of each network, seeds 0, 1, ...")
    device: str = Field(default="cpu", description="'cpu', 'cuda' or any other device of torch")


@dataclass(frozen=True)
class Table:
    """A table of text.

    Arguments:
        caption: What it shows, with seeds and what the errors are.
        header: Of each column.
        rows: Cells.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Study:
    """What a study found.

    Arguments:
        answers: Sentences with numbers and their spread, computed.
        tables: The numbers behind them.
        details: What the figures are drawn from, as JSON values.
    """

    answers: tuple[str, ...]
    tables: tuple[Table, ...]
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        tables = [{**vars(each), "rows": [list(row) for row in each.rows]} for each in self.tables]
        return {"answers": list(self.answers), "tables": tables, "details": self.details}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        tables = tuple(
            Table(each["caption"], tuple(each["header"]), tuple(tuple(row) for row in each["rows"]))
            for each in content["tables"]
        )
        return cls(tuple(content["answers"]), tables, dict(content["details"]))


@dataclass(frozen=True)
class Place:
    """Where a study runs.

    Arguments:
        data: Training, validation and test events.
        directory: Of the study; what is kept there is not made again.
        jobs: Processes.
        progress: Called as it goes on.
        should_stop: Asked all the time; True saves a checkpoint of every training and raises `Interrupted`.
    """

    data: Dataset
    directory: Path
    jobs: int = 1
    progress: StudyProgress = lambda what, done, total, numbers: None
    should_stop: Callable[[], bool] = lambda: False
