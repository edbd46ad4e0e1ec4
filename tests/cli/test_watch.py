from __future__ import annotations

from pathlib import Path

import pytest

from muforge.cli import main
from muforge.training.directory import RESULT_NAME
from tests.training.runs import CATEGORY, tiny_fit


@pytest.fixture(scope="module")
def going_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training without its result."""
    run = tmp_path_factory.mktemp("watch") / "run"
    run.mkdir()
    tiny_fit(run / f"category-{CATEGORY}")
    (run / f"category-{CATEGORY}" / RESULT_NAME).unlink()
    return run


def test_once(going_on: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["watch", str(going_on), "--once"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"{going_on / 'watch.html'}: category 4 at step 30; going on\n"


def test_interrupted(
    going_on: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(SystemExit) as stop:
        main(["watch", str(going_on)])
    assert stop.value.code == 130
    assert "Traceback" not in capsys.readouterr().err


def test_without_tensorboard_one_line_says_so(
    going_on: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("training.watch", "training.event_files"):
        monkeypatch.setattr(f"muforge.{place}.available", lambda: False)
    with pytest.raises(SystemExit) as stop:
        main(["watch", str(going_on), "--once"])
    assert stop.value.code == 0
    line = "muforge: warning: no TensorBoard event files: install them with pip install 'muforge[watch]'\n"
    assert capsys.readouterr().err == line
