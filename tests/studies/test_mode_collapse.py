"""The whole study, tiny: its networks, its answers, its figure."""

from __future__ import annotations

import json

import pytest

from muforge.dataset.store import Dataset
from muforge.models.gan import GANConfig
from muforge.report.study import study_figures
from muforge.studies.mode_collapse import (
    BARE,
    LARGE,
    MINIBATCH,
    NO_BATCH_NORM,
    NOTE,
    ONE_LATENT,
    PLANTED,
    TOO_FAST,
    UNROLLED,
    WGAN,
    Config,
    _networks,
    run,
)
from muforge.studies.protocol import Place, Study
from tests.studies.tiny import SMALLEST

TINY = Config.model_validate(SMALLEST | {"minibatch_kernels": 2, "critic_steps": 1, "unrolled_steps": 1})


@pytest.fixture(scope="module")
def found(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return run(Place(dataset, tmp_path_factory.mktemp("mode-collapse")), TINY)


def test_every_network_is_told_of(found: Study) -> None:
    assert len(found.answers) == len(_networks(TINY)) + 1
    assert [row[0] for row in found.tables[0].rows] == list(_networks(TINY))
    told = {row[0]: row[4] for row in found.tables[0].rows}
    assert told[WGAN] == "n/a"
    assert all("±" in text for name, text in told.items() if name != WGAN)
    assert WGAN not in [row[0] for row in found.tables[1].rows]
    assert json.loads(json.dumps(found.details, allow_nan=False)) == found.details


def test_the_figure(found: Study) -> None:
    assert [each.name for each in study_figures("mode-collapse", found.details)] == ["diagnostics"]


def test_networks_differ_in_what_their_names_say() -> None:
    networks = _networks(Config())
    note = networks[NOTE]
    assert isinstance(note, GANConfig)
    assert (note.label_noise, note.data_noise, note.discriminator.dropout) == (0.3, 0.001, 0.25)
    bare = networks[BARE]
    assert (bare.label_noise, bare.data_noise, bare.discriminator.dropout) == (0, 0, 0)
    assert bare.generator == note.generator
    assert not networks[NO_BATCH_NORM].generator.batch_norm
    assert networks[ONE_LATENT] == note.model_copy(update={"latent_dimensions": 1})
    assert networks[TOO_FAST].learning_rate == Config().too_fast
    assert networks[MINIBATCH].discriminator.minibatch_kernels == Config().minibatch_kernels
    assert networks[UNROLLED].unrolled_steps == Config().unrolled_steps
    assert networks[WGAN].discriminator.widths == note.discriminator.widths
    assert all(each.diagnostics for each in networks.values())
    assert set(PLANTED) < set(networks)


def test_the_large_one_is_larger() -> None:
    assert LARGE.steps > Config().steps
    assert LARGE.unrolled_steps > Config().unrolled_steps
