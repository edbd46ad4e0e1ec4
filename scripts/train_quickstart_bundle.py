"""Train the small bundle that the package carries, on the small sample that it carries.

    python scripts/train_quickstart_bundle.py [--category 4] [--build build/quickstart]

Each category is the note's GAN with two layers in both networks and node factors 1 and 0.5 (the note's best were 6 and
3). Interrupted, the same command goes on. With --category only those are trained; the bundle is written once all four
are there. It takes some minutes a category on one processor.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from muforge.bundle import save_bundle
from muforge.dataset.ingest import ingest
from muforge.models.gan import DiscriminatorConfig, GANConfig, GeneratorConfig
from muforge.quickstart.tour import PACKAGED_BUNDLE, PACKAGED_SAMPLE
from muforge.sample import CATEGORIES
from muforge.training.config import RunConfig, TrainingConfig
from muforge.training.directory import RESULT_NAME, category_directory
from muforge.training.run import finished_categories, fit

NAME = "gan-2018-small"
CONFIG = RunConfig(
    model=GANConfig(
        generator=GeneratorConfig(layers=2), discriminator=DiscriminatorConfig(layers=2, node_factor=0.5)
    ),
    training=TrainingConfig(steps=30_000, monitor_every=2000, patience=6, ema_decay=0.9995),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--category", type=int, action="append", choices=CATEGORIES)
    parser.add_argument("--build", type=Path, default=Path("build/quickstart"))
    arguments = parser.parse_args()
    arguments.build.mkdir(parents=True, exist_ok=True)
    dataset = ingest([PACKAGED_SAMPLE], arguments.build / "dataset").dataset
    run = arguments.build / "run"
    run.mkdir(exist_ok=True)
    for category in arguments.category or CATEGORIES:
        fit(
            dataset.load(category, "train"),
            dataset.load(category, "validation"),
            dataset.load(category, "test"),
            category,
            CONFIG,
            category_directory(run, category),
            resume=True,
            progress=lambda step, steps, losses, category=category: show(category, step, steps, losses),  # type: ignore[misc]
        )
    if all((category_directory(run, category) / RESULT_NAME).is_file() for category in CATEGORIES):
        results = finished_categories(run)
        bundle = save_bundle(
            PACKAGED_BUNDLE,
            {category: result.model for category, result in results.items()},
            dataset,
            name=NAME,
            judged={category: result.judged for category, result in results.items() if result.judged},
            force=True,
        )
        print(bundle)


def show(category: int, step: int, steps: int, losses: Mapping[str, float]) -> None:
    if step % 1000 == 0:
        text = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        print(f"category {category}: step {step} of {steps}, {text}", flush=True)


if __name__ == "__main__":
    main()
