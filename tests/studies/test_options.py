from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import muforge as mf
from muforge.dataset.store import Dataset
from muforge.report.study import study_figures
from muforge.studies import options
from muforge.studies.arms import Arm
from muforge.studies.latent import ActiveUnits
from muforge.studies.option_networks import GAN, VAE, Config, base_name, settings
from muforge.studies.protocol import Place
from muforge.studies.spread import Spread
from muforge.training.config import RunConfig
from tests.dataset.production import write_flat
from tests.muons import make_sample

CONFIG = Config()


@pytest.mark.parametrize("family", [GAN, VAE])
def test_every_network_differs_from_the_base_in_one_factor(family: str) -> None:
    networks = list(settings(family, CONFIG))
    base = next(each.arm for each in networks if each.is_base)
    others = [each for each in networks if not each.is_base]
    assert base.name == base_name(family)
    assert {each.arm for each in networks if each.is_base} == {base}
    assert len({each.arm.name for each in others}) == len(others)
    for each in others:
        assert _differences(base.config, each.arm.config) == DIFFERENCES[family, each.factor, each.label]
    assert {each.factor for each in networks} == {factor for of, factor, _ in DIFFERENCES if of == family}


G, D = "model.generator", "model.discriminator"
DIFFERENCES: dict[tuple[str, str, str], set[str]] = {
    **{(GAN, "learning rate", label): {"model.learning_rate"} for label in ("5e-05", "0.0002", "0.001")},
    (GAN, "batch normalisation", "none"): {f"{G}.batch_norm"},
    (GAN, "batch normalisation", "in G and D"): {f"{D}.batch_norm"},
    **{(GAN, "dropout in D", label): {f"{D}.dropout"} for label in ("0", "0.5")},
    (GAN, "network space", "not broadened"): {"representation.broaden"},
    (GAN, "network space", "broadened and centred"): {"representation.centre"},
    **{
        (VAE, "cross-entropy factor", label): {"model.reconstruction"}
        for label in ("1", "10", "100", "10000")
    },
    **{(VAE, "learning rate", label): {"model.learning_rate"} for label in ("0.0001", "0.003")},
    **{(VAE, "optimiser", label): {"model.optimiser"} for label in ("adam", "rmsprop")},
    **{
        (VAE, "nodes", label): {"model.nodes_encoder", "model.nodes_decoder"}
        for label in ("25", "50", "200", "400")
    },
    **{(VAE, "layers", label): {"model.layers_encoder", "model.layers_decoder"} for label in ("1", "2", "4")},
    (VAE, "normalisation and dropout", "batch normalisation"): {"model.batch_norm"},
    (VAE, "normalisation and dropout", "dropout 0.1"): {"model.dropout"},
    (VAE, "likelihood", "gaussian"): {"model.likelihood", "model.reconstruction"},
}


def _differences(one: RunConfig, other: RunConfig) -> set[str]:
    a, b = (dict(_flat(each.to_mapping())) for each in (one, other))
    return {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)}


def _flat(mapping: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return found


class _Trained:
    """Worse by 0.1 where the option is a learning rate."""

    def __init__(self, arm: Arm, seeds: int) -> None:
        self.arm = arm
        self._excess = [0.2 + 0.1 * ("learning rate" in arm.name) + 0.001 * seed for seed in range(seeds)]
        self.seconds = (2.0,) * seeds

    def excess_auc(self) -> Spread:
        return Spread.of(self._excess)

    def spread(self, name: str) -> Spread:
        return self.excess_auc()

    def details(self) -> dict[str, Any]:
        return {"name": self.arm.name, "excess_auc": self._excess}

    def model(self, seed: int) -> Any:
        return self

    def sample(self, n: int, seed: int) -> Any:
        return make_sample(500, category=4, seed=seed)


def test_answers_tables_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train_arms(place: Place, arms: list[Arm], seeds: int) -> dict[str, _Trained]:
        return {arm.name: _Trained(arm, arm.seeds or seeds) for arm in arms}

    def active_units(model: _Trained, sample: Any) -> ActiveUnits:
        variance = np.array([1.0, 1.0, 0.0 if "factor 1" in model.arm.name else 1.0])
        return ActiveUnits(variance, variance, 0.01, 100.0)

    monkeypatch.setattr(options, "train_arms", train_arms)
    monkeypatch.setattr(options, "active_units", active_units)
    write_flat(tmp_path / "prod.root", 2000)
    mf.ingest([tmp_path / "prod.root"], tmp_path / "ds")
    found = options.run(Place(Dataset.open(tmp_path / "ds"), tmp_path), CONFIG)
    text = "\n".join(found.answers)
    assert "GAN, learning rate: compared with 0.0005, 5e-05 +0.0990" in text
    assert "Of 9 networks with another option 3 differ" in text
    assert (
        "3 of the base; it changes with cross-entropy factor 1000: 3, 1: 2, 10: 2, 100: 2, 10000: 2." in text
    )
    assert "Over-fitting" in text
    of_gan, of_vae = found.tables
    assert of_vae.header == (*of_gan.header, "active latents")
    assert sum(row[1].endswith("(base)") for row in of_gan.rows) == 4
    figures = study_figures("options", type(found).from_dict(found.to_dict()).details)
    assert [each.name for each in figures] == ["gan", "vae"]
