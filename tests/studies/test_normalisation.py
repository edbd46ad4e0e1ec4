"""The study of normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from muforge.dataset.store import Dataset
from muforge.errors import ConfigError
from muforge.studies.normalisation import Margin
from muforge.studies.protocol import Study
from muforge.study import study_config
from tests.muons import make_sample
from tests.studies.tiny import run_study

OPTIONS = {"bounds": [1.0, 0.1], "latent_size": 60, "bins": 4}


@pytest.fixture(scope="module")
def found(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return run_study("normalisation", dataset, tmp_path_factory.mktemp("bounds") / "study", **OPTIONS)


def test_only_with_a_bound_below_one_muons_lie_outside_of_the_training_range(found: Study) -> None:
    full, narrow = found.details["bounds"]
    assert full["outside"] == [0.0, 0.0]
    assert min(narrow["outside"]) > 0.1
    assert found.answers[2].startswith("With bound 0.1, ")
    assert "all of theirs (" in found.answers[2]
    assert "There its BDT output" in found.answers[2]


def test_the_scan_is_a_matrix_over_two_latents(found: Study) -> None:
    scan = found.details["bounds"][1]["scan"]
    assert len(scan["edges"]) == 5
    assert [len(row) for row in scan["score"]] == [4] * 4
    assert len(set(scan["dims"])) == 2


def test_tables_have_the_columns_of_the_category(found: Study) -> None:
    networks, tails, margins = found.tables
    assert [row[0] for row in networks.rows] == ["1", "0.1"]
    assert len(tails.rows) == 15
    assert [row[0] for row in margins.rows][:2] == ["start_x below", "start_x above"]


def test_muons_outside_of_the_training_range_are_counted_by_weight() -> None:
    training = make_sample(50, category=1)
    beyond = int(training["pz"].argmax())
    margin = Margin.of(training, training.select(np.arange(50) != beyond))
    share = float(training.weight[beyond] / training.weight.sum())
    assert margin.above[-1] == pytest.approx(share)
    assert margin.outside >= margin.above[-1]
    assert sum(Margin.of(training, training).above) == 0


@pytest.mark.parametrize("bounds", [[], [1.5], [0]])
def test_wrong_bounds_are_named(bounds: list[float]) -> None:
    with pytest.raises(ConfigError, match="study 'normalisation': bounds"):
        study_config("normalisation", {"bounds": bounds})
