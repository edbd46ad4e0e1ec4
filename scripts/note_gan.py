"""Train the 2018 note's GAN on category 4 and show how its figure of merit develops: docs/note_gan.md.

    python -m scripts.note_gan DATASET [--seeds 0 1 2] [--steps 60000] [--run build/note-gan]

Interrupted, the same command goes on. Curves and figures are of the first seed, the test figures of all.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean, stdev

from muforge import report
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--run", type=Path, default=Path("build/note-gan"))
    arguments = parser.parse_args()
    data = Dataset.open(arguments.dataset)
    train, validation, test = (data.load(CATEGORY, split) for split in ("train", "validation", "test"))
    arguments.run.mkdir(parents=True, exist_ok=True)
    results = {
        seed: fit(
            train,
            validation,
            test,
            CATEGORY,
            configuration(arguments.steps, seed),
            arguments.run / f"seed-{seed}",
            resume=True,
            progress=lambda step, steps, _, seed=seed: show(seed, step, steps),  # type: ignore[misc]
        )
        for seed in arguments.seeds
    }
    first = results[arguments.seeds[0]]
    FIGURES.mkdir(exist_ok=True)
    generated = first.model.sample(MUONS_DRAWN, seed=1)
    drawn = test.select(slice(0, MUONS_DRAWN))
    title = f"category {CATEGORY}, test events against the note's GAN"
    report.save(report.progress(first.history), FIGURES / "progress.png")
    report.save(
        report.one_dimensional(drawn, generated, features(CATEGORY), title=title), FIGURES / "columns.png"
    )
    replace_block(
        DOCS / "note_gan.md", "results", "\n".join([*over_training(first, train), "", *at_the_end(results)])
    )


def configuration(steps: int, seed: int) -> RunConfig:
    """The note's GAN with small networks."""
    return RunConfig(
        model=GANConfig(
            generator=GeneratorConfig(layers=2), discriminator=DiscriminatorConfig(layers=2, node_factor=0.5)
        ),
        training=TrainingConfig(steps=steps, monitor_every=3000, patience=0, ema_decay=0.9995, seed=seed),
    )


def show(seed: int, step: int, steps: int) -> None:
    if step % 1000 == 0:
        print(f"seed {seed}: step {step} of {steps}", flush=True)


def over_training(result: FitResult, train: Sample) -> list[str]:
    """The figures of merit on the validation events over training."""
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
    return lines


def at_the_end(results: dict[int, FitResult]) -> list[str]:
    """The figures of merit on the test events, looked at once for each seed."""
    labels = [label for _, label, _ in FIGURES_OF_MERIT]
    lines = [
        "On the test events, looked at once, the model of the best step by the validation events. The error of a seed "
        "is the standard deviation over three classifiers, that of the mean line the one over seeds:",
        "",
        f"| seed | best step | {' | '.join(f'{label} | null' for label in labels)} |",
        f"|---|---|{'---|---|' * len(labels)}",
    ]
    for seed, result in results.items():
        judged = result.judged or {}
        cells = [
            f"{judged[side][name]:.{digits}f} ± {judged[side][f'{name}_error']:.{digits}f}"
            for name, _, digits in FIGURES_OF_MERIT
            for side in ("generated", "null")
        ]
        lines.append(f"| {seed} | {result.best_step:,} | {' | '.join(cells)} |")
    if len(results) > 1:
        cells = []
        for name, _, digits in FIGURES_OF_MERIT:
            values = [(result.judged or {})["generated"][name] for result in results.values()]
            cells += [f"{fmean(values):.{digits}f} ± {stdev(values):.{digits}f}", ""]
        lines.append(f"| mean | | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
