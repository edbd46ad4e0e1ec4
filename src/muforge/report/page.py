"""The report: one self-contained page of a judgement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muforge.judge import CategoryJudgement, Judgement
from muforge.report import templates
from muforge.report.content import Row, Section, Table
from muforge.report.glossary import GLOSSARY
from muforge.report.progress import History
from muforge.report.sections import sections
from muforge.sample import Sample


@dataclass(frozen=True)
class _Part:
    """One category's part of the page."""

    anchor: str
    title: str
    grade: str
    headline: str
    text: str
    sizes: str
    sections: list[Section]


def write_page(
    judgement: Judgement,
    samples: Mapping[int, tuple[Sample, Sample]],
    path: Path,
    *,
    history: Mapping[int, History] | None = None,
) -> None:
    """Write a page that opens from disk and needs no network.

    Arguments:
        judgement: What the page is of.
        samples: Real and generated muons by category, for the plots of pairs; a category may be missing.
        path: HTML file; one that is there is replaced.
        history: Rows of training history by category, as `progress` takes them.

    Raises:
        OutputError: The page cannot be written.
    """
    of_training = history or {}
    parts = [
        _part(judged, samples.get(number), of_training.get(number))
        for number, judged in judgement.categories.items()
    ]
    templates.write(
        "report.html",
        path,
        title=judgement.name,
        kind="Judgement of generated muons",
        refresh=None,
        parts_of_page=parts,
        glossary=GLOSSARY,
        provenance=Table(
            "What was judged, and with what",
            ("item", "value"),
            [Row(row) for row in _flat(judgement.provenance)],
        ),
    )


def _part(judged: CategoryJudgement, samples: tuple[Sample, Sample] | None, history: History | None) -> _Part:
    sizes = "; ".join(
        f"{side}: {size.rows:,} muons, N_eff {size.n_eff:,.0f}" for side, size in judged.muons.items()
    )
    return _Part(
        anchor=f"category-{judged.category}",
        title=f"Category {judged.category}: {judged.title}",
        grade=judged.verdict.grade,
        headline=judged.verdict.headline,
        text=judged.verdict.text,
        sizes=sizes,
        sections=sections(judged, samples, history),
    )


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings and lists as dotted keys and text."""
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list):
            yield from _flat({str(number): each for number, each in enumerate(value)}, f"{name}.")
        else:
            yield name, "none" if value is None else str(value)
