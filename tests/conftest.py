"""What many tests start from: an untrained bundle, and files that ROOT itself writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import muforge as mf
from muforge.bundle import Bundle, save_bundle
from muforge.models.gan import DiscriminatorConfig, GANConfig, GANModel, GeneratorConfig
from muforge.representation import NoteRepresentationConfig, Representation
from muforge.sample import CATEGORIES, features
from muforge.trained import TrainedModel
from tests.dataset.production import write_flat
from tests.formats import cbmsim_fixture

POT = 1e6


@pytest.fixture(scope="session")
def untrained_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("untrained")
    write_flat(folder / "prod.root", 800)
    dataset = mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=POT).dataset
    config = GANConfig(
        latent_dimensions=6,
        generator=GeneratorConfig(shape="flat", width=16, layers=1),
        discriminator=DiscriminatorConfig(shape="flat", width=4, layers=1),
    )
    models = {}
    for category in CATEGORIES:
        columns = features(category)
        representation = Representation.fit(
            dataset.load(category, "train"), columns, NoteRepresentationConfig()
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(category)
            model = GANModel(config, len(columns), representation.bounds)
        models[category] = TrainedModel(category, config, representation, model.sampler)
    return save_bundle(folder / "bundle", models, dataset, name="untrained")


@pytest.fixture(scope="session")
def root_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files of `cbmsim_fixture`."""
    if not cbmsim_fixture.has_compiler():
        pytest.skip("there is no C++ compiler for ROOT's dictionaries")
    folder = tmp_path_factory.mktemp("root")
    command = [sys.executable, "-W", "ignore", cbmsim_fixture.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == cbmsim_fixture.EXIT_NO_ROOT:
        pytest.skip("PyROOT (the package 'root') is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
