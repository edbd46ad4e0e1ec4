"""What each figure shows, read from its artists; that it can be drawn at all, by drawing it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from muforge import report
from muforge.errors import ConfigError, SampleError, TrainingError
from muforge.judge import BDTResult, Comparison
from muforge.judge.bdt import evaluate_output
from muforge.report.density import density, histogram
from muforge.report.ranges import axis_range
from muforge.sample import OFF_AXIS_FEATURES, ON_AXIS_FEATURES, Sample
from tests.judge.toy import altered, toy


@pytest.fixture(scope="module")
def real() -> Sample:
    return toy(2000, 1)


@pytest.fixture(scope="module")
def generated() -> Sample:
    return altered(toy(1500, 2), weight=np.ones(1500))


def drawn(figure: Figure) -> Figure:
    figure.draw_without_rendering()
    return figure


def steps(axes: Axes) -> list[StepPatch]:
    return [patch for patch in axes.patches if isinstance(patch, StepPatch)]


def legend_texts(figure: Figure) -> str:
    legends = [
        *figure.legends,
        *(legend for axes in figure.axes if (legend := axes.get_legend()) is not None),
    ]
    return "\n".join(text.get_text() for legend in legends for text in legend.get_texts())


@pytest.mark.parametrize("columns", [ON_AXIS_FEATURES, OFF_AXIS_FEATURES, ("pz",)])
def test_one_dimensional_has_a_panel_and_a_ratio_per_column(
    real: Sample, generated: Sample, columns: tuple[str, ...]
) -> None:
    figure = drawn(report.one_dimensional(real, generated, columns, title="Category 4"))

    assert len(figure.axes) == 2 * len(columns)
    assert figure.get_suptitle() == "Category 4"
    ratios = figure.axes[1::2]
    assert len({axes.get_xlabel() for axes in ratios}) == len(columns)
    assert ratios[-1].get_xlabel() == "$p_z$ [GeV]"


def test_one_dimensional_draws_the_weighted_densities_and_their_ratio(
    real: Sample, generated: Sample
) -> None:
    figure = report.one_dimensional(real, generated, ["px"])
    main, below = figure.axes
    ends = axis_range(real, "px")
    of_real, of_generated = (density(histogram(sample, "px", 60, ends)) for sample in (real, generated))

    _, (line_real, _, _), (line_generated, edges, _) = (step.get_data() for step in steps(main))
    assert line_real == pytest.approx(of_real.values)
    assert line_generated == pytest.approx(of_generated.values)
    assert line_generated @ np.diff(edges) == pytest.approx(1 - of_generated.outside)
    points = np.asarray(below.lines[1].get_ydata(), float)
    np.testing.assert_allclose(
        points, of_generated.values / np.where(of_real.values > 0, of_real.values, np.nan)
    )


def test_one_dimensional_states_effective_sizes_and_what_is_not_shown(real: Sample) -> None:
    outlying = altered(real, px=np.where(np.arange(2000) < 100, 1e3, real["px"]), weight=np.ones(2000))
    figure = report.one_dimensional(real, outlying, ["px"])

    assert f"{real.n_eff:,.0f}" in legend_texts(figure)
    assert "2,000 muons" in legend_texts(figure)
    assert any("generated 5." in text.get_text() for text in figure.axes[0].texts)


@pytest.mark.parametrize(
    ("columns", "number"), [(OFF_AXIS_FEATURES, 15), (ON_AXIS_FEATURES, 6), (("px", "pz"), 1)]
)
def test_pairs_draws_each_pair_twice_on_one_colour_scale(
    real: Sample, generated: Sample, columns: tuple[str, ...], number: int
) -> None:
    figure = drawn(report.pairs(real, generated, columns, title="Category 4"))
    meshes = [mesh for axes in figure.axes for mesh in axes.collections if isinstance(mesh, QuadMesh)][
        : 2 * number
    ]

    assert len(figure.axes) == 2 * number + 1
    assert len({mesh.norm for mesh in meshes}) == 1
    titles = [axes.get_title() for axes in figure.axes[:-1]]
    assert titles == ["real", "generated"] * number
    labels = {(left.get_xlabel(), left.get_ylabel()) for left in figure.axes[:-1:2]}
    assert len(labels) == number


def test_pairs_shows_shares_of_the_weight(real: Sample, generated: Sample) -> None:
    figure = report.pairs(real, generated, ["px", "pz"])
    x, y = (axis_range(real, column) for column in ("px", "pz"))
    for axes, sample in zip(figure.axes, (real, generated), strict=False):
        mesh = axes.collections[0]
        counts, _, _ = np.histogram2d(sample["px"], sample["pz"], 40, (x, y), weights=sample.weight)
        shown = np.ma.filled(mesh.get_array(), 0).reshape(40, 40)  # type: ignore[arg-type]
        np.testing.assert_allclose(shown, counts.T / sample.sum_of_weights)


def test_pairs_of_one_column_is_refused(real: Sample) -> None:
    with pytest.raises(ConfigError, match="columns px: pairs need at least two"):
        report.pairs(real, real, ["px"])


def test_figures_of_nothing_are_refused(real: Sample) -> None:
    with pytest.raises(SampleError, match="generated sample: no muons"):
        report.one_dimensional(real, toy(0, 0), ["px"])
    with pytest.raises(SampleError, match="real sample: all 5 weights are zero"):
        report.pairs(toy(5, 0, weight=np.zeros(5)), real, ["px", "py"])


@pytest.fixture
def result() -> BDTResult:
    generator = np.random.default_rng(0)
    real, other = (toy(rows, 0, weight=np.ones(rows)) for rows in (900, 800))
    return evaluate_output(generator.beta(5, 4, 900), real, generator.beta(4, 5, 800), other, generator)


def test_bdt_output_shows_both_tests_with_their_figures(result: BDTResult) -> None:
    null = replace(result, auc=0.5012, auc_error=0.0034, density_other=result.density_other * 7)
    figure = drawn(
        report.bdt_output(Comparison(result, null, "reference", ("px", "pz"), 3), title="Category 4")
    )
    main, _, main_null, _ = figure.axes

    assert steps(main)[1].get_data()[0].tolist() == result.density_real.tolist()
    assert steps(main)[2].get_data()[0].tolist() == result.density_other.tolist()
    assert f"AUC {result.auc:.4f}" in main.texts[0].get_text()
    assert "AUC 0.5012 ± 0.0034" in main_null.texts[0].get_text()
    assert main.get_ylim() == main_null.get_ylim()
    assert "= 900" in legend_texts(figure)
    assert "= 800" in legend_texts(figure)
    assert any("reference trees on $p_x$, $p_z$" in text.get_text() for text in figure.texts)


def test_bdt_output_without_null_or_chi2(result: BDTResult) -> None:
    comparison = Comparison(replace(result, reduced_chi2=None), None, "histogram", ("px",), 1)
    figure = drawn(report.bdt_output(comparison))
    assert len(figure.axes) == 2
    assert "n/a" in figure.axes[0].texts[0].get_text()


FIGURES_OF_MERIT = {"auc": 0.9, "overlap": 0.2, "reduced_chi2": 50.0}
NULLS = {"null_auc": 0.5, "null_overlap": 0.98, "null_reduced_chi2": 1.0}
LOSSES = {"d_loss": 0.7, "g_loss": 0.9, "penalty_loss": 0.1}


def test_progress_draws_every_curve() -> None:
    rows = [{"step": 100.0 * step, **FIGURES_OF_MERIT, **NULLS, **LOSSES} for step in range(3)]
    figure = drawn(report.progress(rows))
    auc, _, chi2, losses = figure.axes

    assert [len(axes.lines) for axes in figure.axes] == [2, 2, 2, 3]
    assert np.asarray(auc.lines[0].get_xdata()).tolist() == [0, 100, 200]
    assert np.asarray(auc.lines[1].get_ydata()).tolist() == [0.5] * 3
    assert chi2.get_yscale() == "log"
    assert legend_texts(figure).split("\n") == [
        "generated", "null: real, other events", "discriminator", "generator", "penalty"
    ]  # fmt: skip
    assert losses.get_ylabel() == "loss"


def test_progress_leaves_gaps_and_panels_out() -> None:
    first: dict[str, float | None] = {"step": 0.0, **FIGURES_OF_MERIT, "reduced_chi2": None}
    second: dict[str, float | None] = {"step": 5.0, **FIGURES_OF_MERIT}
    figure = drawn(report.progress([first, second]))

    assert len(figure.axes) == 3
    np.testing.assert_array_equal(np.asarray(figure.axes[2].lines[0].get_ydata(), float), [np.nan, 50.0])


def test_progress_of_the_first_row_and_of_none() -> None:
    drawn(report.progress([{"step": 0.0, **FIGURES_OF_MERIT, "reduced_chi2": None}]))
    with pytest.raises(TrainingError, match="no rows"):
        report.progress([])


def test_no_global_state_is_touched() -> None:
    code = (
        "import matplotlib as m; before = dict(m.rcParams)\n"
        "from muforge import report\n"
        "report.progress([{'step': 1.0, 'auc': 0.6, 'overlap': 0.5, 'reduced_chi2': 2.0}])\n"
        "import matplotlib.pyplot as p\n"
        "print([k for k in before if k != 'backend' and m.rcParams[k] != before[k]], p.get_fignums())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[] []"
