from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from muforge.errors import ConfigError, SampleError
from muforge.reference.geometry import geometry
from muforge.reference.shield import shield
from muforge.sample import Sample
from muforge.studies.behind import QUANTITIES, _rate, _ratio, fine_structure, plane_check
from muforge.studies.downstream import downstream
from tests.judge.toy import altered
from tests.studies.muons import comb_sample

TARGET = geometry()
MUONS = 2500


def harder(sample: Sample, factor: float) -> Sample:
    return altered(sample, **{name: sample[name] * factor for name in ("px", "py", "pz")})


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    real, null, good, bad = (comb_sample(MUONS, seed=seed) for seed in range(4))
    return fine_structure(
        real, null, {"good": good, "bad": harder(bad, 1.2)}, TARGET, shield(), throws=8, seed=1, replicas=200
    )


def test_all_is_there_and_json(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found)) == found
    assert found["arms"] == ["null", "without comb", "good", "bad"]
    assert found["geometry"] == "ship-2018"
    assert found["shield"] == "ship-2017"
    assert list(found["places"]) == ["absorber", "shield", "acceptance"] == list(found["paired"])
    absorber = found["places"]["absorber"]
    assert list(absorber["arms"]) == found["arms"]
    assert set(absorber["spectra"]) == set(QUANTITIES)
    assert set(absorber["spectra"]["p"]["densities"]) == {"real", *found["arms"]}
    muons = comb_sample(MUONS)
    assert muons.protons_on_target is not None
    per_proton = absorber["real"]["survival"] * muons.sum_of_weights / muons.protons_on_target
    assert absorber["real"]["per_proton"] == pytest.approx(per_proton)


def test_equal_muons_pass_and_harder_ones_do_not(found: dict[str, Any]) -> None:
    arms = found["places"]["absorber"]["arms"]
    for name in ("null", "without comb", "good"):
        assert abs(arms[name]["ratio"] - 1) < 4 * arms[name]["ratio_error"]
        assert arms[name]["p_value"] > 1e-4
        assert min(each["p_value"] for each in arms[name]["ks"].values()) > 1e-4
    assert arms["bad"]["ratio"] > 1 + 4 * arms["bad"]["ratio_error"]
    assert arms["bad"]["p_value"] < 1e-4
    assert arms["bad"]["ks"]["p"]["p_value"] < 1e-4
    assert arms["bad"]["ks"]["p"]["null"] == arms["null"]["ks"]["p"]["value"]
    assert arms["bad"]["ks"]["p"]["value"] > 2 * arms["null"]["ks"]["p"]["value"]


def test_rates_fall_along_the_beam(found: dict[str, Any]) -> None:
    rates = [place["real"]["survival"] for place in found["places"].values()]
    assert 1 > rates[0] > rates[1] > rates[2] > 0


def test_the_comb_is_seen_and_gone(found: dict[str, Any]) -> None:
    assert found["comb"]["real"][0] == pytest.approx(1, abs=0.01)
    assert abs(found["comb"]["without comb"][0]) < 0.1 + 3 * found["comb"]["without comb"][1]


def test_pairs_are_surer_than_other_events(found: dict[str, Any]) -> None:
    paired = found["paired"]["absorber"]
    assert paired["rate"]["error"] < 0.8 * found["places"]["absorber"]["arms"]["without comb"]["ratio_error"]
    for each in paired.values():
        assert abs(each["ratio"] - 1) < 4 * each["error"]
        assert each["p_value"] > 1e-4


def test_the_error_of_a_ratio_is_its_scatter() -> None:
    """Over other real samples and seeds."""
    ratio, error = [], []
    for seed in range(30):
        rates = []
        for number in range(2):
            flown = downstream(
                comb_sample(600, seed=100 + 2 * seed + number), TARGET, seed=seed, place=number
            )
            rates.append(_rate(flown, flown.absorber, seed, number))
        found = _ratio(rates[0], rates[1], 600.0)
        assert found["ratio"] is not None
        assert found["ratio_error"] is not None
        ratio.append(found["ratio"])
        error.append(found["ratio_error"])
    assert np.std(ratio) == pytest.approx(np.mean(error), rel=0.4)


def test_a_place_where_nothing_comes_has_no_figures() -> None:
    real, null = (comb_sample(60, seed=seed) for seed in range(2))
    found = fine_structure(harder(real, 0.3), harder(null, 0.3), {}, TARGET, shield())
    place = found["places"]["acceptance"]
    assert place["real"]["muons"] == 0
    assert place["spectra"] == {}
    assert place["arms"]["null"]["ks"] == {}
    assert place["arms"]["null"]["ratio"] is None
    assert place["arms"]["null"]["p_value"] is None
    assert found["paired"]["acceptance"]["rate"]["ratio"] is None
    json.dumps(found, allow_nan=False)


def test_bad_arms_are_refused() -> None:
    real, null = (comb_sample(100, seed=seed) for seed in range(2))
    with pytest.raises(ConfigError, match="arm 'null': the name is taken"):
        fine_structure(real, null, {"null": null}, TARGET)
    with pytest.raises(SampleError, match="empty sample: no muons"):
        fine_structure(real, null, {"empty": real.select(slice(0, 0))}, TARGET)


def test_a_production_of_the_same_transport_agrees_with_itself_and_another_does_not() -> None:
    flown = downstream(comb_sample(8000, seed=5), TARGET, seed=9).absorber.sample
    same = plane_check(flown, TARGET, seed=1)
    assert same["survival"] > 0.98
    for each in same["means"].values():
        assert abs(each["ratio"] - 1) < 4 * each["error"]
    assert min(each["p_value"] for each in same["ks"].values()) > 1e-4
    slower = altered(flown, **{name: flown[name] * 0.8 for name in ("plane_px", "plane_py", "plane_pz")})
    other = plane_check(slower, TARGET, seed=1)
    assert other["ks"]["p"]["p_value"] < 1e-4
    assert other["means"]["p"]["ratio"] == pytest.approx(1.25, rel=0.1)
