"""Run the studies of the 2018 note's questions and put what they find into docs/note.md.

    python -m scripts.note_studies DATASET [--only smearing latent-map] [--large] [--jobs 2] [--build build]

Each study runs in build/studies/NAME; one that is finished there is not run again, and interrupted, the same command
goes on. With `--only` the other blocks of the page stay, and the new record takes their entries from the newest one.
With `--large` the studies take their configurations for a GPU, in build/studies-large; the page stays as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import RECORDS, ROOT, new_record, save_record

from muforge import report
from muforge.cli.watching import watched
from muforge.errors import MuforgeError
from muforge.files import sha256, write_json
from muforge.processes import patient_threads
from muforge.report.study import StudyFigure, study_figures
from muforge.studies import STUDIES
from muforge.studies.protocol import Study, StudyProgress, Table
from muforge.study import CONFIG_NAME, RESULT_NAME, study, study_config
from scripts.blocks import replace_block

DOCS = ROOT / "docs"
FIGURES_NAME = "note"
SPENT_NAME = "spent.json"


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--only", nargs="+", default=list(STUDIES), choices=list(STUDIES))
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", type=Path, default=Path("build"))
    arguments = parser.parse_args()
    size = " --large" if arguments.large else ""
    folder = arguments.build / f"studies{'-large' if arguments.large else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    entries, results = {}, {}
    try:
        with watched() as (progress, should_stop):
            for name in arguments.only:
                print(f"study {name}", flush=True)
                results[name], spent = run(
                    name,
                    arguments.dataset,
                    folder / name,
                    large=arguments.large,
                    jobs=arguments.jobs,
                    progress=progress,
                    should_stop=should_stop,
                )
                command = f"muforge study {name} DATASET --out {name}{size}"
                entries[name] = {"command": command, **spent, **shown(results[name])}
    except MuforgeError as error:
        raise SystemExit(f"note_studies: {error}") from None
    chosen = "" if len(arguments.only) == len(STUDIES) else f" --only {' '.join(arguments.only)}"
    record = new_record(f"python -m scripts.note_studies DATASET{chosen}{size}")
    what = "note-large" if arguments.large else "note"
    record["studies"] = {**newest(RECORDS, what), **entries}
    path = save_record(record, what)
    print(path)
    if not arguments.large:
        for name, found in results.items():
            fill(DOCS / "note.md", name, found, entries[name], path.name)


def run(
    name: str,
    dataset: Path,
    directory: Path,
    *,
    large: bool,
    jobs: int,
    progress: StudyProgress,
    should_stop: Callable[[], bool],
) -> tuple[Study, dict[str, Any]]:
    """The result of a study and what it took: its configuration, seconds, processes, date, commit and machine.

    Raises:
        MuforgeError: As `muforge.study.study`.
        SystemExit: What is in the directory is of another data set.
    """
    config = study_config(name, {}, large=large).model_dump(mode="json")
    data = sha256(dataset / "dataset.json")
    before = _read(directory / SPENT_NAME)
    if before.get("dataset", data) != data:
        raise SystemExit(f"{directory}: is of another data set; remove it or choose another --build")
    kept = _read(directory / RESULT_NAME)
    if kept.get("config") == config and before:
        return Study.from_dict(kept), {"config": config, **before}
    start = time.perf_counter()
    spent: dict[str, Any] = {}
    try:
        found = study(
            name, dataset, directory, large=large, jobs=jobs, progress=progress, should_stop=should_stop
        )
    finally:
        if (directory / CONFIG_NAME).is_file():
            now = new_record("")
            spent = {
                "seconds": before.get("seconds", 0.0) + time.perf_counter() - start,
                "jobs": jobs,
                "dataset": data,
                **{key: now[key] for key in ("date", "commit", "machine")},
            }
            write_json(directory / SPENT_NAME, spent)
    return found, {"config": config, **spent}


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def shown(found: Study) -> dict[str, Any]:
    """The answers and tables of a study, without the details behind its figures."""
    content = found.to_dict()
    return {"answers": content["answers"], "tables": content["tables"]}


def newest(records: Path, what: str) -> dict[str, Any]:
    """The entries of the newest record of the studies, none if there is none."""
    paths = sorted(records.glob(f"????-??-??-{what}.json"))
    return dict(_read(paths[-1])["studies"]) if paths else {}


def fill(page: Path, name: str, found: Study, entry: Mapping[str, Any], record: str) -> None:
    """Replace the block of a study in the page, and its figures beside it."""
    figures = study_figures(name, found.details)
    folder = page.parent / FIGURES_NAME
    folder.mkdir(exist_ok=True)
    for each in figures:
        report.save(each.figure, folder / f"{name}-{each.name}.png")
    replace_block(page, name, block(name, found, figures, entry, record))


def block(
    name: str, found: Study, figures: Sequence[StudyFigure], entry: Mapping[str, Any], record: str
) -> str:
    """What the page shows of a study, as Markdown."""
    parts = [
        f"Record `benchmarks/records/{record}`: {entry['date']}, commit `{entry['commit'][:12]}`, "
        f"{entry['seconds'] / 60:.0f} minutes in {entry['jobs']} processes.",
        "\n".join(f"- {answer}" for answer in found.answers),
    ]
    for table in found.tables:
        parts += [table.caption, markdown(table)]
    for each in figures:
        parts += [f"![{_alt(each.caption)}]({FIGURES_NAME}/{name}-{each.name}.png)", each.caption]
    return "\n\n".join(parts)


def markdown(table: Table) -> str:
    """A table as Markdown."""
    rows = [_row(table.header), f"|{'---|' * len(table.header)}", *(_row(row) for row in table.rows)]
    return "\n".join(rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(each) for each in cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _alt(caption: str) -> str:
    return " ".join(caption.split()).replace("[", "(").replace("]", ")")


if __name__ == "__main__":
    main()
