"""`Judgement`: everything that the judge says of generated muons; the content of `judge.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muforge.errors import InputFileError
from muforge.files import atomic
from muforge.judge.replicas import number_of_events
from muforge.judge.result import Result
from muforge.judge.verdict import Verdict
from muforge.problem import first_problem
from muforge.sample import Sample

SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True)
class SampleSize:
    """How much a sample can say.

    Arguments:
        rows: Muons of positive weight.
        events: Events that they are of; equal to `rows` where events are not known.
        n_eff: Effective sample size, (sum w)^2 / sum w^2.
    """

    rows: int
    events: int
    n_eff: float

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """The size of a sample."""
        return cls(len(sample), number_of_events(sample), sample.n_eff)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoryJudgement(_Record):
    """What the judge says of one category."""

    category: int = Field(ge=1, le=4)
    title: str = Field(description="the category in words")
    verdict: Verdict
    results: tuple[Result, ...] = Field(description="figures of merit, each beside its null")
    details: dict[str, dict[str, Any]] = Field(
        description="by family: histograms, cells and lists behind the figures"
    )
    muons: dict[str, SampleSize] = Field(description="real, generated and null")

    def of_family(self, family: str) -> tuple[Result, ...]:
        """The figures of merit of one test."""
        return tuple(result for result in self.results if result.family == family)


class Judgement(_Record):
    """What the judge says of generated muons, with where they and the real ones come from."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(description="of what was judged")
    categories: dict[int, CategoryJudgement]
    provenance: dict[str, Any] = Field(description="inputs with checksums, options, seed, versions")

    def save(self, path: Path) -> None:
        """Write `judge.json`, whole or not at all."""
        with atomic(path) as partial:
            partial.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            InputFileError: The file cannot be read, or is not of this schema (the message names the key).
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
        except ValidationError as error:
            raise InputFileError(f"{path}: not a judgement ({first_problem(error)})") from None
