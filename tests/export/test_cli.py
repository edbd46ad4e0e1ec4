"""`muforge export` as a user meets it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from muforge.bundle import Bundle
from muforge.cli import main
from muforge.quickstart.tour import PACKAGED_BUNDLE

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command: its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["export", *map(str, arguments)])
        return int(stop.value.code or 0), *capsys.readouterr()

    return run


def test_a_header(export: Run, tmp_path: Path) -> None:
    out = tmp_path / "muforge.hpp"
    code, shown, _ = export(PACKAGED_BUNDLE, "--to", "cpp", "--out", out)
    assert code == 0
    assert f"{out}: {out.stat().st_size / 1e6:.3g} MB" in shown
    assert f"g++ -std=c++17 -O2 -I{tmp_path}" in shown
    assert [file.name for file in tmp_path.iterdir()] == ["muforge.hpp"]


def test_a_generator_for_fairship(export: Run, tmp_path: Path) -> None:
    out = tmp_path / "[shipgen]"
    code, shown, _ = export(PACKAGED_BUNDLE, "--to", "fairship", "--out", out)
    assert code == 0
    assert f"{out / 'README.md'} says" in shown
    assert all(f"{file}: " in shown for file in out.iterdir())
    assert export(PACKAGED_BUNDLE, "--to", "fairship", "--out", out)[0] == 1
    assert export(PACKAGED_BUNDLE, "--to", "fairship", "--out", out, "--force")[0] == 0


def test_code_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        "from muforge.cli import main\n"
        "atexit.register(lambda: print('torch' in sys.modules))\n"
        "main(sys.argv[1:])\n"
    )
    arguments = ["export", str(PACKAGED_BUNDLE), "--to", "fairship", "--out", str(tmp_path / "f")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("target", ["cpp", "fairship"])
def test_bad_input_is_one_line(export: Run, untrained_bundle: Bundle, tmp_path: Path, target: str) -> None:
    out, there = tmp_path / "out", tmp_path / "there"
    there.write_text("mine")
    for bundle, name, message in (
        (tmp_path, out, "not a bundle"),
        (untrained_bundle.directory, out, "category 1: model family 'gan'"),
        (PACKAGED_BUNDLE, there, "there: "),
        (PACKAGED_BUNDLE, tmp_path / "nowhere" / "out", "nowhere: no such directory"),
    ):
        code, shown, error = export(bundle, "--to", target, "--out", name)
        assert (code, shown, error.count("\n")) == (1, "", 1)
        assert message in error
    assert [file.name for file in tmp_path.iterdir()] == ["there"]
    assert there.read_text() == "mine"


def test_an_unknown_target_is_named(export: Run, tmp_path: Path) -> None:
    code, _, error = export(PACKAGED_BUNDLE, "--to", "rust", "--out", tmp_path / "out")
    assert code == 2
    assert "'rust' is not one of" in error
