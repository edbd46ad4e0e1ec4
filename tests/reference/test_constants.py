from __future__ import annotations

import re
from collections.abc import Callable
from math import log
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from muforge.errors import ConfigError
from muforge.reference.constants import (
    AVOGADRO,
    Constants,
    branching_ratio,
    c_tau,
    constants,
    mass,
    material,
    number,
    table_text,
)

OUTDATED_IN_PYTHIA = {4132, 4332}
"""Xi_c0 and Omega_c0, whose lifetimes were measured anew by LHCb in 2018 to 2022 (PDG 2024)."""

RADIATION_LOGARITHMS = {1: (5.31, 6.144), 2: (4.79, 5.621), 3: (4.74, 5.805), 4: (4.71, 5.924)}


def raw() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(table_text("constants.yaml"))
    return table


@pytest.fixture(scope="module")
def pythia_data() -> Any:
    pythia8mc = pytest.importorskip(
        "pythia8mc", reason="pythia8mc, whose particle data are compared, is absent"
    )
    return pythia8mc.Pythia("", False).particleData


def test_every_listed_source_is_used() -> None:
    assert constants().sources_used() == set(constants().sources)


def test_every_source_has_its_year_and_a_link() -> None:
    undated = {
        key: text for key, text in constants().sources.items() if not re.search(r"\b(19|20)\d\d\b", text)
    }
    assert set(undated) == {"fairship"}, "its files are dated one by one"
    unlinked = {key for key, text in constants().sources.items() if "https://" not in text}
    assert not unlinked
    of_fairship = [
        entry.source for entry in constants().numbers.values() if entry.source.startswith("fairship")
    ]
    assert all(re.search(r"\.(py|cxx|h)\b.*\(20\d\d", source) for source in of_fairship)


