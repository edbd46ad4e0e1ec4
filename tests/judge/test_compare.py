from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from muforge.errors import ConfigError, SampleError
from muforge.judge import Comparison, compare
from muforge.judge.classifier import ClassifierName
from muforge.sample import OFF_AXIS_FEATURES, ON_AXIS_FEATURES, Sample
from tests.judge.toy import altered, auc_sigma, toy
from tests.shared_data import reference_files

SIGMAS = 5


def half_shuffled(sample: Sample) -> Sample:
    """Every column keeps its distribution, the correlation of px with pz is lost in half of the muons."""
    half = len(sample) // 2
    px = sample["px"].copy()
    px[:half] = np.random.default_rng(99).permutation(px[:half])
    return altered(sample, px=px)


DISTORTED = {
    "none": toy(3000, 2),
    "pz 2% up": altered(toy(3000, 2), pz=toy(3000, 2)["pz"] * np.float32(1.02)),
    "pz 5% up": altered(toy(3000, 2), pz=toy(3000, 2)["pz"] * np.float32(1.05)),
    "pz 15% up": altered(toy(3000, 2), pz=toy(3000, 2)["pz"] * np.float32(1.15)),
    "px half shuffled": half_shuffled(toy(3000, 2)),
}


@pytest.fixture(scope="module")
def real() -> Sample:
    return toy(3000, 1)


@pytest.fixture(scope="module")
def auc_by_classifier(real: Sample) -> dict[str, list[float]]:
    names: tuple[ClassifierName, ...] = ("histogram", "reference")
    return {
        name: [compare(real, sample, classifier=name).generated.auc for sample in DISTORTED.values()]
        for name in names
    }


def test_both_classifiers_rank_known_distortions_alike(auc_by_classifier: dict[str, list[float]]) -> None:
    fast, reference = (np.array(auc_by_classifier[name]) for name in ("histogram", "reference"))

    assert np.argsort(fast).tolist() == np.argsort(reference).tolist()
    assert np.abs(fast - reference).max() < 0.04
    least = SIGMAS * auc_sigma(1200, 1200)
    assert (np.diff(fast[:4]) > least).all()
    assert fast[4] > fast[0] + least


def test_equal_distributions_cannot_be_told_apart(auc_by_classifier: dict[str, list[float]]) -> None:
    for auc in auc_by_classifier.values():
        assert auc[0] == pytest.approx(0.5, abs=SIGMAS * auc_sigma(1200, 1200))


def test_overlap_falls_and_chi2_rises_with_the_distortion(real: Sample) -> None:
    results = [compare(real, DISTORTED[name]).generated for name in ("none", "pz 2% up", "pz 5% up")]
    overlaps = [result.overlap for result in results]
    chi2 = [result.reduced_chi2 for result in results if result.reduced_chi2 is not None]

    assert overlaps == sorted(overlaps, reverse=True)
    assert chi2 == sorted(chi2)
    assert len(chi2) == len(results)


def test_far_apart_samples_have_no_chi2(real: Sample) -> None:
    result = compare(real, altered(real, pz=real["pz"] * np.float32(3.0))).generated

    assert result.auc == 1.0
    assert result.overlap == 0.0
    assert result.reduced_chi2 is None


def test_weights_make_two_row_densities_equal() -> None:
    generator = np.random.default_rng(5)
    flat = generator.uniform(0, 1, 4000)
    rising = np.sqrt(generator.uniform(0, 1, 4000))
    weighted = toy(4000, 1, start_z=flat, weight=flat)
    generated = toy(4000, 2, start_z=rising, weight=np.ones(4000))

    honoured = compare(weighted, generated).generated
    ignored = compare(altered(weighted, weight=np.ones(4000)), generated).generated
    sigma = auc_sigma(honoured.n_eff_real, honoured.n_eff_other)
    assert honoured.auc == pytest.approx(0.5, abs=SIGMAS * sigma)
    assert ignored.auc > 0.6
    assert honoured.n_eff_real < 0.8 * ignored.n_eff_real


