"""Draw the small sample that the package carries: whole events at random from full-simulation files.

    python scripts/make_quickstart_sample.py FILES... --fraction 0.07 --pot 5e13

Events, not muons, are drawn, so that correlations between the muons of one proton are kept; the protons on target
written into the file are the fraction of those given.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import muforge as mf
from muforge.formats.flat import FlatWriter
from muforge.rng import uniform_at

DESTINATION = Path(__file__).resolve().parents[1] / "src" / "muforge" / "quickstart" / "data" / "sample.root"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--fraction", type=float, default=0.07, help="of the events")
    parser.add_argument(
        "--pot", type=float, default=5e13, help="protons that the weights of all FILES stand for"
    )
    parser.add_argument("--seed", type=int, default=2018)
    parser.add_argument("--out", type=Path, default=DESTINATION)
    arguments = parser.parse_args()
    pot = arguments.fraction * arguments.pot
    metadata = {
        "weights_protons_on_target": pot,
        "drawn": f"{arguments.fraction:.3g} of the events of {len(arguments.files)} full-simulation files",
    }
    with FlatWriter(
        arguments.out,
        force=True,
        title=f"full simulation, {pot:.4g} protons on target",
        metadata=metadata,
        event_columns=True,
        compression="zstd",
    ) as writer:
        for number, file in enumerate(arguments.files):
            sample = mf.read([file])
            drawn = sample.select(uniform_at(arguments.seed + number, sample["event"]) < arguments.fraction)
            writer.write(drawn)
            print(f"{file.name}: {len(drawn):,} of {len(sample):,} muons")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
