"""Which parameters a trial gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from muforge.scanning.result import end_trial
from muforge.scanning.sampling import begin_trial
from muforge.scanning.storage import Pruning, open_storage, open_study
from muforge.scanning.trial import TrialEnd
from tests.scanning.scans import LATENT, RANDOM, RATE, tiny_space

TRIALS = 14
"""More than TPE draws at random."""

NO_PRUNING = Pruning("none", 0, 6)


def searched(
    folder: Path, value: Callable[[dict[str, Any]], float], *, sampler: str, seed: int = 0, running: int = 0
) -> list[dict[str, Any]]:
    """Parameters of trials one after the other, so many of which have not ended when the next one begins."""
    folder.mkdir()
    space = tiny_space(folder, {**RANDOM, "sampler": sampler, "seed": seed})
    storage = open_storage(folder)
    study = open_study(storage, NO_PRUNING)
    for number in range(TRIALS):
        assert begin_trial(study, space) == number
        if number >= running:
            params = study.trials[number - running].params
            end_trial(study, storage, number - running, TrialEnd("complete", value(params), None, 6, 0.1))
    return [dict(each.params) for each in study.trials]


def test_random_trials_depend_on_seed_and_number_alone(tmp_path: Path) -> None:
    first = searched(tmp_path / "a", lambda params: 1.0, sampler="random")
    assert searched(tmp_path / "b", lambda params: params[RATE], sampler="random", running=3) == first
    assert searched(tmp_path / "c", lambda params: 1.0, sampler="random", seed=1) != first
    assert len({each[RATE] for each in first}) == TRIALS
    assert {each[LATENT] for each in first} == {2, 3, 4}


def test_tpe_depends_on_what_was_found_and_on_nothing_else(tmp_path: Path) -> None:
    first = searched(tmp_path / "a", lambda params: params[RATE], sampler="tpe")
    assert searched(tmp_path / "b", lambda params: params[RATE], sampler="tpe") == first
    other = searched(tmp_path / "c", lambda params: -params[RATE], sampler="tpe")
    assert other[:10] == first[:10]
    assert all(one[RATE] < two[RATE] for one, two in zip(first[10:], other[10:], strict=True))


def test_tpe_goes_on_while_others_run(tmp_path: Path) -> None:
    found = searched(tmp_path / "a", lambda params: params[RATE], sampler="tpe", running=2)
    assert len({each[RATE] for each in found}) == TRIALS


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_tpe_and_pruners_go_together(tmp_path: Path, pruner: Any) -> None:
    space = tiny_space(tmp_path, {**RANDOM, "sampler": "tpe", "pruner": pruner})
    storage = open_storage(tmp_path)
    study = open_study(storage, Pruning(pruner, 2, 6))
    for number in range(TRIALS):
        begin_trial(study, space)
        end_trial(study, storage, number, TrialEnd("pruned" if number % 2 else "complete", 0.1, None, 6, 0.1))
    assert len(study.trials) == TRIALS
