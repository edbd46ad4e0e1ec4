"""The command line as a user meets it: exit codes, one-line errors, nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

import muforge as mf
from muforge import presets
from muforge.bundle import Bundle
from muforge.cli import main
from muforge.training.config import RunConfig
from tests.dataset.production import write_flat
from tests.muons import make_sample

TINY = (
    *(
        "--steps",
        "30",
        "--monitor-every",
        "15",
        "-layersG",
        "1",
        "-layersD",
        "1",
        "-nG",
        "0.05",
        "-nD",
        "0.05",
    ),
    *(
        "--set",
        "training.judge_size=60",
        "--set",
        "training.plots=false",
        "--set",
        "training.checkpoint_every=10",
    ),
)


def run(*arguments: object) -> int:
    """The exit code of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error beside warnings of few muons."""
    lines = [
        line
        for line in capsys.readouterr().err.splitlines()
        if line.strip() and not line.startswith("muforge: warning: category")
    ]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_flat(folder / "prod.root", 3000)
    mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=1e6)
    return folder / "ds"


def test_the_chain(tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """train, bundle, generate, judge, with the note's own option names."""
    assert run("train", dataset, "--out", tmp_path / "run", "-o", "0", "-l", "0.0002", *TINY) == 0
    shown = capsys.readouterr().out
    assert "ROC AUC" in shown
    assert "mu- off axis" in shown
    assert run("watch", tmp_path / "run") == 0
    assert "category 4 at step" in capsys.readouterr().out
    assert run("bundle", tmp_path / "run", "--data", dataset, "--out", tmp_path / "b", "--name", "tiny") == 0
    bundle = Bundle.load(tmp_path / "b")
    assert list(bundle.rates) == [1, 2, 3, 4]
    judged = bundle.manifest.categories[4].judged
    assert judged is not None
    assert 0.4 < judged["null"]["auc"] < 0.6
    assert (
        run("generate", tmp_path / "b", "--pot", "2e4", "--out", tmp_path / "s.root", "--z-offset", "-50")
        == 0
    )
    assert "learned from simulated muons of N_eff" in capsys.readouterr().out
    with uproot.open(tmp_path / "s.root") as file:
        assert file["pythia8-Geant4"]["oz"].array(library="np").max() < -40
    page = tmp_path / "judged"
    command = ("judge", dataset, tmp_path / "b", "--category", "4", "--repeats", "1", "--out", page)
    capsys.readouterr()
    assert run(*command) == 0
    assert "Distinguishable from the simulation." in capsys.readouterr().out
    assert {path.name for path in page.iterdir()} == {"judge.json", "report.html"}
    assert run(*command) == 1
    assert "judge.json: exists already" in error_of(capsys)