def test_the_classifier_learns_from_weights() -> None:
    """Rows of one density whose weights make two: an unweighted classifier would find nothing to learn."""
    depth = np.random.default_rng(6).uniform(0, 1, (2, 4000))
    falling = toy(4000, 1, start_z=depth[0], weight=1.0 - depth[0])
    rising = toy(4000, 2, start_z=depth[1], weight=depth[1])
    assert compare(falling, rising).generated.auc > 0.75


def test_a_common_factor_of_all_weights_changes_nothing(real: Sample) -> None:
    generated = DISTORTED["pz 2% up"]
    as_is = compare(real, generated).generated
    scaled = compare(altered(real, weight=real.weight * 1024.0), generated).generated
    assert scaled.auc == as_is.auc
    assert scaled.overlap == pytest.approx(as_is.overlap)


def test_muons_of_weight_zero_are_not_there(real: Sample) -> None:
    ghosts = altered(toy(2000, 7, pz=np.full(2000, 1000.0)), weight=np.zeros(2000))
    with_ghosts = Sample.concatenate([real, altered(ghosts, event=ghosts["event"] + 10_000)])
    generated = DISTORTED["pz 2% up"]
    assert compare(with_ghosts, generated).to_dict() == compare(real, generated).to_dict()


def test_the_null_is_the_same_test_with_other_real_muons(real: Sample) -> None:
    generated = DISTORTED["pz 5% up"]
    comparison = compare(real, generated, null=toy(3000, 3))
    assert comparison.null is not None

    sigma = auc_sigma(comparison.null.n_eff_real, comparison.null.n_eff_other)
    assert comparison.null.auc == pytest.approx(0.5, abs=SIGMAS * sigma)
    assert comparison.null.n_eff_real == comparison.generated.n_eff_real
    assert comparison.excess_auc == comparison.generated.auc - comparison.null.auc
    assert comparison.generated.auc == compare(real, generated).generated.auc


def test_null_and_generated_are_drawn_to_one_size(real: Sample) -> None:
    generated = altered(DISTORTED["none"], weight=np.ones(3000))
    comparison = compare(real, generated, null=toy(1000, 3, weight=np.ones(1000)))

    assert comparison.null is not None
    assert comparison.null.n_eff_other == comparison.generated.n_eff_other == 500


def test_muons_of_an_event_do_not_leak_from_training_to_test() -> None:
    """Events with a fingerprint: a split by row would recognise them and find two equal samples different."""
    generator = np.random.default_rng(11)
    depth = [np.repeat(generator.uniform(0, 100, 20), 100) for _ in range(2)]
    one, other = (toy(2000, seed, per_event=100, start_z=z) for seed, z in enumerate(depth))
    by_event = compare(one, other, columns=["start_z"], repeats=3).generated
    by_row = compare(
        Sample(one.columns, events_known=False),
        Sample(other.columns, events_known=False),
        columns=["start_z"],
    ).generated

    assert by_row.auc > 0.9
    assert by_event.auc < 0.75


@pytest.mark.parametrize("classifier", ["histogram", "reference"])
def test_a_seed_reproduces_every_figure(real: Sample, classifier: ClassifierName) -> None:
    options: dict[str, Any] = {"classifier": classifier, "size": 200, "threads": 1}
    first, again, other = (
        compare(real, DISTORTED["pz 2% up"], seed=seed, **options).to_dict() for seed in (3, 3, 4)
    )
    assert first == again
    assert first["generated"]["auc"] != other["generated"]["auc"]


def test_repeats_draw_anew_and_give_errors(real: Sample) -> None:
    generated = DISTORTED["pz 2% up"]
    one = compare(real, generated, size=300, repeats=1)
    three = compare(real, generated, size=300, repeats=3)

    assert one.generated.auc_error is None
    assert three.repeats == 3
    assert three.generated.auc_error is not None
    assert 0 < three.generated.auc_error < 0.1
    assert three.generated.auc != one.generated.auc
    assert (three.generated.density_real == one.generated.density_real).all()


def test_default_columns_are_those_of_the_category() -> None:
    on_axis = compare(toy(100, 1, category=1), toy(100, 2, category=1))
    off_axis = compare(toy(100, 1, category=3), toy(100, 2, category=3))
    mixed = [Sample.concatenate([toy(100, seed, category=c) for c in (1, 2)]) for seed in (1, 2)]

    assert on_axis.columns == ON_AXIS_FEATURES
    assert off_axis.columns == OFF_AXIS_FEATURES
    assert compare(*mixed).columns == OFF_AXIS_FEATURES


