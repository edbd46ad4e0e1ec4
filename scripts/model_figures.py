"""Figures of docs/models.md and the README: start_z, pT and p, real test events against the default model.

    python -m scripts.model_figures DATASET RUN [--categories 2 4]

DATASET was made by `muforge ingest`, RUN by `muforge train DATASET --out RUN`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from muforge import report
from muforge.dataset.store import Dataset
from muforge.judge.one_dimensional import OneDimensional
from muforge.report.overlays import overlay
from muforge.sample import CATEGORY_TITLES
from muforge.training.directory import category_directory, load_run

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "models"
SHOWN = ("start_z", "pt", "p")
GENERATED = 400_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--categories", type=int, nargs="+", default=[2, 4])
    arguments = parser.parse_args()
    data = Dataset.open(arguments.dataset)
    FIGURES.mkdir(exist_ok=True)
    for category in arguments.categories:
        model = load_run(category_directory(arguments.run, category)).model
        found = OneDimensional()(
            data.load(category, "test"), model.sample(GENERATED), data.load(category, "train")
        )
        contents = {name: found.details["quantities"][name] for name in SHOWN}
        title = f"Category {category}, {CATEGORY_TITLES[category]}: test events and the default model"
        report.save(overlay(contents, title=title), FIGURES / f"category-{category}.png")


if __name__ == "__main__":
    main()
