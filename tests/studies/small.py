"""Untrained conditional models of the made-up muons, for studies that enrich a region."""

from __future__ import annotations

from typing import Any

import torch

from muforge import models
from muforge.conditions import Conditions
from muforge.region import Region, Window
from muforge.representation import PhysicsRepresentationConfig, Representation
from muforge.sample import Sample, features
from muforge.trained import TrainedModel
from tests.muons import make_sample

CATEGORY = 1
REGION = Region(windows=(Window(p=(20, 70), pt=(0.4, 2)), Window(p=(70, 400), pt=(1, 2))))

STRONG = 2.0
"""Factor of fresh parameters, so that what a model makes depends on its latents."""

OPTIONS: dict[str, dict[str, Any]] = {
    "flow": {"family": "flow", "width": 8, "depth": 1, "bins": 4},
    "vae": {
        "family": "vae",
        "likelihood": "gaussian",
        "latent_dimensions": 2,
        "nodes_encoder": 8,
        "nodes_decoder": 8,
    },
}


def muons(n: int = 2000, seed: int = 0) -> Sample:
    """Of category 1."""
    return make_sample(n, category=CATEGORY, seed=seed)


def untrained(name: str, conditions: Conditions | None = None) -> TrainedModel:
    """A model of category 1."""
    config = models.config_from(OPTIONS[name])
    representation = Representation.fit(muons(), features(CATEGORY), PhysicsRepresentationConfig())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        numbers = 0 if conditions is None else conditions.numbers
        model = models.build(config, representation.learned, representation.bounds, numbers)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(STRONG)
    return TrainedModel(CATEGORY, config, representation, model.sampler, conditions=conditions)
