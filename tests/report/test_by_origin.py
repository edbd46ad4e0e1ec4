from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from muforge import report
from muforge.errors import ConfigError, SampleError
from muforge.sample import Sample
from tests.muons import make_sample

GROUPS = {"pions": (1,), "charm and beauty": (4, 5)}


def with_origins() -> Sample:
    sample = make_sample(2000, protons_on_target=500.0)
    return Sample(
        {**sample.columns, "origin": np.resize([1, 4, 5], len(sample))},
        protons_on_target=sample.protons_on_target,
    )


def test_a_line_for_each_group_in_each_panel() -> None:
    sample = with_origins()
    figure = report.by_origin(
        sample, GROUPS, z_end=150.0, slits=[(8.0, 8.5), (11.0, 11.5)], title="by origin"
    )
    figure.draw_without_rendering()
    assert figure.get_suptitle() == "by origin"
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "start $z$ of vertices on the axis [cm]",
        "start $z$ of vertices off the axis [cm]",
        "start $x$ [cm]",
        "$p$ [GeV]",
        "$p_T$ [GeV]",
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(GROUPS)
    for axes in figure.axes:
        lines = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
        assert len(lines) == 2
    on_axis, off_axis = (
        sum(np.nansum(patch.get_data()[0]) for patch in axes.patches if isinstance(patch, StepPatch))
        for axes in figure.axes[:2]
    )
    share = sample.weight[sample.category <= 2].sum() / sample.sum_of_weights
    assert on_axis / (on_axis + off_axis) == pytest.approx(share, rel=0.1)
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log", "log", "log", "log"]
    momentum = [patch for patch in figure.axes[3].patches if isinstance(patch, StepPatch)]
    for line, origins in zip(momentum, GROUPS.values(), strict=True):
        values, edges, _ = line.get_data()
        own = np.isin(sample["origin"], origins)
        assert np.nansum(values * np.diff(edges)) == pytest.approx(sample.weight[own].sum() / 500.0)


def test_impossible_requests() -> None:
    sample = make_sample(10)
    with pytest.raises(SampleError, match="'origin': missing"):
        report.by_origin(sample, GROUPS, z_end=150.0)
    with pytest.raises(ConfigError, match="7 groups"):
        report.by_origin(with_origins(), {str(number): (number,) for number in range(7)}, z_end=150.0)
    with pytest.raises(SampleError, match="no muons"):
        report.by_origin(with_origins().select(slice(0, 0)), GROUPS, z_end=150.0)
