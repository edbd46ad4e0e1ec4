"""Scans from their beginning to their end."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, DatasetError, FarmError, Interrupted, OutputError
from muforge.scanning import alone, going
from muforge.scanning.directory import trial_directory
from muforge.scanning.trial import TrialEnd, TrialTask, _Watch
from muforge.search import ScanProgress, ScanResult
from muforge.training.config import RunConfig
from tests.scanning.scans import LATENT, RANDOM, RATE, InProcess, judge_cheaply, made_up, use, write_space
from tests.studies.tiny import tiny_dataset

GRID: dict[str, Any] = {
    "sampler": "grid",
    "categories": [4],
    "space": {LATENT: [2, 3], RATE: [0.1, 0.001, 0.2]},
}
FAR = "tcp://127.0.0.1:1"
TPE: dict[str, Any] = {**RANDOM, "sampler": "tpe"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("search"), 1600)


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """A farm on which trials are made up."""
    monkeypatch.setattr(going, "run_trial", made_up)
    return use(monkeypatch, InProcess())


def parameters(found: ScanResult) -> list[dict[str, Any]]:
    return [dict(each.parameters) for each in found.trials]


def test_a_scan_leaves_all_that_it_found(farm: InProcess, data: Dataset, tmp_path: Path) -> None:
    out, told = tmp_path / "out", list[ScanProgress]()
    found = mf.scan(write_space(tmp_path, GRID), data.directory, out, progress=told.append)
    assert parameters(found) == [{LATENT: n, RATE: rate} for n in (2, 3) for rate in (0.1, 0.001, 0.2)]
    assert found.best is not None
    assert (found.best.number, found.best.value) == (1, 0.001 + 0.02)
    assert [(each.done, each.trials) for each in told] == [(done, 6) for done in range(7)]
    assert [each.best for each in told][:3] == [None, 0.1 + 0.02, 0.001 + 0.02]
    assert found.importances[RATE] > found.importances[LATENT]
    assert sum(found.importances.values()) == pytest.approx(1)
    written = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert ScanResult.from_dict(written) == found
    assert written["best"] == 1
    best: Any = RunConfig.load(out / "best.yaml").model
    assert (best.latent_dimensions, best.learning_rate) == (2, 0.001)
    assert {each.name for each in (out / "figures").iterdir()} == {
        "map.png",
        "parallel.png",
        "history.png",
        "importances.png",
    }
    page = (out / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure") == 4
    assert not re.search(r"(src|href)=.https?:", page)
    assert f"The best is trial 1, with 0.021 (real muons: 0.01): {LATENT} 2, {RATE} 0.001." in page
    assert farm.opened == [("local", 6, (out.absolute(), data.directory.absolute()))]


@pytest.mark.parametrize("content", [RANDOM, GRID])
def test_trials_are_the_same_for_any_number_of_workers(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    space = write_space(tmp_path, content)
    one = mf.scan(space, data.directory, tmp_path / "one", trials=6)
    use(monkeypatch, InProcess(workers=4, newest=True))
    four = mf.scan(space, data.directory, tmp_path / "four", trials=6, farm="local:4")
    assert four == one


@pytest.mark.parametrize("content", [RANDOM, TPE, GRID])
def test_a_scan_that_was_interrupted_goes_on_as_if_it_had_not_been(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    trials = 6 if content is GRID else 14
    space = write_space(tmp_path, content)
    whole = mf.scan(space, data.directory, tmp_path / "whole", trials=trials)
    out = tmp_path / "out"
    for stop in (0, 4):
        use(monkeypatch, InProcess(stop=stop))
        with pytest.raises(Interrupted, match=rf"{stop} of {trials} trials have ended.*the same command"):
            mf.scan(space, data.directory, out, trials=trials)
        assert not (out / "result.json").exists()
    again = use(monkeypatch, InProcess())
    assert mf.scan(space, data.directory, out, trials=trials) == whole
    assert again.opened[0][1] == trials - 4
    before = (out / "result.json").read_bytes()
    (out / "page.html").unlink()
    assert mf.scan(space, data.directory, out, trials=trials) == whole
    assert len(again.opened) == 1
    assert (out / "result.json").read_bytes() == before


def test_more_trials_go_on_with_those_that_are_there(farm: InProcess, data: Dataset, tmp_path: Path) -> None:
    space, out = write_space(tmp_path), tmp_path / "out"
    few = mf.scan(space, data.directory, out, trials=3)
    more = mf.scan(space, data.directory, out, trials=5)
    assert more.trials[:3] == few.trials
    assert [tasks for _, tasks, _ in farm.opened] == [3, 2]
    assert mf.scan(space, data.directory, out, trials=2) == more
    assert mf.scan(space, data.directory, tmp_path / "whole", trials=5) == more


def test_trainings_that_were_killed_go_on_from_their_checkpoints(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_cheaply(monkeypatch)
    use(monkeypatch, InProcess(workers=2))
    space = write_space(tmp_path, checkpoint_every=2)
    whole = mf.scan(space, data.directory, tmp_path / "whole", trials=3)
    ask, asked = _Watch.__call__, 0

    def killed(self: _Watch) -> bool:
        nonlocal asked
        asked += 1
        if asked == 10:
            raise KeyboardInterrupt
        return ask(self)

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="1 of 3 trials have ended"):
        patch.setattr(_Watch, "__call__", killed)
        mf.scan(space, data.directory, tmp_path / "out", trials=3)
    found = mf.scan(space, data.directory, tmp_path / "out", trials=3)
    assert [(each.parameters, each.value, each.end.step) for each in found.trials] == [
        (each.parameters, each.value, each.end.step) for each in whole.trials
    ]


def test_trials_that_fail_are_noted_and_the_others_go_on(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose = {1}

    def failing(task: TrialTask) -> TrialEnd:
        if task.number in lose:
            raise FarmError("its worker was lost")
        if task.number == 2:
            return TrialEnd("failed", None, None, 0, 0.1, "step 3: loss is nan")
        return made_up(task)

    monkeypatch.setattr(going, "run_trial", failing)
    out = tmp_path / "out"
    told = list[ScanProgress]()
    found = mf.scan(write_space(tmp_path), data.directory, out, trials=4, progress=told.append)
    assert [each.state for each in found.trials] == ["complete", "lost", "failed", "complete"]
    assert [each.end.reason for each in found.failed] == ["its worker was lost", "step 3: loss is nan"]
    assert [each.ended.number for each in told if each.ended is not None and each.ended.end.reason] == [1, 2]
    assert told[-1].done == 4
    assert "its worker was lost" in (trial_directory(out, 1) / "failed.txt").read_text(encoding="utf-8")
    assert not trial_directory(out, 2).exists()
    assert "Trial 2 failed: step 3: loss is nan (" in (out / "page.html").read_text(encoding="utf-8")
    lose.clear()
    again = mf.scan(write_space(tmp_path), data.directory, out, trials=4)
    assert [each.state for each in again.trials] == ["complete", "complete", "failed", "complete"]
    assert [tasks for _, tasks, _ in farm.opened] == [4, 1]
    assert not (trial_directory(out, 1) / "failed.txt").exists()


def test_without_a_complete_trial_there_is_no_best(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = TrialEnd("failed", None, None, 0, 0.1, "no")
    monkeypatch.setattr(going, "run_trial", lambda task: end)
    found = mf.scan(write_space(tmp_path), data.directory, tmp_path / "out", trials=2)
    assert found.best is None
    assert not (tmp_path / "out" / "best.yaml").exists()
    assert (tmp_path / "out" / "page.html").is_file()


def test_where_all_trials_are_the_same_nothing_is_important(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going, "run_trial", lambda task: TrialEnd("complete", 0.25, None, 6, 0.1))
    found = mf.scan(write_space(tmp_path), data.directory, tmp_path / "out", trials=5)
    assert found.importances == {}
    assert found.best is not None
    assert found.best.number == 0


def test_trials_draw_nothing_and_the_best_does(
    farm: InProcess, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def noting(task: TrialTask) -> TrialEnd:
        seen.append(task.config["training"]["plots"])
        return made_up(task)

    monkeypatch.setattr(going, "run_trial", noting)
    mf.scan(write_space(tmp_path, plots=True), data.directory, tmp_path / "out", trials=2)
    assert seen == [False, False]
    assert RunConfig.load(tmp_path / "out" / "best.yaml").training.plots


@pytest.mark.parametrize(
    ("content", "training", "key"),
    [
        ({**RANDOM, "seed": 1}, {}, "seed"),
        ({**RANDOM, "space": {LATENT: [2, 3, 4]}}, {}, f"space.{RATE}"),
        (RANDOM, {"steps": 9}, "config.training.steps"),
    ],
)
def test_a_directory_of_another_scan_is_refused(
    farm: InProcess, data: Dataset, tmp_path: Path, content: Any, training: Any, key: str
) -> None:
    out = tmp_path / "out"
    mf.scan(write_space(tmp_path), data.directory, out, trials=1)
    with pytest.raises(OutputError, match=f"holds a scan with another {key}; choose another name"):
        mf.scan(write_space(tmp_path, content, **training), data.directory, out, trials=1)


def test_a_directory_of_another_data_set_or_of_something_else_is_refused(
    farm: InProcess, data: Dataset, tmp_path: Path
) -> None:
    space, out = write_space(tmp_path), tmp_path / "out"
    mf.scan(space, data.directory, out, trials=1)
    other = tiny_dataset(tmp_path, 400)
    with pytest.raises(OutputError, match=f"holds a scan of data set {data.directory}, which is not"):
        mf.scan(space, other.directory, out, trials=1)
    with pytest.raises(OutputError, match="holds other files than a scan's"):
        mf.scan(space, data.directory, other.directory, trials=1)


def test_a_scan_that_is_going_on_is_left_alone(farm: InProcess, data: Dataset, tmp_path: Path) -> None:
    space, out = write_space(tmp_path), tmp_path / "out"
    mf.scan(space, data.directory, out, trials=1)
    with alone.alone(out), pytest.raises(OutputError, match="another process is going on with this scan"):
        mf.scan(space, data.directory, out, trials=2)


@pytest.mark.parametrize(("where", "name"), [("local", "scan.db"), (FAR, "scan.journal")])
def test_a_damaged_storage_is_named(
    farm: InProcess, data: Dataset, tmp_path: Path, where: str, name: str
) -> None:
    space, out = write_space(tmp_path), tmp_path / "out"
    mf.scan(space, data.directory, out, trials=1, farm=where)
    storage = out / name
    storage.write_bytes(b"{nothing\n" + storage.read_bytes())
    with pytest.raises(OutputError, match=f"{name}: damaged"):
        mf.scan(space, data.directory, out, trials=2, farm=where)


def test_workers_elsewhere_share_a_journal(farm: InProcess, data: Dataset, tmp_path: Path) -> None:
    space = write_space(tmp_path)
    here = mf.scan(space, data.directory, tmp_path / "here", trials=3)
    begun = mf.scan(space, data.directory, tmp_path / "far", trials=2, farm=FAR)
    gone_on = mf.scan(space, data.directory, tmp_path / "far", trials=3)
    assert len(begun.trials) == 2
    assert parameters(gone_on) == parameters(here)
    assert not (tmp_path / "far" / "scan.db").exists()
    with pytest.raises(ConfigError, match=r"scan\.db: SQLite, which workers on other machines cannot share"):
        mf.scan(space, data.directory, tmp_path / "here", trials=4, farm=FAR)


def test_how_many_trials_has_to_be_known(farm: InProcess, data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="say how many trials"):
        mf.scan(write_space(tmp_path), data.directory, tmp_path / "out")
    with pytest.raises(ConfigError, match="0 trials: there must be at least one"):
        mf.scan(write_space(tmp_path), data.directory, tmp_path / "out", trials=0)
    with pytest.raises(ConfigError, match="7 trials, but the grid has 6 points"):
        mf.scan(write_space(tmp_path, GRID), data.directory, tmp_path / "out", trials=7)
    assert not (tmp_path / "out").exists()


def test_a_category_without_muons_is_told_before_any_training(farm: InProcess, tmp_path: Path) -> None:
    few = tiny_dataset(tmp_path, 4)
    with pytest.raises(DatasetError, match="category 4 has no muons in the"):
        mf.scan(write_space(tmp_path), few.directory, tmp_path / "out", trials=1)


def test_without_optuna_its_installation_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"a scan needs Optuna \(optuna\); pip install 'muforge\[farm\]'"):
        mf.scan(tmp_path, tmp_path, tmp_path)


@pytest.mark.long
def test_a_real_farm_one_of_whose_workers_is_killed(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same trials with the same values as in this process."""
    space = write_space(tmp_path)
    killed: list[int] = []

    def kill(now: ScanProgress) -> None:
        if now.ended is not None and not killed:
            killed.append(next(pid for pid in _children() if _is_a_worker(pid)))
            os.kill(killed[0], signal.SIGKILL)

    there = mf.scan(space, data.directory, tmp_path / "there", trials=4, farm="local:2", progress=kill)
    assert killed
    use(monkeypatch, InProcess())
    here = mf.scan(space, data.directory, tmp_path / "here", trials=4)
    assert [(each.parameters, each.state, each.value, each.end.null) for each in there.trials] == [
        (each.parameters, each.state, each.value, each.end.null) for each in here.trials
    ]


def _children() -> list[int]:
    """Processes that this one has started."""
    threads = Path("/proc/self/task").iterdir()
    return [int(pid) for each in threads for pid in (each / "children").read_text(encoding="utf-8").split()]


def _is_a_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