def test_no_key_is_written_twice() -> None:
    """YAML would silently keep the last one."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [loader.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice among {keys}"
        return loader.construct_mapping(node, deep=True)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    assert yaml.load(table_text("constants.yaml"), Strict) == raw()  # noqa: S506


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda table: table["particles"][13].update(source="hearsay"), r"unknown sources \['hearsay'\]"),
        (lambda table: table["numbers"]["chi_cc"].pop("source"), "numbers.chi_cc.source"),
        (lambda table: table["collisions"].update(source="hearsay: row 3"), r"unknown sources \['hearsay'\]"),
        (lambda table: table["materials"]["Fe"].update(density=0.0), "materials.Fe.density"),
        (lambda table: table["particles"][13].update(lifetime=2.2e-6), "particles.13.lifetime"),
    ],
)
def test_an_unsound_table_is_refused(spoil: Callable[[dict[str, Any]], Any], complaint: str) -> None:
    table = raw()
    spoil(table)
    with pytest.raises(ValidationError, match=complaint):
        Constants.model_validate(table)


def test_lookups() -> None:
    assert mass(13) == mass(-13) == pytest.approx(0.10566, rel=1e-4)
    assert c_tau(-211) == pytest.approx(780, rel=1e-2)
    assert branching_ratio(211, "mu_nu") == pytest.approx(1, abs=1e-3)
    assert number("chi_cc") == 1.7e-3
    assert material("H2O").elements == {"H": 2, "O": 1}


def test_what_is_unknown_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^particle 25: unknown; known are .*\b13\b"):
        mass(-25)
    with pytest.raises(ConfigError, match=r"^particle 11: its lifetime is not in the table"):
        c_tau(11)
    with pytest.raises(ConfigError, match=r"^material unobtainium: unknown; known are .*\bMo\b"):
        material("unobtainium")


def test_materials_are_made_of_known_elements() -> None:
    for name, entry in constants().materials.items():
        assert entry.elements.keys() <= constants().elements.keys(), name


@pytest.mark.parametrize("name", list(constants().materials))
def test_radiation_lengths_are_tsais(name: str) -> None:
    """Those of the PDG are calculated with it (Review of Particle Physics 2024, eq. 34.25 and table 34.2)."""
    entry = constants().materials[name]
    elements = constants().elements
    weights = {symbol: count * elements[symbol].A for symbol, count in entry.elements.items()}
    inverse = sum(
        weight / sum(weights.values()) / _radiation_length(elements[symbol].Z, elements[symbol].A)
        for symbol, weight in weights.items()
    )
    assert entry.radiation_length == pytest.approx(1 / inverse / entry.density, rel=1e-3)


def _radiation_length(Z: int, A: float) -> float:
    """In g/cm2."""
    coherent, incoherent = RADIATION_LOGARITHMS.get(
        Z, (log(184.15 * Z ** (-1 / 3)), log(1194 * Z ** (-2 / 3)))
    )
    a2 = (number("fine_structure") * Z) ** 2
    coulomb = a2 * (1 / (1 + a2) + 0.20206 - 0.0369 * a2 + 0.0083 * a2**2 - 0.002 * a2**3)
    scale = 4 * number("fine_structure") * number("electron_radius") ** 2 * AVOGADRO
    return A / (scale * (Z**2 * (coherent - coulomb) + Z * incoherent))


def test_fine_structure_and_electron_radius_belong_together() -> None:
    """r_e = alpha hbar c / (m_e c2), with hbar c in GeV cm."""
    hbar_c = 1.973269804e-14
    assert number("electron_radius") == pytest.approx(number("fine_structure") * hbar_c / mass(11), rel=1e-8)


def test_branching_ratios_are_ratios() -> None:
    for pdg, channels in constants().branching_ratios.items():
        assert pdg in constants().particles or pdg in (511, 521)
        assert all(0 < channel.value <= 1 for channel in channels.values())
        exclusive = [channel.value for name, channel in channels.items() if not name.endswith("_x")]
        assert sum(exclusive) <= 1


def test_collisions_grow_with_the_nucleus() -> None:
    rows = constants().collisions.rows
    assert (rows[0].A, rows[-1].A) == (1, 208)
    assert (rows[0].offset, rows[0].slope, rows[0].slope_low) == (0, 0, 0)
    for cross_section in (5.0, 20.0, 33.0):
        further = [min(r.slope_low * cross_section, r.offset + r.slope * cross_section) for r in rows]
        assert further == sorted(further)
    assert [row.A for row in rows] == sorted({row.A for row in rows})


@pytest.mark.parametrize("pdg", list(constants().particles))
def test_particles_agree_with_pythia(pythia_data: Any, pdg: int) -> None:
    assert mass(pdg) == pytest.approx(pythia_data.m0(pdg), rel=5e-3)
    if constants().particles[pdg].c_tau is not None and pdg not in OUTDATED_IN_PYTHIA:
        assert c_tau(pdg) == pytest.approx(pythia_data.tau0(pdg) / 10, rel=3e-2), "cm from mm"


@pytest.mark.parametrize(
    ("pdg", "channel", "products"),
    [
        (15, "mu_nu_nu", {13, 14, 16}),
        (111, "gamma_gamma", {22}),
        (113, "mu_mu", {13}),
        (130, "pi_mu_nu", {13, 14, 211}),
        (211, "mu_nu", {13, 14}),
        (221, "mu_mu_gamma", {13, 22}),
        (223, "pi0_mu_mu", {13, 111}),
        (321, "mu_nu", {13, 14}),
        (321, "pi0_mu_nu", {13, 14, 111}),
        (331, "mu_mu_gamma", {13, 22}),
        (333, "mu_mu", {13}),
        (443, "mu_mu", {13}),
        (3112, "n_mu_nu", {13, 14, 2112}),
        (3122, "p_mu_nu", {13, 14, 2212}),
        (3312, "lambda_mu_nu", {13, 14, 3122}),
    ],
)
def test_branching_ratios_agree_with_pythia(
    pythia_data: Any, pdg: int, channel: str, products: set[int]
) -> None:
    entry = pythia_data.findParticle(pdg)
    of_pythia = sum(
        row.bRatio()
        for row in (entry.channel(index) for index in range(entry.sizeChannels()))
        if {abs(row.product(place)) for place in range(row.multiplicity())} == products
    )
    assert branching_ratio(pdg, channel) == pytest.approx(of_pythia, rel=0.06)
