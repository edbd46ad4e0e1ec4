"""Untrained models of every family that can learn the physical representation."""

from __future__ import annotations

import torch

from muforge import models
from muforge.bundle import Bundle
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.trained import TrainedModel
from tests.models.test_families import TINY, tiny_config

PHYSICAL = tuple(name for name in TINY if name != "vae")


def tiny(name: str, category: int) -> TrainedModel:
    """A model on the representation of the packaged bundle, whose parameters are not those that it starts with."""
    config, representation = tiny_config(name), Bundle.load(PACKAGED_BUNDLE).model(category).representation
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        sampler = models.build_sampler(config, representation.learned, representation.bounds)
        with torch.no_grad():
            for parameter in sampler.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return TrainedModel(category, config, representation, sampler)
