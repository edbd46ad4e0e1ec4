"""Enriched muons, re-weighted, are the muons that nothing was asked of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from muforge.conditions import Conditions
from muforge.errors import ConfigError, SampleError
from muforge.region import NOTE_REGION, Region, Window
from muforge.sample import Sample
from muforge.studies.enrichment import Codes, asked_for, from_codes, of_two, rare, unweighted
from muforge.studies.latent import Encoded
from muforge.trained import TrainedModel
from tests.studies.small import CATEGORY, REGION, muons, untrained

N = 20_000
BY_COLUMN = Region(column="dangerous")
TOLD = Conditions(names=("dangerous",), category=CATEGORY, share=0.05, region=REGION)


def mean_p(sample: Sample) -> tuple[float, float]:
    """Weighted mean momentum along the beam with weights of mean one, and its error."""
    value = sample.weight * np.log(sample["pz"].astype(np.float64))
    return float(value.mean()), float(value.std() / np.sqrt(len(value)))


def agree(one: Sample, other: Sample) -> bool:
    """Whether two weighted samples have the same sums, within four errors."""
    (a, da), (b, db) = mean_p(one), mean_p(other)
    return bool(abs(a - b) < 4 * np.hypot(da, db))


@pytest.fixture(scope="module")
def vae() -> TrainedModel:
    return untrained("vae")


def shifted(vae: TrainedModel) -> Codes:
    return Codes(np.array([[1.5, -1.0], [2.0, 0.5]]), np.array([[0.2, 0.4], [0.3, 0.1]]))


def test_latents_near_codes_undo_themselves(vae: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = vae.sample(N, 7)
    monkeypatch.setattr(Codes, "of", lambda *_: shifted(vae))
    made = from_codes(vae, muons(), 0.7, N, 1).sample
    assert made.weight.max() <= 1 / 0.3 + 1e-9
    assert made.weight.mean() == pytest.approx(1, abs=4 * made.weight.std() / np.sqrt(N))
    assert agree(made, plain)
    unity = Sample({**made.columns, "weight": np.ones(N)})
    assert not agree(unity, plain)


def test_latents_near_codes_come_from_the_dangerous_muons(vae: TrainedModel) -> None:
    sample = muons()
    made = from_codes(vae, sample.select(REGION.contains(sample)), 0.5, 500, 1)
    assert len(made.sample) == made.drawn == 500
    assert made.asked is None
    other = from_codes(vae, sample.select(~REGION.contains(sample)), 0.5, 500, 1)
    assert not np.array_equal(made.sample["pz"], other.sample["pz"])


def test_no_muon_to_take_codes_of(vae: TrainedModel) -> None:
    with pytest.raises(SampleError, match="no muon of positive weight"):
        from_codes(vae, muons().select(slice(0)), 0.5, 100, 1)


def test_flows_have_no_codes() -> None:
    with pytest.raises(ConfigError, match="has no encoder"):
        from_codes(untrained("flow"), muons(), 0.5, 100, 1)


def test_density_of_codes() -> None:
    codes = Codes(np.array([[1.5, -1.0], [2.0, 0.5]]), np.array([[0.2, 0.4], [0.3, 0.1]]))
    z = np.random.default_rng(0).normal(size=(50, 2))
    each = norm.pdf(z[:, None, :], codes.mean, np.sqrt(codes.variance)).prod(axis=2)
    assert codes.log_prob(z) == pytest.approx(np.log(each.mean(axis=1)))


def test_kernels_are_drawn_by_weight_and_are_as_wide_as_both_rules() -> None:
    sample = muons(100)
    heavy = Sample({**sample.columns, "weight": (np.arange(100) < 2).astype(float)})
    mean = np.stack([np.arange(100.0), np.zeros(100)], axis=1).astype(np.float32)
    codes = Codes.of(Encoded(mean, np.full((100, 2), 0.5, np.float32)), heavy, np.random.default_rng(0))
    assert set(codes.mean[:, 0]) == {0.0, 1.0}
    bandwidth = 2 ** (-1 / 6)
    assert codes.variance[0] == pytest.approx([0.5 + bandwidth**2 * 0.25, 0.5])


def test_a_model_that_is_told_makes_both_kinds() -> None:
    model = untrained("flow", TOLD)
    made = asked_for(model, BY_COLUMN, 0.4, 1000, 3)
    assert made.asked is not None
    assert made.asked.sum() == 400
    assert made.sample.weight[made.asked].sum() == pytest.approx(0.05 * 1000)
    assert made.sample.weight[~made.asked].sum() == pytest.approx(0.95 * 1000)
    assert agree(asked_for(model, BY_COLUMN, 0.4, N, 3).sample, model.sample(N, 11))


def test_muons_that_stray_are_left_out_and_stood_for() -> None:
    model = untrained("flow", TOLD)
    made = asked_for(model, REGION, 0.4, 1000, 3)
    assert made.asked is not None
    assert np.array_equal(REGION.contains(made.sample), made.asked)
    assert 0 < made.asked.sum() < 400
    assert made.purity == made.asked.sum() / 400
    assert made.sample.weight[made.asked].sum() == pytest.approx(0.05 * 1000)
    assert made.sample.weight.sum() == pytest.approx(1000)
    assert np.unique(np.round(made.sample.weight, 9)).size == 2


def test_nothing_inside_is_no_error() -> None:
    empty = Region(windows=(Window(p=(380, 390), pt=(8, 9)),))
    made = asked_for(untrained("flow", TOLD), empty, 0.4, 1000, 3)
    assert made.purity == 0
    assert not empty.contains(made.sample).any()


def test_a_model_that_is_not_told_cannot_be_asked() -> None:
    for model in (untrained("flow"), untrained("flow", Conditions(names=("rarity",), category=CATEGORY))):
        with pytest.raises(ConfigError, match="condition 'dangerous': the model was not trained with"):
            asked_for(model, REGION, 0.5, 100, 0)
    with pytest.raises(ConfigError, match="condition 'rarity': the model was not trained with"):
        rare(untrained("flow", TOLD), 2, 100, 0)


def test_two_models_join_without_counting_twice() -> None:
    made = of_two(untrained("flow", TOLD), untrained("flow"), REGION, 0.5, 4000, 0)
    assert made.asked is not None
    assert made.drawn == 4000
    assert not REGION.contains(made.sample)[~made.asked].any()
    assert made.sample.weight[made.asked].sum() == pytest.approx(0.05 * 4000)
    assert made.sample.weight.sum() == pytest.approx(4000)
    assert len(np.unique(made.sample["event"])) == len(made.sample)


def test_muons_that_do_not_tell_are_those_that_were_asked() -> None:
    told = untrained("flow", TOLD)
    joined = of_two(told, told, BY_COLUMN, 0.5, 400, 0)
    assert len(joined.sample) == 400
    assert joined.sample.weight.sum() == pytest.approx(400)
    assert joined.inside(BY_COLUMN) is joined.asked
    assert unweighted(told, 10, 0).inside(BY_COLUMN) is None
    assert unweighted(told, 10, 0).inside(NOTE_REGION) is not None


def test_rare_muons_undo_themselves() -> None:
    model = untrained("flow", Conditions(names=("rarity",), category=CATEGORY))
    made = rare(model, 2.0, N, 5).sample
    assert made.weight.mean() == pytest.approx(1, abs=4 * made.weight.std() / np.sqrt(N))
    assert agree(made, model.sample(N, 6))
    assert made.weight.std() > 0.1
