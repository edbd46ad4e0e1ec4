"""The study of dangerous muons on a tiny data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.errors import ConfigError, Interrupted, SampleError
from muforge.report.study import study_figures
from muforge.studies import study_module
from muforge.studies.dangerous import LARGE
from muforge.studies.enriching import TITLES, Config, networks
from muforge.studies.protocol import Place, Study
from muforge.study import study, study_config
from muforge.training.conditioning import conditioned, fit_conditions
from muforge.training.run import fit_representation
from tests.dataset.production import write_flat
from tests.studies.tiny import in_this_process

TINY: dict[str, Any] = {
    "seeds": 1,
    "flow_steps": 3,
    "told_steps": 3,
    "only_steps": 3,
    "vae_steps": 3,
    "gan_steps": 3,
    "gan_width": 8,
    "gan_batch_size": 16,
    "generated": 2000,
    "judge_size": 100,
}
WIDE = {"windows": [{"p": [15, 200], "pt": [0.2, 9]}]}
NARROW = {"windows": [{"p": [15, 20], "pt": [0.75, 1]}]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data")
    write_flat(folder / "prod.root", 3000)
    return mf.ingest([folder / "prod.root"], folder / "ds", protons_on_target=1e6).dataset


def named(**regions: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "region": region} for name, region in regions.items()]


@pytest.fixture(scope="module")
def by_rule(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """All methods on a region of many muons."""
    out = tmp_path_factory.mktemp("study") / "out"
    options = {**TINY, "regions": named(wide=WIDE), "muons": 50}
    with in_this_process():
        return study("dangerous", data.directory, out, options), out


def methods(found: Study, region: str) -> dict[str, Any]:
    (chosen,) = (each for each in found.details["regions"] if each["name"] == region)
    return {each["method"]: each for each in chosen["methods"]}


def test_every_method_is_measured(by_rule: tuple[Study, Path]) -> None:
    wide = methods(by_rule[0], "wide")
    assert list(wide) == list(TITLES)
    for method in wide.values():
        (measured,) = method["measured"]
        assert 0 < measured["n_eff_inside"] < measured["inside"] + 1e-9
        assert measured["ratio"] > 0
        assert method["gain"][0] > 0
        assert method["seconds"][0] > 0


def test_answers_name_methods_muons_and_seeds(by_rule: tuple[Study, Path]) -> None:
    text = " ".join(by_rule[0].answers)
    assert "N_eff inside per muon made, over that of unweighted muons (1 seeds)" in text
    for title in TITLES.values():
        assert title in text
    assert "So few" not in text
    assert "CPU s for the plain flow" in text


def test_the_flow_of_dangerous_muons_sees_no_others(data: Dataset) -> None:
    config = study_config(
        "dangerous", {**TINY, "only_steps": 5, "flow_steps": 10, "regions": named(wide=WIDE)}
    )
    assert isinstance(config, Config)
    inside, others = networks("dangerous-only", config.regions[0], config)
    training = data.load(1, "train")
    representation = fit_representation(training, 1, inside.config)
    fitted = fit_conditions(training, 1, inside.config, representation)
    learnt = representation.encode(training)[:, : representation.learned]
    rows = conditioned(learnt, training, fitted, inside.config)
    seen = rows.weight / rows.weight.sum()
    assert seen[~config.regions[0].region.contains(training)].sum() < 1e-6
    assert (inside.config.training.steps, others.config.training.steps) == (5, 10)
    assert others.config.conditions == ()


def test_enriched_muons_are_written(by_rule: tuple[Study, Path], data: Dataset) -> None:
    out = by_rule[1]
    files = sorted(path.name for path in out.glob("*.root"))
    assert len(files) == len(TITLES) - 1
    sample = mf.read(out / "enriched-conditional-flow-wide.root")
    assert 0 < len(sample) <= 50
    assert np.ptp(sample.weight) > 0
    assert sample.protons_on_target is not None
    rate = sample.sum_of_weights / sample.protons_on_target
    assert rate == pytest.approx(data.rate(1), rel=1e-5)


def test_figures(by_rule: tuple[Study, Path]) -> None:
    names = [each.name for each in study_figures("dangerous", by_rule[0].details)]
    assert names == ["methods", "planes-wide", "spectra-wide"]
    assert (by_rule[1] / "page.html").is_file()


def test_muons_of_a_file_are_asked_for(data: Dataset, tmp_path: Path) -> None:
    everyone = data.load(1)
    pt = np.hypot(everyone["px"], everyone["py"])
    mf.write(everyone.select(pt > 1), tmp_path / "survivors.root")
    region = {"survivors": str(tmp_path / "survivors.root")}
    options = {
        **TINY,
        "regions": named(shield=region),
        "methods": ["vae", "conditional-flow", "dangerous-only"],
    }
    with in_this_process():
        found = study("dangerous", data.directory, tmp_path / "out", options)
    assert "So few that only large differences are seen inside." in " ".join(found.answers)
    assert "without VAE near codes: generated muons do not tell" in " ".join(found.answers)
    shield = methods(found, "shield")
    assert shield["plain"]["measured"] == []
    for name in ("conditional-flow", "dangerous-only"):
        (measured,) = shield[name]["measured"]
        assert measured["inside"] == 0.5
        assert measured["purity"] is None
        share = found.details["regions"][0]["share"]
        assert shield[name]["gain"][0] == pytest.approx(0.5 / share)


def test_a_region_without_training_muons(data: Dataset, tmp_path: Path) -> None:
    options = {**TINY, "regions": named(none={"windows": [{"p": [350, 400], "pt": [5, 6]}]})}
    with pytest.raises(
        SampleError, match=r"region .none., training events: none of .* muons is in the region"
    ):
        study("dangerous", data.directory, tmp_path / "out", options)


def test_it_can_be_interrupted(data: Dataset, tmp_path: Path) -> None:
    place = Place(data, tmp_path, should_stop=lambda: True)
    config = study_config("dangerous", {**TINY, "regions": named(wide=WIDE), "methods": ["vae"]})
    with pytest.raises(Interrupted):
        study_module("dangerous").run(place, config)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"regions": [*named(a=WIDE), *named(a=NARROW)]}, "regions a, a: one is there twice"),
        ({"methods": ["vae", "vae"]}, "methods vae, vae: one is there twice"),
        ({"regions": [{"name": "Two words"}]}, "name"),
        ({"methods": ["magic"]}, "methods"),
        ({"share": 1}, "share"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        study_config("dangerous", options)


def test_large_one_is_larger() -> None:
    small = study_config("dangerous", {})
    assert LARGE.device == "cuda"
    assert LARGE.seeds > small.seeds
