"""The tour behind `muforge quickstart`: ingest, judge, generate, read back, plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from muforge.bundle import Bundle
from muforge.dataset.ingest import Ingestion, ingest
from muforge.errors import MuforgeError, OutputError
from muforge.formats import read
from muforge.sample import CATEGORIES, CATEGORY_TITLES, Sample, features
from muforge.spill.generate import Spill, generate_files

if TYPE_CHECKING:
    from muforge.judge import Comparison

PROTONS = 1e9
JUDGE_REPEATS = 3
_DATA = Path(__file__).parent / "data"
PACKAGED_SAMPLE = _DATA / "sample.root"
PACKAGED_BUNDLE = _DATA / "bundle"


@dataclass(frozen=True)
class Tour:
    """What the tour made, and where."""

    ingestion: Ingestion
    bundle: Bundle
    judged: Mapping[int, Comparison]
    spill: Spill
    read_back: Mapping[int, int]
    """Muons per category found in the file that was written."""
    plots: tuple[Path, ...]


def tour(
    out: str | Path,
    *,
    seed: int = 0,
    threads: int | None = None,
    stage: Callable[[str], None] = lambda _: None,
) -> Tour:
    """Run the whole chain on the packaged sample and bundle.

    Arguments:
        out: Directory for everything that is made; a tour that was there before is replaced.
        seed: Of the judge and of the generated muons.
        threads: Threads for generating; None takes one per processor.
        stage: Called with a line of text as each stage begins.

    Raises:
        OutputError: `out` holds something else.
        MuforgeError: The file read back is not what was written.
    """
    directory = Path(out)
    _check_directory(directory)
    stage("reading the packaged full simulation")
    ingestion = ingest([PACKAGED_SAMPLE], directory / "dataset", force=True)
    bundle = Bundle.load(PACKAGED_BUNDLE)
    stage("judging the packaged models against test events")
    judged, plots = _judge(ingestion, bundle, directory / "plots", seed)
    stage(f"generating {PROTONS:.0e} protons' worth of muons")
    file = directory / "spill.root"
    spill = generate_files(bundle, file, pot=PROTONS, seed=seed, threads=threads, force=True)
    stage("reading the file back")
    category = read([file]).category
    read_back = {number: int(np.count_nonzero(category == number)) for number in CATEGORIES}
    if read_back != spill.counts:
        raise MuforgeError(f"{file}: read back {read_back} muons by category, wrote {spill.counts}")
    return Tour(ingestion, bundle, judged, spill, read_back, plots)


def _check_directory(directory: Path) -> None:
    if directory.is_dir() and any(directory.iterdir()) and not (directory / "dataset").is_dir():
        raise OutputError(f"{directory}: holds something else than a quickstart; choose another --out")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "plots").mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{directory}: cannot be made ({error.strerror})") from error


def _judge(
    ingestion: Ingestion, bundle: Bundle, folder: Path, seed: int
) -> tuple[dict[int, Comparison], tuple[Path, ...]]:
    from muforge import report
    from muforge.judge import compare

    judged: dict[int, Comparison] = {}
    plots: list[Path] = []
    for category in bundle.rates:
        test = ingestion.dataset.load(category, "test")
        train = ingestion.dataset.load(category, "train")
        generated: Sample = bundle.model(category).sample(len(train), seed=seed)
        judged[category] = compare(test, generated, null=train, repeats=JUDGE_REPEATS, seed=seed)
        title = f"Category {category}: {CATEGORY_TITLES[category]}"
        columns = features(category)
        figures = {
            "columns": report.one_dimensional(test, generated, columns, title=title),
            "pairs": report.pairs(test, generated, columns),
            "bdt": report.bdt_output(judged[category]),
        }
        for name, figure in figures.items():
            path = folder / f"category-{category}-{name}.png"
            report.save(figure, path)
            plots.append(path)
    return judged, tuple(plots)
