"""Two processes that train together, and one that does all of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils import get_total_norm
from torch.optim import SGD

import muforge as mf
from muforge.cli import main
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError
from muforge.models.optimisers import descend
from muforge.quickstart.tour import PACKAGED_SAMPLE
from muforge.training.batches import WeightedBatches
from muforge.training.categories import fit_categories
from muforge.training.checkpoint import load_checkpoint
from muforge.training.config import RunConfig
from muforge.training.connected import Connected
from muforge.training.directory import LAST_NAME
from muforge.training.ranks import ALONE, Ranks, check_shares, joined
from tests.training.runs import CATEGORY, differing, last_state, leaves, tiny_config, tiny_fit
from tests.training.together import CONFIGS, CUT_AFTER, FLOW, IMPATIENT, SAME, SIZE, cut, make, start

CLOSE = 1e-4
"""Numbers have 24 bits, 6e-8. A mean over two halves is rounded otherwise than one over the whole, and the difference
grows from step to step, with the high learning rate of 'shared' to a few 1e-6."""

STUDENT = CONFIGS["whole student"]
RANKS = [Connected(rank, SIZE, local=rank, beside=SIZE) for rank in range(SIZE)]
SECONDS = 120

Begun = tuple[Path, list[subprocess.Popen[str]]]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """Two processes at work, and their folder."""
    folder = tmp_path_factory.mktemp("two")
    mf.ingest([PACKAGED_SAMPLE], folder / "ds")
    cut(folder, "flow", "flow-of-one-and-two")
    both = start(*[["tests.training.together", folder]] * SIZE)
    yield folder, both
    for each in both:
        with each:
            each.kill()


@pytest.fixture(scope="module")
def one(begun: Begun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process trains."""
    folder = tmp_path_factory.mktemp("one")
    shutil.copytree(begun[0] / "ds", folder / "ds")
    for name in SAME:
        make(folder, name)
    return folder


@pytest.fixture(scope="module")
def two(begun: Begun, one: Path) -> Path:
    """What two processes train."""
    folder, both = begun
    said = [each.communicate(timeout=SECONDS)[1] for each in both]
    assert [each.returncode for each in both] == [0] * SIZE, said
    return folder


def assert_close(first: Path, second: Path) -> None:
    """Histories and weights of all the trainings in two directories."""
    histories, weights = (sorted(first.rglob(name)) for name in ("history.json", Path(LAST_NAME).name))
    assert len(histories) >= len(weights) > 0
    for path in histories:
        rows = [json.loads((run / path.relative_to(first)).read_text()) for run in (first, second)]
        assert len(rows[0]) == len(rows[1])
        for ours, theirs in zip(*rows, strict=True):
            names = [name for name in ours if name in {"step", "nll", "validation_nll", "distance"}]
            assert len(names) > 1
            assert {name: theirs[name] for name in names} == pytest.approx(
                {name: ours[name] for name in names}, rel=CLOSE
            )
    for path in weights:
        ours, theirs = (
            leaves(load_checkpoint(run / path.relative_to(first))["machinery"]["model"])
            for run in (first, second)
        )
        assert ours.keys() == theirs.keys()
        for name, weight in ours.items():
            torch.testing.assert_close(theirs[name], weight, rtol=CLOSE, atol=CLOSE, msg=name)


@pytest.mark.parametrize("name", SAME)
def test_two_processes_do_what_one_does(one: Path, two: Path, name: str) -> None:
    assert_close(one / name, two / name)


def test_both_stop_early(two: Path) -> None:
    history = json.loads((two / "shared/shared/history.json").read_text())
    assert history[-1]["step"] < IMPATIENT["steps"]


def test_a_run_goes_on_with_more_processes_and_with_fewer(one: Path, two: Path) -> None:
    assert_close(one / "flow", two / "flow-of-one-and-two")
    begun = last_state(two / "flow-of-two-and-one/category-4")["progress"]["step"]
    assert begun == CUT_AFTER + 1
    make(two, "flow", "flow-of-two-and-one", resume=True)
    assert_close(one / "flow", two / "flow-of-two-and-one")


def test_a_gan_that_was_interrupted_goes_on_to_the_same_result(two: Path) -> None:
    """Its numbers in a step have the step's address, and running statistics are those of all ranks."""
    whole, again = (last_state(two / name / "category-4") for name in ("gan", "gan-cut"))
    assert differing(whole, again) == []
    (row,) = whole["progress"]["history"]
    assert all(np.isfinite(row[name]) for name in ("d_loss", "g_loss"))


def test_every_rank_has_numbers_of_its_own_in_a_step() -> None:
    def draw(ranks: Any, step: int) -> list[float]:
        with torch.random.fork_rng(devices=[]):
            ranks.seed(1, 4, step)
            return torch.rand(2).tolist()

    assert draw(RANKS[0], 7) == draw(RANKS[0], 7)
    assert len({number for ranks in RANKS for step in (7, 8) for number in draw(ranks, step)}) == 8


def test_every_step_is_seeded() -> None:
    seen = []

    class Noting(Ranks):
        def seed(self, seed: int, category: int, step: int) -> None:
            seen.append((seed, category, step))

    tiny_fit(None, tiny_config(steps=3, monitor_every=0, seed=7), ranks=Noting())
    assert seen == [(7, CATEGORY, step) for step in range(3)]


