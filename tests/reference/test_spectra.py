from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.constants import branching_ratio, mass, number
from muforge.reference.spectra import (
    Quantiles,
    kaon_lepton_density,
    kaon_muon_energy,
    phase_space_muon_energy,
    pole,
    pseudoscalar_pair_mass,
    vector_pair_mass,
)

N = 50_000


def test_quantiles() -> None:
    drawn = Quantiles(lambda x: x, 0.0, 2.0).draw(N, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(4 / 3, abs=0.01)
    assert 0 <= drawn.min() < drawn.max() <= 2


@pytest.mark.parametrize(("kaon", "pion", "measured"), [(321, 111, 0.6608), (130, 211, 0.6660)])
def test_muons_and_electrons_from_kaons(kaon: int, pion: int, measured: float) -> None:
    """Gamma(pi mu nu) / Gamma(pi e nu) as measured (PDG 2024, K+ and K_L0 branching ratio fits)."""
    M, m = mass(kaon), mass(pion)
    rates = []
    for lepton in (13, 11):
        low, high = mass(lepton), (M**2 + mass(lepton) ** 2 - m**2) / (2 * M)
        edges = np.linspace(low, high, 1001)
        density = kaon_lepton_density(kaon, pion, lepton)((edges[1:] + edges[:-1]) / 2)
        rates.append(density.sum() * (edges[1] - edges[0]))
    assert rates[0] / rates[1] == pytest.approx(measured, rel=0.01)


def test_kaon_spectrum_is_within_its_limits() -> None:
    drawn = kaon_muon_energy(321, 111).draw(N, np.random.default_rng(1))
    M, m, mu = mass(321), mass(111), mass(13)
    end = (M**2 + mu**2 - m**2) / (2 * M)
    assert mu <= drawn.min()
    assert 0.97 * end < drawn.max() <= end


def test_hyperon_spectrum_ends_where_the_baryon_rests() -> None:
    drawn = phase_space_muon_energy(3122, 2212).draw(N, np.random.default_rng(1))
    M, m, mu = mass(3122), mass(2212), mass(13)
    end = (M**2 + mu**2 - m**2) / (2 * M)
    assert mu <= drawn.min()
    assert 0.97 * end < drawn.max() <= end


@pytest.mark.parametrize(
    ("parent", "channel", "photons", "square", "width"),
    [
        (221, "mu_mu_gamma", 0.3936, "eta_transition_slope", None),
        (331, "mu_mu_gamma", 0.02307, "eta_prime_transition_slope", "eta_prime_transition_width"),
    ],
)
def test_rate_of_dalitz_decays(
    parent: int, channel: str, photons: float, square: str, width: str | None
) -> None:
    """The density's integral gives the branching ratio, from that of gamma gamma (PDG 2024: 39.36%, 2.307%).

    The branching ratios are measured to 13% (eta) and 25% (eta').
    """
    form_factor = pole(number(square), number(width) ** 2 if width else 0.0)
    M, mu = mass(parent), mass(13)
    q2 = np.linspace(4 * mu**2, M**2, 400_001)[1:-1]
    lepton = (1 + 2 * mu**2 / q2) * np.sqrt(1 - 4 * mu**2 / q2)
    density = (
        2 * number("fine_structure") / (3 * np.pi) * lepton * (1 - q2 / M**2) ** 3 / q2 * form_factor(q2)
    )
    rate = photons * density.sum() * (q2[1] - q2[0])
    assert rate == pytest.approx(branching_ratio(parent, channel), rel=0.25 if parent == 331 else 0.13)
    drawn = pseudoscalar_pair_mass(parent, form_factor).draw(N, np.random.default_rng(1))
    expected = (np.sqrt(q2) * density).sum() / density.sum()
    assert drawn.mean() == pytest.approx(expected, rel=0.01)


def test_omega_pair_mass_is_within_its_limits() -> None:
    drawn = vector_pair_mass(223, 111, pole(number("omega_transition_slope"))).draw(
        N, np.random.default_rng(1)
    )
    assert 2 * mass(13) <= drawn.min() < drawn.max() <= mass(223) - mass(111)
    without = vector_pair_mass(223, 111, pole(1e-9)).draw(N, np.random.default_rng(1))
    assert drawn.mean() > without.mean()


def test_pole() -> None:
    assert pole(2.0)(np.array([0.0]))[0] == pytest.approx(1)
    assert pole(2.0, 0.01)(np.array([0.0]))[0] == pytest.approx(1)
    assert pole(2.0)(np.array([0.25]))[0] == pytest.approx((1 - 0.5) ** -2)
