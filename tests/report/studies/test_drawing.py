"""What the parts of studies' figures show, read from their artists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from muforge.report.studies.drawing import by_seed, cell_names, heat_map, learning_curves, tail_ratios
from muforge.report.style import house_style
from muforge.studies.tail_yields import TailYield

VALUES = [[0.1, 0.3], [0.5]]


@pytest.fixture
def figure() -> Figure:
    return Figure(layout="constrained")


def drawn(figure: Figure) -> None:
    with house_style():
        figure.draw_without_rendering()


def line(artist: Line2D) -> tuple[list[float], list[float]]:
    """Its coordinates."""
    return np.asarray(artist.get_xdata()).tolist(), np.asarray(artist.get_ydata()).tolist()


def errors(container: Any) -> list[float]:
    """Half of the length of each bar."""
    (bars,) = container.lines[2]
    return [float(np.ptp(segment, axis=0).max() / 2) for segment in bars.get_segments()]


def test_values_by_seed_have_a_tick_each_and_their_mean(figure: Figure) -> None:
    axes = figure.subplots()
    by_seed(axes, ["one", "two"], VALUES, "excess AUC")
    drawn(figure)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["one", "two"]
    ticks = [each for each in axes.lines if each.get_marker() == "|" and each.get_markersize() == 9]
    assert [line(each)[0] for each in ticks] == VALUES
    bars: list[Any] = list(axes.containers)
    assert [line(each.lines[0])[0][0] for each in bars] == pytest.approx([0.2, 0.5])
    assert [errors(each) for each in bars] == [[pytest.approx(np.std(VALUES[0], ddof=1))], [0.0]]


def test_curves_are_means_over_seeds(figure: Figure) -> None:
    axes = figure.subplots()
    curves = [[[10, 0.4], [20, 0.2]], [[10, 0.2], [20, 0.1]]]
    learning_curves(axes, [{"name": "one", "curves": curves}, {"name": "two", "curves": curves[:1]}])
    drawn(figure)
    steps, means = line(axes.lines[0])
    assert steps == [10, 20]
    assert means == pytest.approx([0.3, 0.15])
    assert len(axes.collections) == 1


def test_curves_of_different_length_can_be_drawn_against_the_part_done(figure: Figure) -> None:
    axes = figure.subplots()
    learning_curves(axes, [{"name": "one", "curves": [[[10, 0.4], [40, 0.2]]]}], of_all=True)
    assert line(axes.lines[0])[0] == [0.25, 1]
    assert "part" in axes.get_xlabel()


def test_tails_are_ratios_with_both_errors(figure: Figure) -> None:
    axes = figure.subplots()
    tails = [[TailYield("p", 0.99, ratio, 0.3).to_dict()] for ratio in (0.5, 1.0)]
    tail_ratios(axes, ["one"], [tails])
    drawn(figure)
    points: Any = axes.containers[0]
    assert line(points.lines[0])[1] == pytest.approx([0.75])
    assert errors(points) == pytest.approx([np.hypot(0.3, np.std([0.5, 1.0], ddof=1))])
    assert axes.get_xticklabels()[0].get_text() == "p\n99%"


def test_a_heat_map_has_its_first_axis_to_the_right_and_gaps(figure: Figure) -> None:
    axes = figure.subplots()
    heat_map(figure, axes, [[1.0, None], [3.0, 4.0]], label="score", text=[["a", ""], ["c", "d"]])
    cell_names(axes, ["low", "high"], "of G", "of D")
    drawn(figure)
    (mesh,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
    values: Any = mesh.get_array()
    assert values.reshape(2, 2).filled(-1).tolist() == [[1, 3], [-1, 4]]
    places = {text.get_text(): text.get_position() for text in axes.texts}
    assert places["c"] == (1.5, 0.5)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["low", "high"]


def test_a_heat_map_over_numbers_has_their_edges(figure: Figure) -> None:
    axes = figure.subplots()
    heat_map(figure, axes, [[0.1, 0.2], [0.3, 0.4]], edges=[-3, 0, 3], label="score", ends=(0, 1))
    drawn(figure)
    assert axes.get_xlim() == (-3, 3)
    assert axes.collections[0].get_clim() == (0, 1)
