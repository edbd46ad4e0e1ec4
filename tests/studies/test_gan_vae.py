"""The study of GAN against VAE."""

from __future__ import annotations

from typing import Any

import pytest

from muforge.errors import ConfigError
from muforge.studies.gan_vae import GAN, ON_SCORES, REFERENCE, VAE
from muforge.studies.protocol import Study
from muforge.studies.spread import Spread, verdict
from muforge.study import study_config
from tests.studies.tiny import run_study, tiny_dataset

OPTIONS = {
    "category": 1,
    "categories": [1, 4],
    "vae_steps": 8,
    "vae_nodes": 8,
    "vae_layers": 1,
    "gan_scores_steps": 4,
    "vae_scores_steps": 4,
    "reference_steps": 2,
    "strong_size": 60,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The flow needs more muons: none may have a hundredth of the weight."""
    folder = tmp_path_factory.mktemp("families")
    return run_study("gan-vae", tiny_dataset(folder, 4000), folder / "study", **OPTIONS)


def test_every_category_has_both_families_and_the_reference(found: Study) -> None:
    looks = found.details["looks"]
    assert [(each["category"], each["family"]) for each in looks] == [
        (category, family) for category in (1, 4) for family in (GAN, VAE, *ON_SCORES, REFERENCE)
    ]
    assert [len(each["excess_auc"]) for each in looks] == [2, 2, 2, 2, 1] * 2
    assert [curve[-1][0] for curve in (looks[0]["curves"][0], looks[1]["curves"][0])] == [4, 8]
    assert [len(table.rows) for table in found.tables] == [5, 5, 9 + 15]


def test_the_verdict_is_that_of_the_numbers(found: Study) -> None:
    gan, vae = (Spread.of(each["excess_auc"]) for each in found.details["looks"][:2])
    answer = next(each for each in found.answers if each.startswith("Category 1: "))
    assert f"the VAE is {verdict(gan, vae)} " in answer
    assert f"{gan.text()} for the GAN, {vae.text()} for the VAE" in answer
    assert "times the CPU seconds of the GAN; 2 seeds each" in found.answers[0]
    assert "Of 2 categories" in found.answers[-3]
    on_scores = Spread.of(found.details["looks"][3]["excess_auc"])
    assert "The VAE on scores, in" in found.answers[-1]
    assert f"{on_scores.text()} in category 1" in found.answers[-1]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"categories": [5], "category": 4}, "categories: 5 is none of 1, 2, 3, 4"),
        ({"categories": [1], "category": 4}, "category 4: not among the categories"),
    ],
)
def test_wrong_categories_are_named(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        study_config("gan-vae", options)
