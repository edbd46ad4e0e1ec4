"""The 2018 note's generator, 100 latent numbers through 1536 and 3072 nodes, the note's way and through PyTorch.

Its weights are random: only its speed matters here.
"""

from __future__ import annotations

import os
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.bench.contestant import Contestant, Group, Unavailable
from muforge.bundle import Bundle
from muforge.formats.flat import FlatWriter
from muforge.representation import Representation

MUONS = 8_192
NODES = (1536, 3072)
LATENTS = 100
BATCHES = (32, 2048)
"""Keras's default, and one that suits a processor."""


def note_in_keras(bundle: Bundle, folder: Path) -> list[Contestant]:
    """`predict`, the inverse of the representation, and the ROOT file, as the 2018 code does it.

    Raises:
        Unavailable: Keras is not installed.
    """
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        raise Unavailable("note's generator, Keras", "pip install keras tensorflow-cpu")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    from keras import layers

    network = keras.Sequential([keras.Input((LATENTS,))])
    for nodes in NODES:
        network.add(layers.Dense(nodes))
        network.add(layers.LeakyReLU(negative_slope=0.2))
        network.add(layers.BatchNormalization(momentum=0.8))
    representation = _representation(bundle)
    network.add(layers.Dense(representation.dimensions, activation="tanh"))
    rng = np.random.default_rng(0)

    def run(batch: int) -> None:
        latent = rng.standard_normal((MUONS, LATENTS), np.float32)
        made = network.predict(latent, batch_size=batch, verbose=0)
        _write(representation, made, folder / "keras.root")

    return [
        Contestant(f"Keras, batches of {batch}, to ROOT", Group.note, MUONS, partial(run, batch))
        for batch in BATCHES
    ]


def note_in_torch(bundle: Bundle, folder: Path) -> list[Contestant]:
    """The same network as muforge runs it, on one thread."""
    from muforge.models.gan import GANConfig, GANModel, GeneratorConfig
    from muforge.rng import Purpose, stream
    from muforge.trained import TrainedModel

    representation = _representation(bundle)
    config = GANConfig(generator=GeneratorConfig(layers=2, node_factor=6))
    low, high = representation.bounds
    model = TrainedModel(
        4, config, representation, GANModel.build_sampler(config, representation.learned, (low, high))
    )

    def run() -> None:
        columns = model.columns(MUONS, stream(0, Purpose.LATENT))
        with FlatWriter(folder / "torch.root", force=True) as writer:
            writer.write(model.as_sample(columns))

    return [Contestant("PyTorch, to ROOT", Group.note, MUONS, run)]


def _representation(bundle: Bundle) -> Representation:
    """That of muons off axis, or of another category that the bundle has."""
    records = bundle.manifest.categories
    return Representation.from_state(records[max(records)].representation)


def _write(representation: Representation, made: NDArray[Any], path: Path) -> None:
    from muforge.sample import OFF_AXIS_FEATURES, Sample

    columns = representation.decode(made)
    zeros = np.zeros(len(made), np.float32)
    muons = {name: columns.get(name, zeros) for name in OFF_AXIS_FEATURES}
    with FlatWriter(path, force=True) as writer:
        writer.write(Sample({"pdg": np.full(len(made), 13), "weight": np.ones(len(made)), **muons}))
