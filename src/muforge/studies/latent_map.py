"""What lies where in latent space, and where is dead space?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field, model_validator

from muforge.dataset.manifest import Split
from muforge.dataset.store import Dataset
from muforge.formats import write
from muforge.models.encoding import Encoding
from muforge.models.vae import VAEConfig
from muforge.region import NOTE_REGION, Region
from muforge.representation import NoteRepresentationConfig
from muforge.sample import Sample, features
from muforge.studies.arms import Arm, train_arms
from muforge.studies.latent import ActiveUnits, active_units
from muforge.studies.latent_box import BoxMuons, box_around, box_text, from_region
from muforge.studies.latent_codes import REGION, Codes, groups
from muforge.studies.latent_effects import effects
from muforge.studies.latent_grid import dead_grid, sure_score
from muforge.studies.latent_look import Look, answers, details, tables
from muforge.studies.latent_model import model_at
from muforge.studies.latent_scores import latent_scores
from muforge.studies.note_gan import NOTE_SIZE, GANStudyConfig
from muforge.studies.protocol import Place, Study
from muforge.trained import TrainedModel
from muforge.training.config import RunConfig

MUONS_NAME = "muons.root"
GAN, VAE = "GAN", "VAE"


class Config(GANStudyConfig):
    """The latent spaces of a GAN and a VAE that the study trains, or of a model that there is.

    References:
        Marshall, GANs and VAEs testing (2018), sections 12 and 13
    """

    category: int = Field(
        default=2,
        ge=1,
        le=4,
        description="whose muons are studied; nearly all of the note's dangerous ones start on the axis",
    )
    model: Path | None = Field(
        default=None, description="a bundle, or a run, instead of networks that the study trains"
    )
    steps: int = Field(default=8000, ge=1, description="training steps of the GAN")
    vae_steps: int = Field(default=16_000, ge=1, description="training steps of the VAE")
    vae_latents: int = Field(default=4, ge=2, description="latent dimensions of the VAE")
    dimensions: tuple[int, int] | None = Field(
        default=None,
        description="latent dimensions of the map, counted from 0; without them those that decide most",
    )
    cells: int = Field(default=24, ge=2, le=200, description="of the map, in each dimension")
    end: float = Field(default=3.0, gt=0, le=6, description="the map goes from minus this to this")
    muons_per_cell: int = Field(default=100, ge=10, description="with the other dimensions from the prior")
    region: Region = Field(default=NOTE_REGION, description="the muons that are looked for in latent space")
    box: dict[int, tuple[float, float]] | None = Field(
        default=None,
        description="part of latent space to generate from, by dimension; of a VAE by default the one around the "
        "region's muons",
    )
    muons: int = Field(default=100_000, ge=1, description=f"to generate from the box, into {MUONS_NAME}")

    @model_validator(mode="after")
    def _two_dimensions(self) -> Config:
        if self.dimensions is not None and self.dimensions[0] == self.dimensions[1]:
            raise ValueError(f"dimensions: {self.dimensions[0]} is there twice")
        return self

    @model_validator(mode="after")
    def _within_both(self) -> Config:
        """Of a model that is given, only the model tells."""
        for number in (*(self.dimensions or ()), *(self.box or ())) if self.model is None else ():
            if not 0 <= number < self.vae_latents:
                raise ValueError(
                    f"latent dimension {number}: the VAE has {self.vae_latents}, numbered from 0"
                )
        return self


LARGE = Config(**(NOTE_SIZE | {"seeds": 4, "vae_steps": 400_000, "cells": 50, "muons_per_cell": 400}))


def run(place: Place, config: Config) -> Study:
    """Look into the latent space of every model, and write muons of a box."""
    splits: dict[Split, Sample] = {
        split: place.data.load(config.category, split) for split in ("train", "validation", "test")
    }
    if config.model is None:
        config.region.require_muons(splits["train"], f"category {config.category}, training events")
    models = _models(place, config)
    total, done = sum(map(len, models.values())), 0
    looks: dict[str, list[Look]] = {}
    for name, of_seeds in models.items():
        looks[name] = []
        for seed, model in enumerate(of_seeds):
            place.progress("looking", done, total, {})
            looks[name].append(_look(model, place.data, splits, config, seed))
            done += 1
    place.progress("looking", total, total, {})
    boxes = [each[0].box for each in looks.values() if each[0].box is not None]
    for box in boxes:
        title = f"muforge latent-map: muons from {box_text(box.box)} of latent space"
        write(box.muons, place.directory / MUONS_NAME, force=True, title=title)
    return Study(
        answers=tuple(answer for name, each in looks.items() for answer in answers(name, each)),
        tables=tuple(table for name, each in looks.items() for table in tables(name, each)),
        details={"looks": [details(name, each[0], config.end) for name, each in looks.items()]},
    )


def _models(place: Place, config: Config) -> dict[str, list[TrainedModel]]:
    """By name, those of all seeds."""
    if config.model is not None:
        model = model_at(config.model, config.category)
        return {model.config.family.upper(): [model]}
    every = max(1, config.monitor_every * config.vae_steps // config.steps)
    runs = {
        GAN: RunConfig(model=config.gan(), training=config.training()),
        VAE: RunConfig(
            model=VAEConfig(latent_dimensions=config.vae_latents),
            representation=NoteRepresentationConfig(range="unit"),
            training=config.training(steps=config.vae_steps, monitor_every=every),
        ),
    }
    arms = [Arm(name, each, config.category) for name, each in runs.items()]
    trained = train_arms(place, arms, config.seeds)
    return {name: [each.model(seed) for seed in range(config.seeds)] for name, each in trained.items()}


def _look(
    model: TrainedModel, data: Dataset, splits: Mapping[Split, Sample], config: Config, seed: int
) -> Look:
    """The BDT learns from validation events; test events say what it makes of real muons."""
    scores = latent_scores(model, splits["validation"], seed, size=config.judge_size)
    sure = sure_score(scores.probability, splits["test"])
    dimensions = model.sampler.encoded if isinstance(model.sampler, Encoding) else model.latent_dimensions
    of_each = effects(scores.latents[:, :dimensions], scores.muons, scores.generated)
    grid = dead_grid(
        model,
        scores.probability,
        _two(config.dimensions or of_each.strongest()),
        cells=config.cells,
        end=config.end,
        muons=config.muons_per_cell,
        sure=sure,
        seed=seed,
    )
    found, units = None, None
    if isinstance(model.sampler, Encoding):
        found = groups(model, splits["train"], _others(data, config.category), config.region, seed)
        units = active_units(model, splits["train"])
    return Look(
        model,
        of_each,
        grid,
        float(np.mean(scores.generated > sure)),
        found,
        units,
        _box_of(model, found, units, config, seed),
    )


def _box_of(
    model: TrainedModel,
    found: dict[str, Codes] | None,
    units: ActiveUnits | None,
    config: Config,
    seed: int,
) -> BoxMuons | None:
    """Muons of the box that was asked for, which means the same in one latent space only, or around the region's."""
    if found is not None and units is not None:
        if config.box is not None and seed > 0:
            return None
        box = config.box or box_around(found[REGION], units.active)
        return from_region(model, box, found["all"], config.region, config.muons, seed)
    if config.model is not None and config.box is not None:
        return from_region(model, config.box, None, config.region, config.muons, seed)
    return None


def _others(data: Dataset, category: int) -> dict[int, Sample]:
    """Test muons of the other categories with the same columns."""
    return {
        each: data.load(each, "test")
        for each, record in data.manifest.categories.items()
        if each != category and features(each) == features(category) and record.split["test"]
    }


def _two(dimensions: tuple[int, ...]) -> tuple[int, int]:
    """Two dimensions; a latent space of one is mapped against itself."""
    return dimensions[0], dimensions[-1]
