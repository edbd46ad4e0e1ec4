"""Three generators that deserve three verdicts: docs/judge.md and the page that the README shows.

    python -m scripts.judge_verdicts DATASET BUNDLE [--categories 1 4] [--work build/judge]

DATASET was made by `muforge ingest`, BUNDLE is of the note's GAN trained on it. Judged are (a) simulated muons of other
events, (b) the GAN, (c) a product of shuffled marginals: every column of the training muons in an order of its own.
"""

from __future__ import annotations

import argparse
import shutil
from functools import partial
from pathlib import Path

import numpy as np
from benchmarks.record import new_record, save_record

from muforge.assess import PAGE_NAME, judge_files
from muforge.dataset.store import Dataset
from muforge.formats import write
from muforge.judge import Judgement
from muforge.judge.summary import shown, shown_p_value
from muforge.processes import patient_threads
from muforge.sample import Sample, features
from scripts.blocks import replace_block
from scripts.browser import screenshot

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURES = DOCS / "judge"
SHOWN = (
    ("note_classifier", "ROC AUC"),
    ("note_classifier", "reduced chi2"),
    ("strong_classifier", "excess AUC"),
    ("correlation", ""),
    ("sliced_wasserstein", ""),
    ("frechet", ""),
    ("coverage", ""),
)


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--categories", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--work", type=Path, default=Path("build/judge"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    data = Dataset.open(arguments.dataset)
    others, shuffled = arguments.work / "others.parquet", arguments.work / "shuffled.root"
    categories = arguments.categories
    held_out = Sample.concatenate(data.load(category, "validation") for category in categories)
    write(held_out, others, "parquet", force=True)
    write(
        Sample.concatenate(product_of_marginals(data, category) for category in categories),
        shuffled,
        force=True,
    )
    judged = {
        name: judge_files(
            arguments.dataset,
            source,
            categories=categories,
            out=arguments.work / name,
            force=True,
            stage=partial(show, name),
        )
        for name, source in (("real", others), ("gan", arguments.bundle), ("shuffled", shuffled))
    }
    FIGURES.mkdir(exist_ok=True)
    shutil.copy(arguments.work / "gan" / PAGE_NAME, FIGURES / "gan.html")
    screenshot(FIGURES / "gan.html", FIGURES / "gan.png", width=1200, height=1500)
    record = new_record("python -m scripts.judge_verdicts DATASET BUNDLE")
    record["verdicts"] = {
        name: {
            number: {"grade": each.verdict.grade, "text": each.verdict.text, "p_value": each.verdict.p_value}
            for number, each in judgement.categories.items()
        }
        for name, judgement in judged.items()
    }
    path = save_record(record, "verdicts")
    replace_block(DOCS / "judge.md", "verdicts", verdicts(judged, path.name))


def show(name: str, category: int, test: str, done: float) -> None:
    print(f"{name}: {done:.0%}, category {category}: {test}", flush=True)


def product_of_marginals(data: Dataset, category: int) -> Sample:
    """Training muons drawn by weight, each column then in an order of its own."""
    train = data.load(category, "train")
    generator = np.random.default_rng(category)
    rows = generator.choice(len(train), len(train), p=train.weight / train.sum_of_weights)
    drawn = train.select(rows)
    columns = {name: drawn[name] for name in ("pdg", "start_x", "start_y", "start_z", "px", "py", "pz")}
    shuffled = {name: generator.permutation(columns[name]) for name in features(category)}
    return Sample({**columns, **shuffled, "weight": np.ones(len(train))}, events_known=False)


def verdicts(judged: dict[str, Judgement], record: str) -> str:
    """Verdict sentences and a table of figures of merit."""
    names = {"real": "real against real", "gan": "the note's GAN", "shuffled": "shuffled marginals"}
    lines = [f"Record `benchmarks/records/{record}`.", ""]
    for name, judgement in judged.items():
        for category, each in judgement.categories.items():
            lines.append(
                f"- {names[name]}, category {category}: **{each.verdict.headline}.** {each.verdict.text}"
            )
    lines += ["", f"| category | figure of merit | {' | '.join(names.values())} |", "|---|---|---|---|---|"]
    for category in next(iter(judged.values())).categories:
        for family, figure in SHOWN:
            cells = [_cell(judgement, category, family, figure) for judgement in judged.values()]
            label = figure or _first(next(iter(judged.values())), category, family)
            lines.append(f"| {category} | {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _first(judgement: Judgement, category: int, family: str) -> str:
    found = judgement.categories[category].of_family(family)
    return found[0].name if found else family


def _cell(judgement: Judgement, category: int, family: str, figure: str) -> str:
    found = [r for r in judgement.categories[category].of_family(family) if figure in ("", r.name)]
    if not found:
        return ""
    result = found[0]
    p_value = f", p = {shown_p_value(result.p_value)}" if result.p_value is not None else ""
    return f"{shown(result.value, result.error)} (null {shown(result.null, result.null_error)}{p_value})"


if __name__ == "__main__":
    main()
