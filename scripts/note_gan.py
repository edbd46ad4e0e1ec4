"""Train the 2018 note's GAN on category 4 and show how its figure of merit improves: docs/note_gan.md.

    python -m scripts.note_gan DATASET [--steps 60000] [--run build/note-gan]

Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from muforge import report
from muforge.bundle import save_bundle
from muforge.dataset.store import Dataset
from muforge.models.gan import DiscriminatorConfig, GANConfig, GeneratorConfig
from muforge.sample import Sample, features
from muforge.training.config import RunConfig, TrainingConfig
from muforge.training.directory import FitResult
from muforge.training.run import fit
from scripts.blocks import replace_block

CATEGORY = 4
DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURES = DOCS / "note_gan"
MUONS_DRAWN = 100_000
FIGURES_OF_MERIT = (("auc", "AUC", 3), ("reduced_chi2", "reduced chi2", 1), ("overlap", "overlap", 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--run", type=Path, default=Path("build/note-gan"))
    arguments = parser.parse_args()
    config = RunConfig(
        model=GANConfig(
            generator=GeneratorConfig(layers=2), discriminator=DiscriminatorConfig(layers=2, node_factor=0.5)
        ),
        training=TrainingConfig(steps=arguments.steps, monitor_every=3000, patience=0, ema_decay=0.9995),
    )
    data = Dataset.open(arguments.dataset)
    train, validation, test = (data.load(CATEGORY, split) for split in ("train", "validation", "test"))
    arguments.run.mkdir(parents=True, exist_ok=True)
    result = fit(
        train,
        validation,
        test,
        CATEGORY,
        config,
        arguments.run / f"category-{CATEGORY}",
        resume=True,
        progress=lambda step, steps, _: (
            print(f"step {step} of {steps}", flush=True) if step % 1000 == 0 else None
        ),
    )
    assert result.judged is not None
    FIGURES.mkdir(exist_ok=True)
    columns = features(CATEGORY)
    generated = result.model.sample(MUONS_DRAWN, seed=1)
    drawn = test.select(slice(0, MUONS_DRAWN))
    title = f"category {CATEGORY}, test events against the note's GAN"
    report.save(report.progress(result.history), FIGURES / "progress.png")
    report.save(report.one_dimensional(drawn, generated, columns, title=title), FIGURES / "columns.png")
    replace_block(DOCS / "note_gan.md", "results", table(result, train))
    bundle = save_bundle(
        arguments.run / "bundle",
        {CATEGORY: result.model},
        data,
        name="note-gan",
        judged={CATEGORY: result.judged},
        force=True,
    )
    print(bundle)


def table(result: FitResult, train: Sample) -> str:
    """The figures of merit over training, and at the end on the test events."""
    lines = [
        f"Trained on {len(train):,} muons, N_eff = {train.n_eff:,.0f}. On the validation events, beside train against "
        "validation (the null):",
        "",
        "| step | AUC | null | reduced chi2 | null | overlap | null |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result.history:
        cells = [
            f"{row[name]:.{digits}f} | {row[f'null_{name}']:.{digits}f}"
            for name, _, digits in FIGURES_OF_MERIT
        ]
        lines.append(f"| {row['step']:,} | {' | '.join(cells)} |")
    judged = result.judged or {}
    lines += [
        "",
        f"The best step by the validation events is {result.best_step:,}. Its model on the test events, looked at once "
        f"({judged['repeats']} classifiers; the error is their standard deviation):",
        "",
        "| figure of merit | generated against test | null: train against test |",
        "|---|---|---|",
    ]
    for name, label, digits in FIGURES_OF_MERIT:
        cells = [
            f"{judged[side][name]:.{digits}f} ± {judged[side][f'{name}_error']:.{digits}f}"
            for side in ("generated", "null")
        ]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
