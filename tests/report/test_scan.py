"""Figures and page of a scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from muforge.report.scan import scan_figures, write_scan_page
from muforge.report.scan_figures import grid_map, history, importances, parallel
from muforge.report.style import GENERATED
from muforge.scanning.parameter import Parameter, parameter
from muforge.scanning.result import ScanResult, Trial
from muforge.scanning.trial import TrialEnd

PARAMETERS: dict[str, Parameter] = {
    "-l": parameter("-l", {"low": 1e-4, "high": 1e-1, "log": True}),
    "model.layers": parameter("model.layers", {"low": 1, "high": 4}),
    "model.name": parameter("model.name", ["b<i>", "a", None]),
    "training.batch_size": parameter("training.batch_size", [100, 10, 1000]),
}


def trial(number: int, state: Any = "complete", value: float | None = None, **labels: Any) -> Trial:
    chosen = {
        "-l": 10 ** (-1 - number % 4),
        "model.layers": 1 + number % 4,
        "model.name": ("b<i>", "a", None)[number % 3],
        "training.batch_size": (100, 10, 1000)[number % 3],
        **labels,
    }
    value = 0.5 / (1 + number) if value is None and state != "failed" else value
    reason = "loss <b>is</b> nan" if state == "failed" else None
    return Trial(number, chosen, TrialEnd(state, value, 0.01, 100, 1.0, reason))


def found(*trials: Trial, shares: dict[str, float] | None = None) -> ScanResult:
    return ScanResult("auc", (1, 4), trials, shares or {})


SOME = found(
    *(trial(number) for number in range(8)),
    trial(8, "pruned", 0.4),
    trial(9, "failed"),
    shares={"-l": 0.75, "model.layers": 0.25},
)


def lines(figure: Figure) -> list[Any]:
    """The lines of trials in parallel coordinates."""
    every: list[Any] = list(figure.axes[0].lines)
    return [line for line in every if len(line.get_xdata()) == len(PARAMETERS) + 1]


def test_parallel_coordinates_have_a_line_for_each_trial_with_a_value() -> None:
    drawn = lines(parallel(SOME, PARAMETERS))
    assert len(drawn) == 9
    (best,) = (line for line in drawn if line.get_color() == GENERATED)
    (pruned,) = (line for line in drawn if line.get_linestyle() == "--")
    assert list(best.get_ydata())[-1] == 0
    heights = list(pruned.get_ydata())
    assert heights[0] == pytest.approx(1, abs=1e-12)
    assert heights[1] == pytest.approx(0, abs=0.03)
    assert 0.7 < heights[-1] < 1
    assert best.get_zorder() > max(line.get_zorder() for line in drawn if line is not best)


def test_numbers_of_a_list_are_drawn_in_their_order_and_names_as_they_are() -> None:
    figure = parallel(found(trial(0), trial(1), trial(2), trial(3)), PARAMETERS)
    texts = {
        (round(text.get_position()[0]), round(text.get_position()[1], 3)): text.get_text()
        for text in figure.axes[0].texts
    }
    assert [texts[3, height] for height in (0, 0.5, 1)] == ["10", "100", "1000"]
    assert [texts[2, height] for height in (0, 0.5, 1)] == ["b<i>", "a", "None"]
    assert {texts[0, 0], texts[0, 0.333], texts[0, 1]} == {"0.0001", "0.001", "0.1"}
    assert [text for (place, height), text in texts.items() if place == 1 and height <= 1].count("2.5") == 0


def test_the_history_has_the_best_so_far() -> None:
    axes = history(SOME).axes[0]
    labels: dict[Any, Any] = {line.get_label(): line for line in axes.lines}
    assert list(labels["best so far"].get_ydata())[:3] == [0.5, 0.25, 0.5 / 3]
    assert list(labels["stopped early"].get_xdata()) == [8]
    assert labels["real muons"].get_ydata()[0] == 0.01
    assert axes.get_yscale() == "linear"
    wide = found(trial(0, value=2.0), trial(1, value=0.001))
    assert history(wide).axes[0].get_yscale() == "log"


def test_importances_are_bars() -> None:
    axes = importances(SOME).axes[0]
    bars: list[Any] = list(axes.patches)
    assert [bar.get_width() for bar in bars] == [0.75, 0.25]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["-l", "layers"]


def test_a_grid_of_two_parameters_has_a_map() -> None:
    plane = {name: PARAMETERS[name] for name in ("model.name", "training.batch_size")}
    trials = [
        Trial(0, {"model.name": "a", "training.batch_size": 10}, TrialEnd("complete", 0.25, None, 1, 1.0)),
        Trial(1, {"model.name": None, "training.batch_size": 100}, TrialEnd("complete", 0.5, None, 1, 1.0)),
        Trial(2, {"model.name": "b<i>", "training.batch_size": 10}, TrialEnd("pruned", 0.1, None, 1, 1.0)),
    ]
    figure = grid_map(found(*trials), plane)
    assert figure is not None
    cells = {text.get_position(): text.get_text() for text in figure.axes[0].texts if text.get_text()}
    assert cells == {(1.5, 1.5): "0.25", (2.5, 0.5): "0.5"}
    assert grid_map(SOME, PARAMETERS) is None
    assert grid_map(SOME, {name: PARAMETERS[name] for name in ("-l", "model.name")}) is None


@pytest.mark.parametrize(
    "trials", [(trial(0),), (trial(0), trial(1, value=0.5)), (trial(0, value=0.0), trial(1, "pruned", 3.0))]
)
def test_few_trials_are_drawn_too(trials: tuple[Trial, ...], tmp_path: Path) -> None:
    figures = scan_figures(found(*trials), PARAMETERS)
    assert [each.name for each in figures] == ["parallel", "history"]
    write_scan_page("few", found(*trials), figures, "", tmp_path / "page.html")


def test_the_page_has_every_trial(tmp_path: Path) -> None:
    many = found(*(trial(number) for number in range(40)), trial(40, "failed"), shares={"-l": 1.0})
    path = tmp_path / "page.html"
    write_scan_page("my <scan>", many, scan_figures(many, PARAMETERS), "seed: 0 # <mine>", path)
    page = path.read_text(encoding="utf-8")
    assert "my &lt;scan&gt;" in page
    assert "loss &lt;b&gt;is&lt;/b&gt; nan" in page
    assert "b&lt;i&gt;" in page
    assert "seed: 0 # &lt;mine&gt;" in page
    assert page.count("<figure") == 3
    assert page.count("<tr>") + page.count("<tr ") == 1 + 10 + 1 + 41
    assert "All 41 trials" in page


def test_of_failed_trials_alone_there_is_a_page(tmp_path: Path) -> None:
    write_scan_page("none", found(trial(0, "failed")), [], "", tmp_path / "page.html")
    assert scan_figures(found(trial(0, "failed")), PARAMETERS) == []
    assert "0 complete" in (tmp_path / "page.html").read_text(encoding="utf-8")
