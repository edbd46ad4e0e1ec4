"""Train the bundle that the package carries, on the small sample that it carries, with the preset `best`.

    python scripts/train_quickstart_bundle.py [--build build/quickstart]

Interrupted, the same command goes on. It takes a minute on two processors.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from muforge import presets
from muforge.bundle import save_bundle
from muforge.dataset.ingest import ingest
from muforge.processes import patient_threads
from muforge.quickstart.tour import PACKAGED_BUNDLE, PACKAGED_SAMPLE
from muforge.sample import CATEGORIES
from muforge.training.categories import fit_categories

NAME = "best-small"


def main() -> None:
    patient_threads()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/quickstart"))
    arguments = parser.parse_args()
    arguments.build.mkdir(parents=True, exist_ok=True)
    dataset = ingest([PACKAGED_SAMPLE], arguments.build / "dataset").dataset
    run = arguments.build / "run"
    run.mkdir(exist_ok=True)
    results = fit_categories(dataset, run, CATEGORIES, presets.preset(presets.DEFAULT), resume=True, jobs=2)
    bundle = save_bundle(
        PACKAGED_BUNDLE,
        {category: result.model for category, result in results.items()},
        dataset,
        name=NAME,
        judged={category: result.judged for category, result in results.items() if result.judged},
        force=True,
    )
    print(bundle)


if __name__ == "__main__":
    main()
