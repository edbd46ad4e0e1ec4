"""What is measured of enriched samples."""

from __future__ import annotations

import numpy as np
import pytest

from muforge.conditions import Conditions
from muforge.errors import SampleError
from muforge.region import Region, Window
from muforge.sample import Sample
from muforge.studies.enriched import RealMuons, likelihood_gap, measure
from muforge.studies.enrichment import Enriched
from tests.studies.small import CATEGORY, REGION, muons, untrained

EMPTY = Region(windows=(Window(p=(500, 600), pt=(0, 1)),))


@pytest.fixture(scope="module")
def real() -> RealMuons:
    return RealMuons.of("test", REGION, muons(3000, 1), muons(3000, 2))


def enriched(real: RealMuons, factor: int = 1) -> Enriched:
    """Real muons of which the ones inside are there `factor` times, with a weight as much less."""
    sample = muons(20_000, 3)
    inside = np.flatnonzero(REGION.contains(sample))
    rows = np.concatenate([np.arange(len(sample)), np.repeat(inside, factor - 1)])
    weight = np.where(REGION.contains(sample), 1 / factor, 1.0)[rows] * sample.weight[rows]
    columns = {name: values[rows] for name, values in sample.columns.items() if name != "event"}
    return Enriched(Sample({**columns, "weight": weight}), len(rows))


def test_weights_undo_the_enrichment(real: RealMuons) -> None:
    plain, more = (measure(enriched(real, factor), real, size=500, seed=0) for factor in (1, 4))
    assert plain is not None
    assert more is not None
    assert plain.ratio is not None
    assert more.ratio == pytest.approx(plain.ratio)
    assert plain.ratio == pytest.approx(1, abs=4 * plain.ratio_error)
    assert more.inside > 2 * plain.inside
    assert more.n_eff_inside > 2 * plain.n_eff_inside
    assert plain.n_eff_inside < 0.8 * plain.inside
    for each in (more.judged_inside, more.judged_outside):
        assert each is not None
        assert abs(each.excess_auc) < 5 * each.error


def test_a_wrong_weight_is_seen(real: RealMuons) -> None:
    made = enriched(real, 4)
    wrong = Sample({**made.sample.columns, "weight": np.ones(len(made.sample))})
    found = measure(Enriched(wrong, made.drawn), real, size=500, seed=0)
    assert found is not None
    assert found.ratio is not None
    assert found.ratio > 1 + 3 * found.ratio_error


def test_a_wrong_shape_is_seen_inside(real: RealMuons) -> None:
    made = enriched(real)
    scaled = {**made.sample.columns, "start_z": 3 * made.sample["start_z"]}
    found = measure(Enriched(Sample(scaled), made.drawn), real, size=500, seed=0)
    assert found is not None
    assert found.judged_inside is not None
    assert found.judged_inside.excess_auc > 3 * found.judged_inside.error


def test_copies_are_seen(real: RealMuons) -> None:
    copied = Enriched(real.training, len(real.training))
    found = measure(copied, real, size=500, seed=0)
    assert found is not None
    assert found.nearer == pytest.approx(1)


def test_too_few_inside(real: RealMuons) -> None:
    narrow = Region(windows=(Window(p=(20, 70), pt=(3.2, 3.4)),))
    few = RealMuons.of("few", narrow, real.training, real.held_out)
    found = measure(enriched(real), few, size=500, seed=0)
    assert found is not None
    assert found.judged_inside is None
    assert found.nearer is None
    assert found.judged_outside is not None


def test_muons_that_do_not_tell_are_not_measured(real: RealMuons) -> None:
    by_file = RealMuons(
        "file", Region(column="dangerous"), real.training, real.held_out, real.in_training, real.in_held_out
    )
    made = enriched(real)
    assert measure(made, by_file, size=500, seed=0) is None
    asked = Enriched(made.sample, made.drawn, REGION.contains(made.sample))
    found = measure(asked, by_file, size=500, seed=0)
    assert found is not None
    assert found.purity is None
    assert found.ratio is not None


def test_a_region_without_training_muons() -> None:
    with pytest.raises(
        SampleError, match=r"region 'none', training events: none of 3,000 muons .* 500 to 600"
    ):
        RealMuons.of("none", EMPTY, muons(3000), muons(3000))


def test_training_muons_are_more_likely_where_a_model_knows_only_them(real: RealMuons) -> None:
    model = untrained("flow")
    gap = likelihood_gap(model, real)
    assert gap is not None
    assert abs(gap.nats) < 5 * gap.error
    shifted = {**real.held_out.columns, "start_z": 8 * real.held_out["start_z"]}
    far = RealMuons("far", REGION, real.training, Sample(shifted), real.in_training, real.in_held_out)
    other = likelihood_gap(model, far)
    assert other is not None
    assert other.nats > gap.nats + 0.5


def test_density_of_a_model_that_is_told(real: RealMuons) -> None:
    told = Conditions(names=("dangerous",), category=CATEGORY, share=0.05, region=REGION)
    assert likelihood_gap(untrained("flow", told), real) is not None
