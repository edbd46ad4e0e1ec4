"""Training steps per second: ours, a plain PyTorch loop, and Keras the way the 2018 code does it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from muforge.bench.timing import in_turns, rates, ratio
from muforge.models.gan import DiscriminatorConfig, GANConfig, GANModel, GeneratorConfig
from muforge.models.precision import fast_precision, torch_settings
from muforge.training.batches import WeightedBatches
from muforge.training.ema import EMA

BATCH = 100
DIMENSIONS = 6
ROWS = 1_800_000
EMA_DECAY = 0.999
TURNS = 5

NETWORKS = {
    "note, nG=6 nD=3": (
        GeneratorConfig(layers=2, node_factor=6),
        DiscriminatorConfig(layers=2, node_factor=3),
        15,
    ),
    "128-128": (
        GeneratorConfig(layers=2, shape="flat", width=128),
        DiscriminatorConfig(layers=2, shape="flat", width=128),
        100,
    ),
}


def measure() -> dict[str, Any]:
    """For each network: steps per second, ratios to the baselines, and the share of drawing batches."""
    rng = np.random.default_rng(0)
    matrix = rng.uniform(-1, 1, (ROWS, DIMENSIONS)).astype(np.float32)
    weight = rng.choice([1.0, 10.0, 100.0], ROWS)
    return {name: _measure(matrix, weight, *network) for name, network in NETWORKS.items()}


def _measure(
    matrix: np.ndarray[Any, Any],
    weight: np.ndarray[Any, Any],
    generator: GeneratorConfig,
    discriminator: DiscriminatorConfig,
    steps: int,
) -> dict[str, Any]:
    config = GANConfig(generator=generator, discriminator=discriminator)
    batches = WeightedBatches(matrix, weight, BATCH // 2, seed=0, category=4)
    contestants = {
        "muforge": _ours(config, batches, steps),
        "plain PyTorch": _plain(config, matrix, weight, steps),
    }
    if find_spec("keras"):
        from benchmarks.keras_gan import steps_in_keras

        contestants["Keras"] = steps_in_keras(config, matrix, weight, steps=steps, batch=BATCH)
    times = in_turns(contestants, TURNS)
    per_second = rates(times, steps)
    out: dict[str, Any] = {"steps_per_second": per_second}
    for name in contestants:
        if name != "muforge":
            out[f"muforge_over_{name}"] = ratio(times["muforge"], times[name])
    draw = in_turns({"draw": _drawing(batches)}, TURNS)
    seconds_per_batch = 1 / rates(draw, DRAWN_BATCHES)["draw"]
    out["batch_drawing_share_of_step"] = seconds_per_batch * per_second["muforge"]
    return out


DRAWN_BATCHES = 10_240


def _drawing(batches: WeightedBatches) -> Any:
    def draw() -> None:
        for step in range(DRAWN_BATCHES):
            batches.at(step)

    return draw


def _ours(config: GANConfig, batches: WeightedBatches, steps: int) -> Any:
    model = GANModel(config, DIMENSIONS, _box())
    optimisers = model.optimisers()
    ema = EMA(model.sampler, EMA_DECAY)

    def work() -> None:
        with torch_settings(threads=1, matmul_precision=fast_precision(model)):
            for step in range(steps):
                model.training_step(batches.at(step), optimisers)
                ema.update(step + 1)

    return work


def _plain(config: GANConfig, matrix: np.ndarray[Any, Any], weight: np.ndarray[Any, Any], steps: int) -> Any:
    """Eager PyTorch with default Adam, default matrix products, batches by numpy's weighted choice."""
    model = GANModel(config, DIMENSIONS, _box())
    optimisers: dict[str, torch.optim.Optimizer] = {
        "generator": torch.optim.Adam(
            model.generator.parameters(), lr=2e-4, betas=(0.5, 0.999), amsgrad=True
        ),
        "discriminator": torch.optim.Adam(
            model.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999), amsgrad=True
        ),
    }
    rng = np.random.default_rng(0)
    probability = weight / weight.sum()

    def work() -> None:
        with torch_settings(threads=1, matmul_precision="highest"):
            for _ in range(steps):
                rows = rng.choice(len(matrix), BATCH // 2, p=probability)
                model.training_step(torch.from_numpy(matrix[rows]), optimisers)

    return work


def _box() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    one = np.ones(DIMENSIONS, np.float32)
    return -one, one