def test_stretches_make_up_the_batch() -> None:
    matrix = np.arange(300, dtype=np.float32).reshape(100, 3)
    whole, *parts = (
        WeightedBatches(matrix, np.ones(100), 12, seed=3, category=1, ranks=ranks)
        for ranks in (ALONE, *RANKS)
    )
    for step in (0, 5, 1024):
        assert torch.equal(torch.cat([each.at(step) for each in parts]), whole.at(step))


def test_a_hook_sees_the_gradient_before_it_is_cut() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    optimiser = SGD([weight], lr=1.0)

    def average(*_: Any) -> None:
        assert weight.grad is not None
        assert get_total_norm([weight.grad]) == 5
        weight.grad /= 5

    optimiser.register_step_pre_hook(average)
    descend(weight @ torch.tensor([3.0, 4.0]), optimiser, clip=0.1)
    torch.testing.assert_close(weight.detach(), torch.tensor([-0.06, -0.08]))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (tiny_config(batch_size=18), "training.batch_size 18: 2 processes cannot share its 9 rows .*; 20 is"),
        (
            tiny_config({"family": "wgan", "critic_steps": 3}, batch_size=22),
            "batch_size 22: 2 processes cannot share its 33 rows",
        ),
        (
            RunConfig.from_mapping(
                {**STUDENT.to_mapping(), "teacher": {"model": FLOW, "training": {"batch_size": 7}}}
            ),
            "teacher.training.batch_size 7: 2 processes cannot share its 7 rows of data equally; 8 is possible",
        ),
        (
            RunConfig.from_mapping(
                {**CONFIGS["flow"].to_mapping(), "completion": {"pairs": {"batch_size": 9}}}
            ),
            "completion.pairs.batch_size 9: 2 processes",
        ),
    ],
)
def test_a_batch_that_cannot_be_shared_is_named(config: Any, message: str) -> None:
    check_shares(config, ALONE)
    with pytest.raises(ConfigError, match=message):
        check_shares(config, RANKS[0])


def test_several_jobs_and_several_ranks_are_refused(one: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--jobs 2: the 2 processes of torchrun train one category after"):
        fit_categories(Dataset.open(one / "ds"), tmp_path, (1, 2), tiny_config(), jobs=2, ranks=RANKS[0])
    assert not list(tmp_path.iterdir())


def test_every_process_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match=r"has 2 processes, .* there are 1; .*--nproc-per-node 1$"):
        RANKS[1].device("cuda")
    with pytest.raises(ConfigError, match="'cuda:1': each process has a GPU of its own; give 'cuda'"):
        RANKS[1].device("cuda:1")
    with pytest.raises(ConfigError, match="'mps': several processes train on 'cpu' or 'cuda'"):
        RANKS[1].device("mps")
    assert RANKS[1].device("cpu") == torch.device("cpu")


def test_an_environment_without_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "1")
    with joined() as ranks:
        assert ranks is ALONE
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match=r"RANK is '', expected a number: .* start muforge with torchrun"):
        joined().__enter__()


FLAGS = [
    *("--category", "4", "--steps", "400", "--batch-size", "64", "--monitor-every", "0"),
    *("--set", "training.judge_size=20", "--set", "training.plots=false", "--set", "model.width=6"),
    *("--set", "training.epochs=null"),
]


@pytest.mark.long
def test_ctrl_c_on_one_stops_both_and_torchrun_goes_on(one: Path, tmp_path: Path) -> None:
    command = ["muforge", "train", one / "ds", "--out", tmp_path / "two", *FLAGS]
    both = start(command, command)
    assert both[0].stderr is not None
    next(line for line in both[0].stderr if "category 4: step" in line)
    both[1].send_signal(signal.SIGINT)
    said = "".join(err for each in both for _, err in [each.communicate(timeout=SECONDS)])
    assert all(each.returncode > 0 for each in both)
    assert said.count("muforge: error:") == 1
    assert f"kept in {tmp_path / 'two/category-4'}; --resume goes on" in said
    assert 0 < last_state(tmp_path / "two/category-4")["progress"]["step"] < 400
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(SIZE), "-m"]
    done = subprocess.run(
        [sys.executable, "-m", *torchrun, *map(str, command), "--resume"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("category 4: best at step 400") == 1
    with pytest.raises(SystemExit) as end:
        main(["train", str(one / "ds"), "--out", str(tmp_path / "one"), *FLAGS])
    assert end.value.code == 0
    assert_close(tmp_path / "one", tmp_path / "two")


def test_when_one_fails_all_end_and_it_alone_says_why(one: Path, tmp_path: Path) -> None:
    data = one / "ds", tmp_path / "nothing"
    both = start(*(["muforge", "train", each, "--out", tmp_path / "run", *FLAGS] for each in data))
    said = [each.communicate(timeout=SECONDS)[1] for each in both]
    assert [each.returncode for each in both] == [1, 1]
    assert "muforge: error:" not in said[0]
    assert said[1].count("muforge: error:") == said[1].count(f"muforge: error: {tmp_path / 'nothing'}") == 1
