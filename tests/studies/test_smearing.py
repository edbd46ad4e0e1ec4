"""The study of noise on labels and data."""

from __future__ import annotations

from pathlib import Path

import pytest

from muforge.dataset.store import Dataset
from muforge.errors import ConfigError
from muforge.models.gan import GANConfig
from muforge.studies.arms import run_directory
from muforge.studies.protocol import Study
from muforge.studies.smearing import DATA, LABELS, Config, _arm
from muforge.studies.spread import Spread
from muforge.study import study_config
from muforge.training.run import load_run
from tests.studies.tiny import run_study


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("smearing") / "study"


@pytest.fixture(scope="module")
def found(dataset: Dataset, out: Path) -> Study:
    return run_study("smearing", dataset, out, label_noise=0.2, data_noise=0.01)


def test_six_networks_differ_in_their_noise_alone(found: Study, out: Path) -> None:
    config = Config(label_noise=0.2, data_noise=0.01)
    expected = {(labels, data): (labels, 0.01 if data == "on" else 0.0) for labels in LABELS for data in DATA}
    for key, (labels, data) in expected.items():
        model = load_run(run_directory(out, _arm(key, config), 1)).model.config
        assert isinstance(model, GANConfig)
        assert (model.label_noise_on, model.label_noise, model.data_noise) == (labels, 0.2, data)
    assert len(found.details["arms"]) == len(expected)


def test_the_answers_are_those_of_the_numbers(found: Study) -> None:
    arms = {(each["labels"], each["data"]): each for each in found.details["arms"]}
    base = Spread.of(arms["none", "off"]["excess_auc"])
    assert f"without any noise it is {base.text()}" in found.answers[0]
    assert "After 4 steps, 2 seeds" in found.answers[0]
    effects = [
        b - a
        for labels in LABELS
        for a, b in zip(arms[labels, "off"]["excess_auc"], arms[labels, "on"]["excess_auc"], strict=True)
    ]
    of_data = next(answer for answer in found.answers if answer.startswith("Noise on the data"))
    assert f"changes the excess AUC by {Spread.of(effects).mean:+.4f} ± " in of_data
    assert "6 pairs" in of_data


def test_tables_have_a_row_for_each_network_and_tail(found: Study) -> None:
    networks, tails = found.tables
    assert [row[:2] for row in networks.rows] == [(labels, data) for labels in LABELS for data in DATA]
    assert len(tails.rows) == 15


@pytest.mark.parametrize(
    ("option", "problem"),
    [({"label_noise": 0}, "label_noise"), ({"last": 1}, "last"), ({"sters": 1}, "sters")],
)
def test_wrong_options_are_named(option: dict[str, int], problem: str) -> None:
    with pytest.raises(ConfigError, match=f"study 'smearing': {problem}"):
        study_config("smearing", option)
