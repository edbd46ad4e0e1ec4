from __future__ import annotations

import numpy as np
import pytest

from muforge.reference.kinematics import about, boosted, frame, helicity_cosine, isotropic, two_body_momentum

N = 20_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_two_body_momentum() -> None:
    # K+ -> mu nu: 235.5 MeV (PDG)
    assert two_body_momentum(0.493677, 0.1056583755, 0.0) == pytest.approx(0.2355, abs=1e-4)
    assert two_body_momentum(1.0, 0.5, 0.5) == 0


def test_boost_keeps_masses_and_adds_momenta(rng: np.random.Generator) -> None:
    parent = rng.normal(0, 20, (N, 3))
    mass, first, second = 0.493677, 0.1056583755, 0.134977
    k = np.full((N, 1), two_body_momentum(mass, first, second)) * isotropic(N, rng)
    one = boosted(k, np.hypot(np.linalg.norm(k, axis=1), first), parent, mass)
    two = boosted(-k, np.hypot(np.linalg.norm(k, axis=1), second), parent, mass)
    np.testing.assert_allclose(one + two, parent, atol=1e-9)
    energy = sum(np.sqrt((p**2).sum(axis=1) + m**2) for p, m in ((one, first), (two, second)))
    np.testing.assert_allclose(energy, np.sqrt((parent**2).sum(axis=1) + mass**2), rtol=1e-12)


def test_isotropic(rng: np.random.Generator) -> None:
    unit = isotropic(N, rng)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1)
    np.testing.assert_allclose(unit.mean(axis=0), 0, atol=5 / N**0.5)
    np.testing.assert_allclose((unit**2).mean(axis=0), 1 / 3, atol=5 / N**0.5)


def test_about(rng: np.random.Generator) -> None:
    axis = np.concatenate([isotropic(N, rng), [[0, 0, 1], [0, 0, -1], [1, 0, 0], [0, 1, 0]]])
    first, second = frame(axis)
    for a, b in ((first, second), (first, axis), (second, axis)):
        np.testing.assert_allclose((a * b).sum(axis=1), 0, atol=1e-12)
    cosine = rng.uniform(-1, 1, len(axis))
    made = about(axis, cosine, rng.uniform(0, 7, len(axis)))
    np.testing.assert_allclose((made * axis).sum(axis=1), cosine, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_helicity(ratio: float, rng: np.random.Generator) -> None:
    """<c^2> of 1 + c^2 + ratio (1 - c^2) is (1/3 + 1/5 + ratio 2/15) / (4/3 + ratio 2/3)."""
    cosine = helicity_cosine(np.full(N, ratio), rng)
    expected = (1 / 3 + 1 / 5 + ratio * 2 / 15) / (4 / 3 + ratio * 2 / 3)
    assert (cosine**2).mean() == pytest.approx(expected, abs=5 * 0.3 / N**0.5)
    assert cosine.mean() == pytest.approx(0, abs=5 / N**0.5)
