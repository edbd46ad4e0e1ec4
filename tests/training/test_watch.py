from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from muforge.errors import ConfigError, TrainingError
from muforge.training.directory import HISTORY_NAME, MONITOR_NAME, RESULT_NAME
from muforge.training.watch import EVENTS_NAME, PAGE_NAME, Update, watch
from tests.training.runs import CATEGORY, tiny_config, tiny_fit


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training with its figures, as `muforge train` lays it out."""
    run = tmp_path_factory.mktemp("watch") / "run"
    run.mkdir()
    tiny_fit(run / f"category-{CATEGORY}", tiny_config(plots=True, steps=15, monitor_every=5))
    return run


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def scalars(run: Path) -> dict[str, list[int]]:
    """Steps of every tag in the run's event files."""
    pytest.importorskip("tensorboard", reason="tensorboard is not installed (pip install 'muforge[watch]')")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / EVENTS_NAME / f"category-{CATEGORY}"))
    events.Reload()
    return {tag: [event.step for event in events.Tensors(tag)] for tag in events.Tags()["tensors"]}


def test_a_finished_run_is_shown_once_and_for_all(run: Path) -> None:
    updates: list[Update] = []
    page = watch(run, update=updates.append)
    assert updates == [Update({CATEGORY: 15}, True)]
    text = page.read_text(encoding="utf-8")
    assert 'http-equiv="refresh"' not in text
    assert "Finished; last judged at step 15" in text
    assert "ROC AUC" in text
    assert text.count("<img") == 4
    assert "learning_rate" in text
    assert "Kolmogorov-Smirnov" in text
    assert scalars(run)["generated/auc"] == [5, 10, 15]
    assert {"null/auc", "generated/largest_ks", "null/largest_ks", "loss/d_loss"} <= scalars(run).keys()


def test_a_run_that_goes_on_reloads_its_page_and_loses_no_step(run: Path) -> None:
    """The history grows between two looks, each by a process of its own; nothing is written twice."""
    folder = run / f"category-{CATEGORY}"
    whole = json.loads((folder / HISTORY_NAME).read_text())
    (folder / RESULT_NAME).unlink()
    (folder / HISTORY_NAME).write_text(json.dumps(whole[:1]))
    page = watch(run, every=2.5, once=True)
    assert '<meta http-equiv="refresh" content="3">' in page.read_text(encoding="utf-8")
    assert "Going on; last judged at step 5" in page.read_text(encoding="utf-8")
    assert scalars(run)["generated/auc"] == [5]
    watch(run, once=True)
    (folder / HISTORY_NAME).write_text(json.dumps(whole))
    watch(run, once=True)
    assert scalars(run)["generated/auc"] == [5, 10, 15]


def test_plots_that_come_after_the_history_are_shown(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor writes the history first; a look in between must not be the last one before the next judgement."""
    folder = run / f"category-{CATEGORY}"
    later = {path: path.read_bytes() for path in [folder / MONITOR_NAME, *(folder / "plots").iterdir()]}
    for path in (folder / RESULT_NAME, *later):
        path.unlink()
    pictures: list[int] = []

    def wait(_: float) -> None:
        pictures.append((run / PAGE_NAME).read_text(encoding="utf-8").count("<img"))
        if len(pictures) > 1:
            raise KeyboardInterrupt
        for path, content in later.items():
            path.write_bytes(content)

    updates: list[Update] = []
    monkeypatch.setattr("time.sleep", wait)
    with pytest.raises(KeyboardInterrupt):
        watch(run, update=updates.append)
    assert pictures == [1, 4]
    assert updates == [Update({CATEGORY: 15}, False)]


def test_a_page_of_an_unchanged_run_is_left_alone(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / f"category-{CATEGORY}" / RESULT_NAME).unlink()
    written: list[int] = []

    def wait(_: float) -> None:
        written.append((run / PAGE_NAME).stat().st_mtime_ns)
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", wait)
    with pytest.raises(KeyboardInterrupt):
        watch(run)
    assert len(set(written)) == 1


def test_a_category_that_has_not_begun_is_waited_for(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    following = run / "category-1"
    following.mkdir()
    monkeypatch.setattr("time.sleep", lambda _: following.rmdir())
    updates: list[Update] = []
    watch(run, update=updates.append)
    assert [update.finished for update in updates] == [False, True]


def test_no_category_has_begun(run: Path) -> None:
    shutil.rmtree(run / f"category-{CATEGORY}")
    (run / f"category-{CATEGORY}").mkdir()
    updates: list[Update] = []
    watch(run, once=True, update=updates.append)
    assert updates == [Update({}, False)]
    assert list((run / f"category-{CATEGORY}").iterdir()) == []


def test_events_of_a_killed_watch_are_completed(run: Path) -> None:
    """Wherever the file ends, each scalar is there once."""
    watch(run)
    whole = scalars(run)
    (file,) = (run / EVENTS_NAME / f"category-{CATEGORY}").iterdir()
    content = file.read_bytes()
    for end in range(len(content) // 2, len(content), 251):
        for path in file.parent.iterdir():
            path.unlink()
        file.write_bytes(content[:end])
        watch(run)
        assert scalars(run) == whole


def test_events_of_another_run_in_the_same_place_go(run: Path) -> None:
    watch(run)
    history = run / f"category-{CATEGORY}" / HISTORY_NAME
    other = [{**row, "auc": 0.9} for row in json.loads(history.read_text())]
    history.write_text(json.dumps(other[:2]))
    watch(run)
    assert scalars(run)["generated/auc"] == [5, 10]
    history.write_text(json.dumps(other))
    watch(run)
    assert scalars(run)["generated/auc"] == [5, 10, 15]


def test_one_category_by_itself(run: Path) -> None:
    page = watch(run / f"category-{CATEGORY}", once=True)
    assert page == run / f"category-{CATEGORY}" / PAGE_NAME


def test_nothing_judged_yet(run: Path) -> None:
    folder = run / f"category-{CATEGORY}"
    for name in (HISTORY_NAME, MONITOR_NAME, RESULT_NAME):
        (folder / name).unlink()
    updates: list[Update] = []
    page = watch(run, once=True, update=updates.append)
    assert updates == [Update({}, False)]
    assert "Nothing has been judged yet" in page.read_text(encoding="utf-8")


def test_without_tensorboard_the_page_is_written(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muforge.training.watch.available", lambda: False)
    watch(run, once=True)
    assert (run / PAGE_NAME).is_file()
    assert not (run / EVENTS_NAME).exists()


def test_bad_input(tmp_path: Path, run: Path) -> None:
    with pytest.raises(TrainingError, match="no such run"):
        watch(tmp_path / "no")
    with pytest.raises(TrainingError, match="not a run of 'muforge train'"):
        watch(tmp_path)
    shutil.copytree(run / f"category-{CATEGORY}", tmp_path / "category-9")
    with pytest.raises(TrainingError, match="not a run of 'muforge train'"):
        watch(tmp_path / "category-9")
    with pytest.raises(ConfigError, match="every 0 seconds: must be positive"):
        watch(run, every=0)
    (run / f"category-{CATEGORY}" / HISTORY_NAME).write_text("{")
    with pytest.raises(TrainingError, match=r"history\.json: damaged"):
        watch(run, once=True)
