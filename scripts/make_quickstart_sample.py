"""Simulate the small sample that the package carries.

    python -m scripts.make_quickstart_sample [--pot 50000] [--jobs 2]

It takes a minute or two on two processors. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import muforge as mf
from muforge.formats import metadata_of
from muforge.formats.flat import FlatWriter
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.reference.simulate import Progress

SEED = 2018


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pot", type=int, default=50_000, help="protons on target")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--build", type=Path, default=Path("build/quickstart"))
    parser.add_argument("--out", type=Path, default=PACKAGED_SAMPLE)
    arguments = parser.parse_args()
    arguments.build.mkdir(parents=True, exist_ok=True)
    simulated = arguments.build / "sample.parquet"
    if not simulated.is_file():
        mf.simulate(
            simulated, pot=arguments.pot, seed=SEED, jobs=arguments.jobs, format="parquet", progress=show
        )
    sample = mf.read(simulated)
    with FlatWriter(
        arguments.out,
        force=True,
        title=f"muforge reference simulation: POT = {arguments.pot}",
        metadata=metadata_of(simulated),
        event_columns=True,
        compression="zstd",
    ) as writer:
        writer.write(sample)
    print(f"{arguments.out}: {len(sample):,} muons, {arguments.out.stat().st_size / 1e6:.2f} MB")


def show(state: Progress) -> None:
    print(f"{state.done:,} of {state.protons:,} protons, {state.muons:,} muons", flush=True)


if __name__ == "__main__":
    main()