def test_a_run_goes_on_with_resume(tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("train", dataset, "--out", tmp_path / "run", "--category", "2", *TINY)
    assert run(*command) == 0
    result = (tmp_path / "run" / "category-2" / "result.json").read_bytes()
    capsys.readouterr()
    assert run(*command) == 1
    assert "give --resume" in error_of(capsys)
    assert run(*command, "--resume") == 0
    assert (tmp_path / "run" / "category-2" / "result.json").read_bytes() == result
    config = tmp_path / "run" / "category-2" / "config.yaml"
    again = ("train", dataset, "--out", tmp_path / "again", "--category", "2", "--config", config)
    assert run(*again) == 0
    assert (tmp_path / "again" / "category-2" / "result.json").read_bytes() == result


def test_sigint_keeps_a_checkpoint(tmp_path: Path, dataset: Path) -> None:
    command = [
        *(
            sys.executable,
            "-m",
            "muforge",
            "train",
            str(dataset),
            "--out",
            str(tmp_path / "run"),
            "--category",
            "4",
        ),
        *TINY,
        *("--steps", "1000000", "--monitor-every", "0", "--patience", "0"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        checkpoint = tmp_path / "run" / "category-4" / "checkpoints" / "last.safetensors"
        while not checkpoint.exists():
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        shown = process.stderr.read()
        assert process.wait() == 130
    assert "interrupted after step" in shown
    assert "--resume goes on" in shown
    assert "Traceback" not in shown


def test_ingest_says_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_flat(tmp_path / "good.root")
    (tmp_path / "bad.root").write_text("x")
    files = (tmp_path / "good.root", tmp_path / "bad.root")
    assert run("ingest", *files, "--out", tmp_path / "ds") == 3
    captured = capsys.readouterr()
    assert "bad.root: not a ROOT or Parquet file" in captured.err
    assert "400 muons" in captured.out
    assert run("ingest", *files, "--out", tmp_path / "strict", "--strict") == 1
    assert "bad.root: not a ROOT or Parquet file" in error_of(capsys)
    assert run("ingest", tmp_path / "good.root", "--out", tmp_path / "ok", "--pot", "1e6") == 0
    assert run("ingest", tmp_path / "good.root", "--out", tmp_path / "ok", "--pot", "1e6") == 0
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "category", "message"),
    [
        (slice(3, 4), 4, "category 4 has no muons in the"),
        (slice(0, 200, 4), 3, "category 3 has no muons in the train split"),
        (slice(0, 40, 4), 1, "muons of positive weight, at least 20 are needed"),
    ],
)
def test_too_few_muons_to_train(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: slice, category: int, message: str
) -> None:
    """A single muon, a category without any, and fewer than the judge can work with."""
    mf.write(make_sample(400).select(rows), tmp_path / "few.root", event_columns=True)
    mf.ingest([tmp_path / "few.root"], tmp_path / "ds")
    assert run("train", tmp_path / "ds", "--out", tmp_path / "run", "--category", category, *TINY) == 1
    assert message in error_of(capsys)
    assert not list((tmp_path / "run").rglob("*.safetensors"))


def test_a_missing_split_is_found_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Category 1 has enough muons, category 4 a single one, which is in one split."""
    many, one = make_sample(600, category=1), make_sample(1, category=4)
    mf.write(mf.Sample.concatenate([many, one]), tmp_path / "few.root", event_columns=True)
    mf.ingest([tmp_path / "few.root"], tmp_path / "ds")
    command = (
        "train",
        tmp_path / "ds",
        "--out",
        tmp_path / "run",
        "--category",
        "1",
        "--category",
        "4",
        *TINY,
    )
    assert run(*command, "--jobs", "1") == 1
    assert "category 4 has no muons in the" in error_of(capsys)
    assert not (tmp_path / "run").exists()


def test_few_muons_and_few_effective_ones_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = make_sample(1200, category=1)
    heavy = np.where(np.arange(1200) % 20 == 0, 1e4, 1.0)
    mf.write(mf.Sample({**sample.columns, "weight": heavy}), tmp_path / "few.root", event_columns=True)
    mf.ingest([tmp_path / "few.root"], tmp_path / "ds")
    assert run("train", tmp_path / "ds", "--out", tmp_path / "run", "--category", "1", *TINY) == 0
    warned = capsys.readouterr().err
    assert "category 1: " in warned
    assert "training muons, fewer than 1,000" in warned
    assert "N_eff of the training muons is" in warned


def test_presets_and_configurations_are_one_or_the_other(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("train", dataset, "--out", tmp_path / "run")
    assert run(*command, "--preset", "best", "--config", "c.yaml") == 1
    assert "--preset best, --config c.yaml: give one of them" in error_of(capsys)
    assert run(*command, "--preset", "bets") == 1
    assert "preset 'bets': unknown; known are best, flow" in error_of(capsys)
    assert run(*command, "--preset", "best", "-nG", "2") == 1
    assert "generator" in error_of(capsys)


def test_the_default_is_the_best_preset(tmp_path: Path, dataset: Path) -> None:
    few = ("--steps", "5", "--category", "2", "--set", "training.judge_size=50", "--jobs", "1")
    assert run("train", dataset, "--out", tmp_path / "run", *few) == 0
    config = RunConfig.load(tmp_path / "run" / "category-2" / "config.yaml")
    assert config.model == presets.preset("best").model
    assert config.representation.kind == "physics"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["ingest", "{tmp}/no.root", "--out", "{tmp}/ds"],
            "no file could be used: {tmp}/no.root: no such file",
        ),
        (["ingest", "{good}", "--out", "{good}"], "is a file, expected a directory"),
        (["ingest", "{good}", "--out", "{tmp}/a/b"], "{tmp}/a: no such directory"),
        (["ingest", "{good}", "--out", "{tmp}/ds", "--pot", "-1"], "--pot -1: must be a positive number"),
        (["train", "{tmp}/no", "--out", "{tmp}/run"], "{tmp}/no: no such data set"),
        (["train", "{ds}", "--out", "{good}"], "is a file, expected a directory"),
        (["train", "{ds}", "--out", "{tmp}/a/b"], "{tmp}/a: no such directory"),
        (["train", "{ds}", "--out", "{tmp}/run", "-o", "sgd"], "model.optimiser"),
        (["train", "{ds}", "--out", "{tmp}/run", "--set", "model.colour=1"], "model.colour: "),
        (["train", "{ds}", "--out", "{tmp}/run", "--set", "colour.of=1"], "colour.of: unknown option"),
        (["train", "{ds}", "--out", "{tmp}/run", "--set", "x"], "--set x: expected KEY=VALUE"),
        (["train", "{ds}", "--out", "{tmp}/run", "--steps", "-5"], "training.steps"),
        (["train", "{ds}", "--out", "{tmp}/run", "--device", "cuda:7"], "device 'cuda:7'"),
        (["train", "{ds}", "--out", "{tmp}/run", "--config", "{tmp}/no.yaml"], "no.yaml: cannot be read"),
        (["watch", "{tmp}"], "not a run of 'muforge train'"),
        (["watch", "{tmp}/no"], "{tmp}/no: no such run"),
        (["bundle", "{tmp}", "--data", "{ds}", "--out", "{tmp}/b"], "has no finished run"),
        (["generate", "{tmp}/no", "--pot", "1", "--out", "{tmp}/s.root"], "{tmp}/no: no such bundle"),
        (["generate", "{tmp}", "--pot", "1", "--out", "{tmp}/s.root"], "not a bundle"),
        (["judge", "{ds}", "{good}", "--out", "{good}"], "is a file, expected a directory"),
        (["judge", "{ds}", "{good}", "--out", "{tmp}/a/b"], "{tmp}/a: no such directory"),
        (["judge", "{ds}", "{good}", "--train", "{good}"], "{good}: not a data set"),
        (["judge", "{ds}", "{tmp}/no.root"], "no.root: no such file"),
        (["quickstart", "--out", "{ds}"], "holds something else than a quickstart"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    places = {"tmp": tmp_path, "ds": dataset, "good": dataset.parent / "prod.root"}
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob("*")}
    assert run(*(argument.format(**places) for argument in arguments)) == 1
    line = error_of(capsys)
    assert line.startswith("muforge: error: ")
    assert message.format(**places) in line
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob("*")} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pot", "-1e9"], "--pot -1e+09: must be a positive number"),
        ([], "give either a number of protons on target (--pot) or a number of muons (--muons)"),
        (["--pot", "1", "--muons", "1"], "give either"),
        (["--pot", "1e6", "--shards", "0"], "--shards 0"),
        (["--pot", "1e6", "--format", "npy", "--buffer-row"], "--buffer-row: only for --format flat"),
        (
            ["--pot", "1e6", "--format", "hdf5", "--compression", "zstd"],
            "--compression: not for --format hdf5, which is not compressed",
        ),
        (["--muons", "1.5"], "--muons 1.5: must be a whole number"),
        (["--muons", "0"], "--muons 0: must be a positive number"),
        (["--muons", "1e5", "--max-size", "2GB", "--shards", "2"], "--shards, --max-size: give one of them"),
        (["--muons", "1e5", "--max-size", "many"], "size 'many': must be a positive number with a unit"),
        (["--muons", "1e5", "--max-size", "0B"], "size '0B'"),
        (["--muons", "1e5", "--max-size", "1kB"], "--max-size 1000 bytes: too small, 65536 muons take about"),
        (["--pot", "1e6", "--format", "parquet", "--z-offset", "1"], "--z-offset: not for --format parquet"),
    ],
)
def test_bad_options_of_generate(
    untrained_bundle: Bundle,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert run("generate", untrained_bundle.directory, "--out", tmp_path / "s.root", *options) == 1
    assert message in error_of(capsys)
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate") == 2
    assert run("nonsense") == 2
    assert "Traceback" not in capsys.readouterr().err


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    with pytest.raises(mf.MuforgeError):
        main(["train", str(tmp_path / "no"), "--out", str(tmp_path / "run"), "--debug"])


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"muforge {mf.__version__}\n"
    for command in ("ingest", "train", "watch", "bundle", "judge", "generate", "quickstart"):
        assert run(command, "--help") == 0
        assert "Usage: muforge" in capsys.readouterr().out


def test_unexpected_errors_are_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from muforge.quickstart import tour

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/secret")

    monkeypatch.setattr(tour, "tour", broken)
    assert run("quickstart") == 70
    assert "unexpected ZeroDivisionError: oops (run with --debug" in error_of(capsys)
    monkeypatch.setattr(tour, "tour", forbidden)
    assert run("quickstart") == 1
    assert error_of(capsys) == "muforge: error: /secret: Permission denied"