def test_to_dict_and_table(real: Sample) -> None:
    comparison = compare(real, DISTORTED["pz 2% up"], null=toy(3000, 3), size=300, repeats=2)
    content = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert content["excess_auc"] == comparison.excess_auc
    assert content["columns"] == list(OFF_AXIS_FEATURES)
    assert content["null"]["auc"] == comparison.null.auc  # type: ignore[union-attr]

    rows = {figure: (generated, null) for figure, generated, null in comparison.table()}
    auc = comparison.generated
    assert rows["ROC AUC"][0] == f"{auc.auc:.4f} ± {auc.auc_error:.4f}"
    assert rows["N_eff, real"][0] == f"{auc.n_eff_real:.0f}"


def test_table_without_null_or_chi2(real: Sample) -> None:
    comparison = compare(real, altered(real, pz=real["pz"] * np.float32(3.0)), size=100)
    assert isinstance(comparison, Comparison)
    rows = {row[0]: row[1:] for row in comparison.table()}
    assert comparison.excess_auc is None
    assert rows["reduced chi2"] == ("n/a", "n/a")
    assert rows["ROC AUC"] == ("1.0000", "n/a")


def constant() -> Sample:
    return altered(toy(50, 0), **{name: np.ones(50) for name in OFF_AXIS_FEATURES})


def test_bad_samples_are_named(real: Sample) -> None:
    def refuses(message: str, generated: Sample, reference: Sample = real, **options: Any) -> None:
        with pytest.raises(SampleError, match=message):
            compare(reference, generated, **options)

    refuses("generated sample: no muons", toy(0, 0))
    refuses("generated sample: 1 muons of positive weight, the judge needs at least 20", toy(1, 0))
    refuses("real sample: 19 muons of positive weight", real, toy(19, 0))
    refuses("null sample: all 30 weights are zero", real, null=toy(30, 0, weight=np.zeros(30)))
    refuses("samples of different categories: real has 4, generated has 1", toy(30, 0, category=1))
    refuses("samples of different categories: real has 4, null has 3", real, null=toy(30, 0, category=3))
    refuses("real sample has no column plane_x", real, columns=["plane_x"])
    refuses("generated sample has no column ecut", real, altered(real, ecut=np.ones(3000)), columns=["ecut"])
    refuses("generated sample: all muons are of one event", altered(real, event=np.zeros(3000, np.int64)))
    refuses("columns start_x, .*: all muons of the real and the generated", constant(), constant())


def test_a_collapsed_generator_is_a_result_not_an_error(real: Sample) -> None:
    assert compare(real, constant()).generated.auc > 0.99


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier": "forest"}, "classifier 'forest': must be one of histogram, reference"),
        ({"size": 9}, "size 9: must be at least 10"),
        ({"repeats": 0}, "repeats 0: must be at least 1"),
        ({"threads": 0}, "threads 0: must be at least 1"),
        ({"columns": []}, "columns: none given"),
    ],
)
def test_bad_options_are_named(real: Sample, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compare(real, real, **options)


def test_import_is_light() -> None:
    code = "import sys, muforge.judge; print(*{'matplotlib', 'sklearn', 'torch', 'hist'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_null_of_the_reference_simulation() -> None:
    """Two files of independent protons, category 4: real muons cannot be told from real muons."""
    one, other = (reference_muons(file) for file in (0, 1))
    result = compare(one, other, size=5000).generated
    assert result.auc == pytest.approx(0.5, abs=SIGMAS * auc_sigma(result.n_eff_real, result.n_eff_other))
    assert result.overlap > 0.9


def reference_muons(file: int) -> Sample:
    import uproot

    with uproot.open(reference_files()[file]) as root:
        branches = root["pythia8-Geant4"].arrays(library="np")
    vertex = {f"start_{axis}": branches[f"o{axis}"] * 100 for axis in "xyz"}
    momentum = {f"p{axis}": branches[f"op{axis}"] for axis in "xyz"}
    sample = Sample(
        {"pdg": branches["id"], "weight": branches["w"], "event": branches["event"], **vertex, **momentum}
    )
    return sample.select(sample.category == 4)
