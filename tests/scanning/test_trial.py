"""What a worker does with a trial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from muforge.dataset.store import Dataset
from muforge.errors import FarmError
from muforge.sample import Sample
from muforge.scanning import attempt
from muforge.scanning.directory import trial_directory
from muforge.scanning.result import end_trial
from muforge.scanning.storage import Pruning, open_storage, open_study
from muforge.scanning.trial import TrialEnd, TrialTask, _Watch, run_trial
from muforge.training.categories import fit_categories
from muforge.training.checkpoint import load_checkpoint
from muforge.training.config import RunConfig
from muforge.training.directory import BEST_NAME, HISTORY_NAME, LAST_NAME, category_directory, load_run
from tests.scanning.scans import trial_run
from tests.studies.tiny import tiny_dataset

pytestmark = pytest.mark.usefixtures("cheap_judge")

STEPS, EVERY = 6, 2


class Place:
    """A scan of which nothing but the journal is there; its steps are such that Hyperband has one bracket."""

    def __init__(self, folder: Path, data: Dataset, pruner: Any = "none") -> None:
        self.folder, self.data = folder, data
        self.pruning = Pruning(pruner, EVERY, STEPS - 1)
        self.storage = open_storage(folder)
        self.study = open_study(self.storage, self.pruning)

    def begin(self, config: RunConfig | None = None, categories: tuple[int, ...] = (4,)) -> TrialTask:
        """The next trial."""
        from optuna.trial import TrialState, create_trial

        number = len(self.study.trials)
        self.study.add_trial(create_trial(state=TrialState.RUNNING))
        muons = {each: self.data.manifest.categories[each].split["train"] for each in categories}
        mapping = (config or trial_run()).to_mapping()
        return TrialTask(number, self.folder, self.data.directory, muons, mapping, self.pruning)

    def others(self, number: int, value: float, steps: tuple[int, ...] = (2, 4, 6)) -> None:
        """So many complete trials, of the same value from their beginning."""
        for _ in range(number):
            task = self.begin()
            for step in steps:
                self.storage.set_trial_intermediate_value(task.number, step, value)
            self.storage.set_trial_system_attr(task.number, "completed_rung_0", value)
            end_trial(self.study, self.storage, task.number, TrialEnd("complete", value, None, 6, 0.1))

    def reported(self, number: int) -> dict[int, float]:
        return dict(self.study.trials[number].intermediate_values)


@pytest.fixture
def place(tmp_path: Path, tiny_data: Dataset) -> Place:
    return Place(tmp_path, tiny_data)


def history(run: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((run / HISTORY_NAME).read_text(encoding="utf-8"))
    return rows


def test_a_trial_is_an_ordinary_run_that_never_saw_the_test_events(
    place: Place, tiny_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    load = Dataset.load

    def noting(self: Dataset, category: int, split: Any = None) -> Sample:
        read.append((category, split))
        return load(self, category, split)

    monkeypatch.setattr(Dataset, "load", noting)
    end = run_trial(place.begin())
    assert read == [(4, "train"), (4, "validation")]
    run = category_directory(trial_directory(place.folder, 0), 4)
    rows = history(run)
    distances = [abs(row["auc"] - 0.5) for row in rows]
    best = rows[distances.index(min(distances))]
    assert min(distances) > 0.01
    assert (end.state, end.value, end.step) == ("complete", min(distances), STEPS)
    assert end.null == abs(best["null_auc"] - 0.5)
    assert place.reported(0) == {step: min(distances[: step // EVERY]) for step in (2, 4, 6)}
    result = load_run(run)
    assert (result.judged, result.best_step) == (None, best["step"])


def test_steps_count_on_from_category_to_category(place: Place) -> None:
    end = run_trial(place.begin(categories=(1, 4)))
    best = [
        load_checkpoint(category_directory(trial_directory(place.folder, 0), each) / BEST_NAME)["best"]
        for each in (1, 4)
    ]
    assert end.step == 2 * STEPS
    assert end.value == sum(each["value"] for each in best) / 2
    assert sorted(place.reported(0)) == [2, 4, 6, 8, 10, 12]
    assert place.reported(0)[6] == best[0]["value"]
    assert place.reported(0)[12] == end.value


def test_epochs_count_in_the_steps_of_each_category(place: Place, tiny_data: Dataset) -> None:
    muons = tiny_data.manifest.categories[1].split["train"]
    config = trial_run(epochs=4 * 8 / muons + 0.001, steps=100)
    run_trial(place.begin(config, categories=(1, 4)))
    assert sorted(place.reported(0))[:3] == [2, 4, 6]


@pytest.mark.parametrize("joint", [False, True])
def test_one_network_for_all_categories(tmp_path: Path, joint: bool) -> None:
    place = Place(tmp_path, tiny_dataset(tmp_path, 8000))
    training = {"steps": 4, "monitor_every": 2, "judge_size": 100, "plots": False, "batch_size": 16}
    mapping = {"conditions": ["category"], "model": trial_run().to_mapping()["model"], "training": training}
    if not joint:
        flow = {"family": "flow", "transform": "autoregressive", "width": 4, "depth": 1, "bins": 4}
        mapping = {"shared": True, "model": flow, "representation": {"kind": "physics"}, "training": training}
    end = run_trial(place.begin(RunConfig.from_mapping(mapping), categories=(1, 3)))
    assert (end.state, end.step, end.null is None) == ("complete", 4, not joint)
    directory = trial_directory(place.folder, 0)
    for category in (1, 3):
        state = load_checkpoint(category_directory(directory, category) / BEST_NAME)
        assert state["best"]["value"] == end.value
    assert place.reported(0)[4] == end.value


def killed_after(monkeypatch: pytest.MonkeyPatch, questions: int) -> None:
    """The process ends when it has asked so often whether to stop."""
    asked = 0
    ask = _Watch.__call__

    def counting(self: _Watch) -> bool:
        nonlocal asked
        asked += 1
        if asked > questions:
            raise KeyboardInterrupt
        return ask(self)

    monkeypatch.setattr(_Watch, "__call__", counting)


@pytest.mark.parametrize(("questions", "checkpoint_every"), [(3, 2), (5, 2), (5, 4), (5, 100)])
def test_a_trial_whose_worker_was_killed_goes_on(
    place: Place, questions: int, checkpoint_every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = trial_run(checkpoint_every=checkpoint_every)
    whole = run_trial(place.begin(config))
    task = place.begin(config)
    with monkeypatch.context() as patch:
        killed_after(patch, questions)
        with pytest.raises(KeyboardInterrupt):
            run_trial(task)
    before = place.reported(1)
    assert sorted(before) == [step for step in (2, 4) if step < questions]
    again = run_trial(task)
    assert (again.value, again.null, again.step) == (whole.value, whole.null, whole.step)
    assert place.reported(1) == place.reported(0)


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_bad_trial_is_stopped_and_can_be_gone_on_with(
    tmp_path: Path, tiny_data: Dataset, pruner: str
) -> None:
    place = Place(tmp_path, tiny_data, pruner)
    place.others(6, 0.0001)
    end = run_trial(place.begin())
    assert (end.state, end.step) == ("pruned", 2)
    assert end.value is not None
    assert place.reported(6) == {2: end.value}
    run = category_directory(trial_directory(tmp_path, 6), 4)
    assert load_checkpoint(run / LAST_NAME)["progress"]["step"] == 2
    results = fit_categories(
        tiny_data, trial_directory(tmp_path, 6), (4,), trial_run(), resume=True, judged=False
    )
    assert results[4].history[-1]["step"] == STEPS


def test_a_good_trial_is_not_stopped(tmp_path: Path, tiny_data: Dataset) -> None:
    place = Place(tmp_path, tiny_data, "median")
    place.others(6, 0.6)
    assert run_trial(place.begin()).state == "complete"


def test_a_trial_is_compared_in_the_category_that_it_is_in(place: Place, tiny_data: Dataset) -> None:
    """A good first category does not save a trial that is worse than others in the second."""
    run_trial(place.begin(categories=(1, 4)))
    first, second = place.reported(0)[6], 2 * place.reported(0)[12] - place.reported(0)[6]
    order = (1, 4) if first < second else (4, 1)
    run_trial(place.begin(categories=order))
    values = place.reported(1)
    assert values[6] < values[8]
    (place.folder / "pruned").mkdir()
    pruned = Place(place.folder / "pruned", tiny_data, "median")
    pruned.others(6, 0.6, steps=(2, 4, 6))
    pruned.others(6, (values[6] + values[8]) / 2, steps=(8, 10, 12))
    end = run_trial(pruned.begin(categories=order))
    assert (end.state, end.step) == ("pruned", 8)


def test_without_a_pruner_nothing_is_stopped(place: Place) -> None:
    place.others(6, 0.0001)
    assert run_trial(place.begin()).state == "complete"


def test_a_training_that_diverges_is_a_failed_trial(place: Place) -> None:
    mapping = trial_run().to_mapping()
    mapping["model"]["learning_rate"] = 1e30
    end = run_trial(place.begin(RunConfig.from_mapping(mapping)))
    assert (end.state, end.value) == ("failed", None)
    assert end.reason is not None
    assert "diverged" in end.reason


def test_a_device_that_is_not_there_is_a_failed_trial(place: Place) -> None:
    end = run_trial(place.begin(trial_run(device="cuda")))
    assert end.state == "failed"
    assert "cuda" in str(end.reason)


def test_a_figure_that_cannot_be_computed_is_a_failed_trial(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muforge.training.monitor.distance", lambda *_: float("nan"))
    end = run_trial(place.begin())
    assert (end.state, end.reason) == ("failed", "its figure of merit cannot be computed")
    assert place.reported(0) == {}


@pytest.mark.parametrize("stopped", [False, True])
def test_an_attempt_ends_when_another_one_has_begun_or_the_scan_was_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    monkeypatch.setattr(attempt, "_SECONDS_BETWEEN_LOOKS", 0.0)
    task = place.begin(trial_run(checkpoint_every=1))
    directory = trial_directory(place.folder, 0)
    ask = _Watch.__call__
    asked = 0

    def superseded(self: _Watch) -> bool:
        nonlocal asked
        asked += 1
        if asked == 4:
            if stopped:
                attempt.give_up(directory)
            else:
                (directory / ".attempt").write_text("another", encoding="utf-8")
        return ask(self)

    monkeypatch.setattr(_Watch, "__call__", superseded)
    with pytest.raises(FarmError, match="given up"):
        run_trial(task)
    assert load_checkpoint(category_directory(directory, 4) / LAST_NAME)["progress"]["step"] == 3
    assert (directory / ".attempt").exists() is not stopped
    assert run_trial(task).state == "complete"
    assert not (directory / ".attempt").exists()


def test_an_attempt_ends_when_another_one_has_ended_the_trial(place: Place) -> None:
    task = place.begin()
    place.study.tell(0, 0.3)
    with pytest.raises(FarmError, match="trial 0: given up"):
        run_trial(task)
