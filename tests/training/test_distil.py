"""A student and its teacher in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muforge.errors import ConfigError, Interrupted, TrainingError
from muforge.sample import Sample
from muforge.training.config import RunConfig
from muforge.training.directory import load_model
from muforge.training.run import FitResult, fit
from tests.judge.beam import beam
from tests.training.runs import differing, last_state

CATEGORY = 3
TRAINING = {"batch_size": 64, "checkpoint_every": 5, "monitor_every": 0, "judge_size": 20, "plots": False}
SPLINES = {"family": "flow", "width": 8, "bins": 4, "knots": 8, "knots_others": 4}


def config(
    student: dict[str, Any] | None = None, teacher: dict[str, Any] | None = None, steps: int = 20
) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "model": {"family": "student", "width": 8, "knots": 8, **(student or {})},
            "representation": {"kind": "physics"},
            "training": {**TRAINING, "steps": steps, "schedule": "cosine"},
            "teacher": {
                "model": SPLINES | (teacher or {}),
                "training": {**TRAINING, "steps": 15},
                "pairs": 1500,
            },
        }
    )


def muons(seed: int, rows: int = 1500) -> Sample:
    return beam(rows, seed, category=CATEGORY)


def run(directory: Path | None, chosen: RunConfig | None = None, **options: Any) -> FitResult:
    return fit(muons(0), muons(1, 300), muons(2, 300), CATEGORY, chosen or config(), directory, **options)


def test_the_teacher_is_trained_before_the_student(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    result = run(
        tmp_path / "run", progress=lambda step, steps, losses: seen.append((step, steps, *losses)[:3])
    )
    assert [step for step, _, _ in seen] == list(range(1, 36))
    assert {steps for _, steps, _ in seen} == {35}
    assert [loss for _, _, loss in seen[:15]] == ["nll"] * 15
    assert "nll" not in {loss for _, _, loss in seen[15:]}
    assert result.model.config.family == "student"
    teacher = load_model(tmp_path / "run/teacher/checkpoints/best.safetensors")
    assert teacher.config.family == "flow"
    assert teacher.representation.state() == result.model.representation.state()
    assert result.judged is not None


@pytest.mark.parametrize("stop", [7, 22])
def test_an_interrupted_run_goes_on_to_the_same_student(tmp_path: Path, stop: int) -> None:
    steps = 0

    def count(step: int, total: int, losses: Any) -> None:
        nonlocal steps
        steps = step

    run(tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(tmp_path / "run", progress=count, should_stop=lambda: steps >= stop)
    run(tmp_path / "run", resume=True)
    assert differing(last_state(tmp_path / "whole"), last_state(tmp_path / "run")) == []


def test_the_first_coordinate_is_the_first_latent_number() -> None:
    model = run(None).model
    rng = np.random.default_rng(0)
    latent = np.random.default_rng(0).standard_normal((1024, 6), np.float32)
    start_z = model.columns(1024, rng)["start_z"]
    expected = model.representation.decode(np.concatenate([latent[:, :1]] * 6, axis=1))["start_z"]
    np.testing.assert_array_equal(start_z, expected)


def test_a_student_needs_a_teacher_and_only_a_student_has_one() -> None:
    plain = config().to_mapping()
    with pytest.raises(ConfigError, match="family 'student' without a teacher"):
        RunConfig.from_mapping({**plain, "teacher": None})
    with pytest.raises(ConfigError, match="family 'mixture' with a teacher"):
        RunConfig.from_mapping({**plain, "model": {"family": "mixture"}})


def test_latents_that_do_not_match_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.latent_dimensions is 9, the teacher has 5"):
        run(None, config(student={"latent_dimensions": 9}))


def test_a_teacher_that_changes_the_first_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.keeps_first: this teacher does not"):
        run(None, config(teacher={"transform": "coupling"}))


def test_steps_of_a_falling_learning_rate_cannot_be_raised(tmp_path: Path) -> None:
    run(tmp_path / "run")
    with pytest.raises(
        TrainingError, match=r"training.steps is 20 in the run and 30 now; only training.patience"
    ):
        run(tmp_path / "run", config(steps=30), resume=True)
