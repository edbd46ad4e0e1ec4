"""Trainings side by side: the same for any number of processes, gone on with, stopped, and what goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from muforge.dataset.store import Dataset
from muforge.errors import Interrupted, TrainingError
from muforge.studies.arms import (
    INTERRUPTED,
    RUNS_NAME,
    SECONDS_NAME,
    Arm,
    TrainedArm,
    _Stopwatch,
    run_directory,
    train_arms,
)
from muforge.studies.protocol import Place
from tests.studies.tiny import CATEGORY, tiny_run

ARMS = [
    Arm("flat, one", tiny_run(), CATEGORY),
    Arm("flat, two", tiny_run(batch_size=12), CATEGORY, seeds=1),
]


def numbers(trained: dict[str, TrainedArm]) -> dict[str, Any]:
    """All that does not depend on the clock."""
    return {name: (each.history, [one.to_dict() for one in each.judged]) for name, each in trained.items()}


@pytest.fixture(scope="module")
def place(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(dataset, tmp_path_factory.mktemp("arms"), jobs=2)


@pytest.fixture(scope="module")
def trained(place: Place) -> dict[str, TrainedArm]:
    return train_arms(place, ARMS, 2)


def test_every_arm_is_trained_with_its_seeds(place: Place, trained: dict[str, TrainedArm]) -> None:
    one, two = trained["flat, one"], trained["flat, two"]
    assert one.directories[1] == place.directory / RUNS_NAME / "flat-one" / "seed-1"
    assert (len(one.judged), len(two.judged)) == (2, 1)
    assert one.history[0] != one.history[1]
    assert [step for step, _ in one.curve(0)] == [2, 4, 6]
    assert one.excess_auc().mean == pytest.approx(
        sum(each.generated.auc - each.null.auc for each in one.judged if each.null is not None) / 2
    )
    assert one.spread("overlap").seeds == 2
    assert len(one.model(1).sample(5)) == 5
    assert all(seconds > 0 for seconds in (*one.seconds, *two.seconds))


def test_details_are_json_values(trained: dict[str, TrainedArm]) -> None:
    details = trained["flat, one"].details()
    assert json.loads(json.dumps(details, allow_nan=False)) == details
    assert details["name"] == "flat, one"


def test_what_is_there_is_not_made_again(place: Place, trained: dict[str, TrainedArm]) -> None:
    path = trained["flat, one"].directories[0] / SECONDS_NAME
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert numbers(train_arms(place, ARMS, 2)) == numbers(trained)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_interrupted_in_one_process_it_ends_as_undisturbed_in_two(
    dataset: Dataset, tmp_path: Path, trained: dict[str, TrainedArm]
) -> None:
    seen: list[float] = []

    def stop_in_the_middle() -> bool:
        return bool(seen) and seen[-1] > 0

    def progress(what: str, done: int, total: int, now: Any) -> None:
        seen.append(now["done"])
        assert (what, total) == ("3 trainings", 3000)

    place = Place(dataset, tmp_path, jobs=1, progress=progress, should_stop=stop_in_the_middle)
    with pytest.raises(Interrupted, match=INTERRUPTED):
        train_arms(place, ARMS, 2)
    assert seen[-1] < 3
    again = replace(place, should_stop=lambda: False)
    assert numbers(train_arms(again, ARMS, 2)) == numbers(trained)


def test_what_goes_wrong_is_named_and_not_hidden_by_the_interruption_of_others(
    dataset: Dataset, tmp_path: Path
) -> None:
    bad = Arm("bad", tiny_run(steps=300), CATEGORY)
    checkpoint = run_directory(tmp_path, bad, 0) / "checkpoints" / "last.safetensors"
    checkpoint.parent.mkdir(parents=True)
    (checkpoint.parent.parent / "config.yaml").write_text("model: {}")
    checkpoint.write_bytes(b"no checkpoint")
    good = [Arm(f"good {number}", tiny_run(), CATEGORY) for number in range(3)]
    with pytest.raises(TrainingError, match=r"last\.safetensors"):
        train_arms(Place(dataset, tmp_path, jobs=1), [*good, bad], 1)


def test_two_arms_do_not_share_a_directory(dataset: Dataset, tmp_path: Path) -> None:
    arms = [Arm("a, b", tiny_run(), CATEGORY), Arm("A b", tiny_run(), CATEGORY)]
    with pytest.raises(ValueError, match="two would share a directory"):
        train_arms(Place(dataset, tmp_path), arms, 1)


def test_the_stopwatch_leaves_the_monitor_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.0, 52.0, 53.0])
    monkeypatch.setattr("muforge.studies.arms.time.process_time", lambda: next(clock))
    stopwatch = _Stopwatch(3)
    for step in range(1, 6):
        stopwatch.lap(step)
    assert stopwatch.seconds(100) == 100.0
