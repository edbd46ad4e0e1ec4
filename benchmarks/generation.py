"""Generation with and without the ROOT file, and the writing alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import in_turns, rates, ratio
from muforge.bundle import Bundle
from muforge.formats.flat import FlatWriter
from muforge.models.gan import GANConfig, GANModel, GeneratorConfig
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.rng import Purpose, stream
from muforge.spill.generate import generate, generate_files
from muforge.trained import TrainedModel

MUONS = 1_500_000
NOTE_MUONS = 8_192
TURNS = 3


def measure() -> dict[str, Any]:
    """Muons per second on one processor, of the packaged bundle and of the note's generator."""
    bundle = Bundle.load(PACKAGED_BUNDLE)
    sample = generate(bundle, muons=MUONS)
    note = _note_size(bundle)

    def to_file(jobs: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            generate_files(bundle, Path(folder) / "spill.root", muons=MUONS, jobs=jobs)

    def write_alone() -> None:
        with tempfile.TemporaryDirectory() as folder, FlatWriter(Path(folder) / "spill.root") as writer:
            writer.write(sample)

    times = in_turns(
        {
            "in memory": lambda: generate(bundle, muons=MUONS),
            "to a ROOT file": lambda: to_file(1),
            "to a ROOT file, 2 processes": lambda: to_file(2),
            "writing alone": write_alone,
            "note's generator (nG=6), in memory": lambda: note.columns(NOTE_MUONS, stream(0, Purpose.LATENT)),
        },
        TURNS,
    )
    amounts = dict.fromkeys(times, float(MUONS)) | {"note's generator (nG=6), in memory": float(NOTE_MUONS)}
    return {
        "muons_per_second": rates(times, amounts),
        "time_with_file_over_without": ratio(times["in memory"], times["to a ROOT file"]),
        "speed_of_two_processes_over_one": ratio(
            times["to a ROOT file, 2 processes"], times["to a ROOT file"]
        ),
    }


def _note_size(bundle: Bundle) -> TrainedModel:
    """The note's network for category 4 with random weights: only its speed matters here."""
    trained = bundle.model(4)
    config = GANConfig(generator=GeneratorConfig(layers=2, node_factor=6))
    bounds = tuple(np.asarray(end) for end in trained.representation.bounds)
    sampler = GANModel.build_sampler(config, trained.representation.dimensions, (bounds[0], bounds[1]))
    return TrainedModel(4, config, trained.representation, sampler)
