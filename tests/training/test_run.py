"""Whole runs: what they leave behind, how they go on, and what they refuse."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from muforge.errors import (
    ConfigError,
    Interrupted,
    OutputError,
    RepresentationError,
    SampleError,
    TrainingError,
)
from muforge.models.gan import GANModel
from muforge.sample import Sample
from muforge.training import monitor as monitor_module
from muforge.training.batches import WeightedBatches
from muforge.training.config import RunConfig
from muforge.training.directory import (
    BEST_NAME,
    CONFIG_NAME,
    HISTORY_NAME,
    LAST_NAME,
    MONITOR_NAME,
    RESULT_NAME,
    category_directory,
)
from muforge.training.estimator import train
from muforge.training.run import finished_categories, fit, load_model, load_run
from tests.training.runs import CATEGORY, TINY_TRAINING, differing, last_state, split, tiny_config, tiny_fit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run. Read only."""
    directory = tmp_path_factory.mktemp("runs") / "whole"
    tiny_fit(directory)
    return directory


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()
    }


def stop_after(step: int) -> dict[str, Any]:
    seen = [0]

    def progress(number: int, steps: int, losses: Any) -> None:
        seen[0] = number

    return {"progress": progress, "should_stop": lambda: seen[0] >= step}


def judged_by(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """Let the monitor find these distances one after the other."""
    given = iter(values)
    monkeypatch.setattr(monitor_module, "distance", lambda result, figure: next(given))


def test_what_a_run_leaves_behind(whole: Path) -> None:
    assert set(files(whole)) == {
        *(CONFIG_NAME, HISTORY_NAME, MONITOR_NAME, RESULT_NAME, LAST_NAME, BEST_NAME)
    }
    history = json.loads((whole / HISTORY_NAME).read_text())
    assert [row["step"] for row in history] == [12, 24, 30]
    assert set(history[0]) == {
        *("step", "d_loss", "g_loss", "auc", "reduced_chi2", "overlap"),
        *("null_auc", "null_reduced_chi2", "null_overlap", "largest_ks", "null_largest_ks"),
        *("coverage", "null_coverage"),
    }
    result = json.loads((whole / RESULT_NAME).read_text())
    assert result["steps"] == 30
    assert not result["stopped_early"]
    best = min(history, key=lambda row: abs(row["auc"] - 0.5))
    assert result["best_step"] == best["step"]
    assert result["judged"]["repeats"] == 3
    assert result["judged"]["null"]["auc"] != result["judged"]["generated"]["auc"]
    assert result["n_eff"]["training"] == pytest.approx(split("train").n_eff)
    assert RunConfig.load(whole / CONFIG_NAME) == tiny_config()


def test_losses_in_the_history_are_means_since_the_row_before(tmp_path: Path) -> None:
    seen: list[float] = []
    result = tiny_fit(None, progress=lambda step, steps, losses: seen.append(losses["d_loss"]))
    means = [np.mean(seen[:12]), np.mean(seen[12:24]), np.mean(seen[24:])]
    assert [row["d_loss"] for row in result.history] == pytest.approx(means)


def test_a_run_in_memory_equals_one_on_disk(whole: Path) -> None:
    in_memory, on_disk = tiny_fit(None), load_run(whole)
    assert differing(in_memory.model.tensors(), on_disk.model.tensors()) == []
    assert in_memory.history == on_disk.history
    assert in_memory.judged == on_disk.judged


def test_the_best_model_is_the_one_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_by(monkeypatch, [0.3, 0.1, 0.2])
    result = tiny_fit(tmp_path / "run")
    assert json.loads((tmp_path / "run" / RESULT_NAME).read_text())["best_step"] == 24
    state = last_state(tmp_path / "run")
    assert differing(state["progress"]["best"]["tensors"], result.model.tensors()) == []
    assert differing(load_model(tmp_path / "run" / BEST_NAME).tensors(), result.model.tensors()) == []
    assert differing(state["machinery"]["ema"], result.model.tensors()) != []


@pytest.mark.parametrize(
    "kill_after", [5, 12, 26], ids=["before any checkpoint", "at a monitor call", "later"]
)
def test_killed_and_resumed_equals_uninterrupted_to_the_last_bit(
    whole: Path, tmp_path: Path, kill_after: int
) -> None:
    directory = tmp_path / "run"
    command = [sys.executable, "-m", "tests.training.runs", str(directory), str(kill_after)]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (directory / RESULT_NAME).exists()
    assert (directory / LAST_NAME).exists() == (kill_after > 8)
    steps: list[int] = []
    result = tiny_fit(directory, resume=True, progress=lambda step, total, losses: steps.append(step))
    assert steps == list(range(kill_after // 8 * 8 + 1, 31))
    assert differing(last_state(whole), last_state(directory)) == []
    assert files(directory) == files(whole)
    assert differing(result.model.tensors(), load_run(whole).model.tensors()) == []


def test_interrupted_and_resumed_equals_uninterrupted(whole: Path, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    with pytest.raises(
        Interrupted, match=r"interrupted after step 13 of 30: kept in .*run; --resume goes on"
    ):
        tiny_fit(directory, **stop_after(13))
    assert last_state(directory)["progress"]["step"] == 13
    tiny_fit(directory, resume=True)
    assert files(directory) == files(whole)


def test_interrupted_in_memory() -> None:
    with pytest.raises(Interrupted, match="after step 3 of 30: nothing is kept"):
        tiny_fit(None, **stop_after(3))


def test_resuming_a_finished_run_changes_nothing(whole: Path) -> None:
    before = files(whole)

    def never(*_: Any) -> None:
        raise AssertionError("trained")

    result = tiny_fit(whole, resume=True, progress=never)
    assert files(whole) == before
    assert result.history == load_run(whole).history
    assert result.judged == load_run(whole).judged


def test_steps_may_be_raised(tmp_path: Path) -> None:
    tiny_fit(tmp_path / "run", tiny_config(steps=12))
    steps: list[int] = []
    longer = tiny_config(steps=30)
    result = tiny_fit(tmp_path / "run", longer, resume=True, progress=lambda step, *_: steps.append(step))
    assert steps == list(range(13, 31))
    assert [row["step"] for row in result.history] == [12, 24, 30]
    assert RunConfig.load(tmp_path / "run" / CONFIG_NAME) == longer


def test_a_longer_run_has_no_result_until_it_ends(tmp_path: Path) -> None:
    tiny_fit(tmp_path / "run", tiny_config(steps=12))
    with pytest.raises(Interrupted):
        tiny_fit(tmp_path / "run", tiny_config(steps=30), resume=True, **stop_after(0))
    assert not (tmp_path / "run" / RESULT_NAME).exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (tiny_config(batch_size=20), "training.batch_size is 16 in the run and 20 now"),
        (tiny_config({"learning_rate": 0.1}), r"model.learning_rate is 0\.0002 in the run and 0\.1 now"),
        (tiny_config(steps=20), "training.steps is 30 in the run and 20 now; it may be raised only"),
        (tiny_config(patience=2), "training.patience is 10 in the run and 2 now; it may be raised only"),
        (tiny_config(seed=5), "training.seed is 0 in the run and 5 now"),
    ],
)
def test_a_run_is_not_gone_on_with_under_other_options(whole: Path, changed: RunConfig, message: str) -> None:
    before = files(whole)
    with pytest.raises(TrainingError, match=message):
        tiny_fit(whole, changed, resume=True)
    assert files(whole) == before


def test_a_run_is_not_gone_on_with_on_other_events(whole: Path) -> None:
    train = split("train")
    other = train.select(np.arange(len(train)) % 7 > 0)
    with pytest.raises(TrainingError, match="other training events"):
        fit(other, split("validation"), None, CATEGORY, tiny_config(), whole, resume=True)
    with pytest.raises(TrainingError, match="is a run of category 4, not 3"):
        fit(split("train", 3), split("validation", 3), None, 3, tiny_config(), whole, resume=True)


def test_an_existing_run_is_not_overwritten(whole: Path, tmp_path: Path) -> None:
    before = files(whole)
    with pytest.raises(
        OutputError, match=r"a run exists already; give --resume to go on with it, or another"
    ):
        tiny_fit(whole)
    assert files(whole) == before
    (tmp_path / "thesis.tex").touch()
    for resume in (False, True):
        with pytest.raises(OutputError, match="holds other files than a run's"):
            tiny_fit(tmp_path, resume=resume)
    with pytest.raises(OutputError, match="is a file, expected a directory"):
        tiny_fit(tmp_path / "thesis.tex")
    with pytest.raises(OutputError, match="no such directory"):
        tiny_fit(tmp_path / "a" / "b")


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    tiny_fit(tmp_path / "run")
    last = tmp_path / "run" / LAST_NAME
    last.write_bytes(last.read_bytes()[:-9])
    with pytest.raises(TrainingError, match=r"last\.safetensors: damaged"):
        tiny_fit(tmp_path / "run", resume=True)


def test_early_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_by(monkeypatch, [0.4, 0.5, 0.2, 0.3, 0.2, 0.1])
    config = tiny_config(steps=100, monitor_every=5, patience=2)
    result = tiny_fit(tmp_path / "run", config)
    assert [row["step"] for row in result.history] == [5, 10, 15, 20, 25]
    outcome = json.loads((tmp_path / "run" / RESULT_NAME).read_text())
    assert outcome["stopped_early"]
    assert (outcome["steps"], outcome["best_step"]) == (25, 15)
    assert last_state(tmp_path / "run")["progress"]["step"] == 25


def test_patience_may_be_raised_after_early_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_by(monkeypatch, [0.2, 0.3, 0.1, 0.3, 0.3])
    impatient, patient = (tiny_config(steps=25, monitor_every=5, patience=patience) for patience in (1, 0))
    tiny_fit(tmp_path / "run", impatient)
    result = tiny_fit(tmp_path / "run", patient, resume=True)
    assert [row["step"] for row in result.history] == [5, 10, 15, 20, 25]
    assert json.loads((tmp_path / "run" / RESULT_NAME).read_text())["best_step"] == 15


@pytest.mark.parametrize("figure", ["auc", "overlap", "reduced_chi2"])
def test_the_figure_of_merit_decides_the_best_step(tmp_path: Path, figure: str) -> None:
    result = tiny_fit(tmp_path / "run", tiny_config(figure_of_merit=figure, monitor_every=6, judge_size=100))
    outcome = json.loads((tmp_path / "run" / RESULT_NAME).read_text())

    def distance(row: dict[str, Any]) -> float:
        if figure == "reduced_chi2":
            return float("inf") if row[figure] is None else float(row[figure])
        return abs(row["auc"] - 0.5) if figure == "auc" else -float(row["overlap"])

    assert outcome["best_step"] == min(result.history, key=distance)["step"]


def test_diverged_losses_stop_the_run_and_keep_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, calls = GANModel.training_step, [0]

    def poisoned(self: GANModel, batch: Tensor, optimisers: Any) -> dict[str, Tensor]:
        calls[0] += 1
        losses = step(self, batch, optimisers)
        return losses | {"g_loss": losses["g_loss"] * float("nan")} if calls[0] == 21 else losses

    monkeypatch.setattr(GANModel, "training_step", poisoned)
    with pytest.raises(TrainingError, match="step 21: g_loss is nan; training diverged"):
        tiny_fit(tmp_path / "run")
    assert last_state(tmp_path / "run")["progress"]["step"] == 16


def test_diverged_weights_are_never_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, calls = GANModel.training_step, [0]

    def poisoned(self: GANModel, batch: Tensor, optimisers: Any) -> dict[str, Tensor]:
        calls[0] += 1
        losses = step(self, batch, optimisers)
        if calls[0] == 16:
            with torch.no_grad():
                next(self.generator.parameters()).fill_(float("inf"))
        return losses

    monkeypatch.setattr(GANModel, "training_step", poisoned)
    with pytest.raises(TrainingError, match=r"step 16: weights sampler\.0\.weight are not finite"):
        tiny_fit(tmp_path / "run")
    assert last_state(tmp_path / "run")["progress"]["step"] == 8


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(2)
    try:
        tiny_fit(None)
        with pytest.raises(Interrupted):
            tiny_fit(None, **stop_after(2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.get_float32_matmul_precision() == precision
    assert torch.equal(torch.rand(4), expected)


def test_the_monitor_does_not_change_the_training(tmp_path: Path) -> None:
    for name, every in (("often", 3), ("once", 0)):
        tiny_fit(tmp_path / name, tiny_config(monitor_every=every, patience=0))
    often, once = (last_state(tmp_path / name)["machinery"] for name in ("often", "once"))
    assert differing(often, once) == []


def test_each_step_gets_its_own_batch_of_encoded_training_muons(monkeypatch: pytest.MonkeyPatch) -> None:
    step, fed = GANModel.training_step, []

    def spy(self: GANModel, batch: Tensor, optimisers: Any) -> dict[str, Tensor]:
        fed.append(batch.clone())
        return step(self, batch, optimisers)

    monkeypatch.setattr(GANModel, "training_step", spy)
    model = tiny_fit(None).model
    train = split("train")
    batches = WeightedBatches(model.representation.encode(train), train.weight, 8, seed=0, category=CATEGORY)
    assert len(fed) == 30
    for number, batch in enumerate(fed):
        assert torch.equal(batch, batches.at(number))


def test_the_seed_changes_everything() -> None:
    base = tiny_fit(None).model.tensors()
    assert differing(base, tiny_fit(None, tiny_config(seed=1)).model.tensors())


def test_categories_on_the_axis_have_four_columns(tmp_path: Path) -> None:
    data = [split(name, 1) for name in ("train", "validation", "test")]
    directory = category_directory(tmp_path, 1)
    result = fit(data[0], data[1], data[2], 1, tiny_config(), directory)
    sample = result.model.sample(40)
    assert (sample.category == 1).all()
    assert set(finished_categories(tmp_path)) == {1}
    assert differing(finished_categories(tmp_path)[1].model.tensors(), result.model.tensors()) == []


def test_without_test_events_nothing_is_judged(tmp_path: Path) -> None:
    result = fit(split("train"), split("validation"), None, CATEGORY, tiny_config(), tmp_path / "run")
    assert result.judged is None
    assert load_run(tmp_path / "run").judged is None


def test_runs_that_are_not_finished_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no finished run, expected category-1"):
        finished_categories(tmp_path)
    with pytest.raises(TrainingError, match=r"not a finished run, it has no result\.json"):
        load_run(tmp_path)
    tiny_fit(tmp_path / "run")
    (tmp_path / "run" / RESULT_NAME).write_text("{")
    with pytest.raises(TrainingError, match="damaged run"):
        load_run(tmp_path / "run")


def test_unusable_samples_are_named() -> None:
    train, validation, config = split("train"), split("validation"), tiny_config()

    def attempt(training: Sample, check: Sample = validation) -> None:
        fit(training, check, None, CATEGORY, config)

    with pytest.raises(SampleError, match="category 4, training events: no muons"):
        attempt(train.select(slice(0)))
    with pytest.raises(SampleError, match="category 4, training events: all 300 weights are zero"):
        attempt(Sample({**train.columns, "weight": np.zeros(300)}))
    with pytest.raises(RepresentationError, match=r"category 4, training events: column .* in 1 muon"):
        attempt(train.select(slice(1)))
    with pytest.raises(SampleError, match="category 4, training events: 300 muons are of another category"):
        attempt(split("train", 3))
    with pytest.raises(SampleError, match="category 4, validation events: no muons"):
        attempt(train, validation.select(slice(0)))
    with pytest.raises(SampleError, match="validation events: 12 muons of positive weight, at least 20"):
        attempt(train, validation.select(slice(12)))


def test_a_run_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    train = split("train")
    flat = Sample({**train.columns, "start_z": np.full(len(train), 6.5)})
    with pytest.raises(RepresentationError, match=r"column 'start_z' is constant \(6\.5\) in 300 muons"):
        fit(flat, split("validation"), None, CATEGORY, tiny_config(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    tiny_fit(tmp_path / "run")


@pytest.mark.parametrize(
    ("device", "message"),
    [("abacus", "device 'abacus': unknown"), ("meta", "device 'meta': not available here")],
)
def test_devices_that_are_not_there(device: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny_fit(None, tiny_config(device=device))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_cuda_is_refused_where_there_is_none() -> None:
    with pytest.raises(ConfigError, match="device 'cuda': not available here"):
        tiny_fit(None, tiny_config(device="cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_trains_and_resumes(tmp_path: Path) -> None:
    config = tiny_config(device="cuda")
    with pytest.raises(Interrupted):
        tiny_fit(tmp_path / "run", config, **stop_after(10))
    result = tiny_fit(tmp_path / "run", config, resume=True)
    assert len(result.model.sample(10)) == 10


def test_figures_are_drawn(tmp_path: Path) -> None:
    tiny_fit(tmp_path / "run", tiny_config(steps=4, plots=True))
    names = {"one_dimensional.png", "pairs.png", "bdt_output.png", "progress.png"}
    assert {file.name for file in (tmp_path / "run" / "plots").iterdir()} == names


class Splits:
    """A data set that lives in memory."""

    def load(self, category: int, name: str, /) -> Sample:
        return split(name, category)


def test_train_is_the_same_run(whole: Path, tmp_path: Path) -> None:
    config = tiny_config()
    model = train(Splits(), CATEGORY, config, tmp_path / "run")
    assert differing(model.tensors(), load_run(whole).model.tensors()) == []
    assert files(tmp_path / "run") == files(whole)
    assert TINY_TRAINING["steps"] == 30
