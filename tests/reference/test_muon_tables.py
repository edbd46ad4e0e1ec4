from __future__ import annotations

import re

import numpy as np
import pytest

from muforge.errors import ConfigError
from muforge.reference.constants import constants, mass, material
from muforge.reference.muon_tables import (
    HARD,
    SCATTERING,
    SOFT,
    SOFT_VARIANCE,
    STOPPING,
    MuonTables,
    at_place,
    grid_place,
    hard_fraction,
    lower_place,
    muon_tables,
)

GROOM_MOMENTA = [0.1764, 0.3642, 0.8995, 1.101, 3.104, 10.11, 30.11, 100.1]
GROOM = {
    "Fe": [1.616, 1.451, 1.548, 1.582, 1.767, 1.975, 2.214, 2.777],
    "W": [1.251, 1.145, 1.249, 1.281, 1.459, 1.687, 2.035, 3.110],
    "C": [1.992, 1.745, 1.820, 1.851, 2.021, 2.204, 2.374, 2.655],
}
"""Mean stopping power in MeV cm2/g at momenta in GeV.

D.E. Groom, N.V. Mokhov, S.I. Striganov, At. Data Nucl. Data Tables 78 (2001) 183, also
https://pdg.lbl.gov/AtomicNuclearProperties, as copied in CbmRoot, macro/littrack/draw_dedx.C.
"""

GROOM_IRON = np.array(
    [
        [0.04704, 5.494],
        [0.05616, 4.321],
        [0.06802, 3.399],
        [0.08509, 2.654],
        [0.1003, 2.274],
        [0.1527, 1.717],
        [0.1764, 1.616],
        [0.2218, 1.516],
        [0.2868, 1.463],
        [0.3642, 1.451],
        [0.4945, 1.467],
        [0.8995, 1.548],
        [1.101, 1.582],
        [1.502, 1.637],
        [2.103, 1.697],
        [3.104, 1.767],
        [4.104, 1.816],
        [8.105, 1.936],
        [10.11, 1.975],
        [14.11, 2.039],
        [20.11, 2.113],
        [30.11, 2.214],
        [40.11, 2.303],
        [80.11, 2.623],
        [100.1, 2.777],
    ]
)
"""Momentum in GeV and stopping power of iron in MeV cm2/g; same source."""

GROOM_ALUMINIUM = {
    1.0: (1.745, 577.3),
    10.0: (2.117, 5092.0),
    30.0: (2.312, 14080.0),
    100.0: (2.693, 41990.0),
    300.0: (3.627, 105700.0),
    1000.0: (6.909, 243300.0),
}
"""Kinetic energy in GeV: stopping power in MeV cm2/g and CSDA range in g/cm2.

PDG 2020 table for aluminium (Groom et al., as above), as copied in KFTrack/TrackToy, Data/MuonRangeAl.dat.
"""


def kinetic_energy(momentum: np.ndarray | float) -> np.ndarray:
    return np.asarray(np.hypot(momentum, mass(13)) - mass(13))


def column(name: str, number: int, kinetic: np.ndarray | float) -> np.ndarray:
    tables = muon_tables((name,))
    return np.asarray(np.interp(np.log(kinetic), np.log(tables.kinetic), tables.rows[0, :, number]))


def csda_range(kinetic: np.ndarray, stopping: np.ndarray, low: float, high: float) -> float:
    """Path over which the mean loss takes a muon from one energy to another, same units as 1 / stopping."""
    energies = np.geomspace(low, high, 20_001)
    losses = np.exp(np.interp(np.log(energies), np.log(kinetic), np.log(stopping)))
    return float(np.trapezoid(energies / losses, np.log(energies)))


@pytest.mark.parametrize("name", GROOM)
def test_stopping_power_is_that_of_groom(name: str) -> None:
    ours = column(name, STOPPING, kinetic_energy(np.array(GROOM_MOMENTA))) * 1e3 / material(name).density
    np.testing.assert_allclose(ours, GROOM[name], rtol=0.02)


def test_range_in_iron_is_that_of_groom() -> None:
    """From the lowest energy of ours, 50 MeV, up; the table's 25 energies are joined by power laws."""
    tables = muon_tables(("Fe",))
    groom = kinetic_energy(GROOM_IRON[:, 0])
    for high in (1.0, 10.0, 30.0, 100.0):
        ours = csda_range(tables.kinetic, tables.rows[0, :, STOPPING], 0.05, high) * material("Fe").density
        theirs = csda_range(groom, GROOM_IRON[:, 1] * 1e-3, 0.05, min(high, groom[-1]))
        assert ours == pytest.approx(theirs, rel=0.01), high


def test_stopping_power_and_range_in_aluminium_are_those_of_groom() -> None:
    tables = muon_tables(("Al",))
    density = material("Al").density
    below = 13.93  # the table's range at 50 MeV, where ours begins
    for high, (stopping, path) in GROOM_ALUMINIUM.items():
        assert column("Al", STOPPING, high) * 1e3 / density == pytest.approx(stopping, rel=0.02)
        ours = csda_range(tables.kinetic, tables.rows[0, :, STOPPING], 0.05, high) * density + below
        assert ours == pytest.approx(path, rel=0.02)


@pytest.mark.parametrize("name", constants().materials)
def test_every_material_has_a_table(name: str) -> None:
    tables = muon_tables((name,))
    assert tables.kinetic[0] <= 0.05 * (1 + 1e-9)
    assert tables.kinetic[-1] >= 7500
    assert (tables.rows[..., [SOFT, SOFT_VARIANCE, SCATTERING, STOPPING]] > 0).all()
    assert (tables.rows[..., HARD] >= 0).all()
    assert (tables.rows[..., SOFT] <= tables.rows[..., STOPPING]).all()
    assert (np.diff(tables.tail) <= 0).all()
    assert (tables.tail[..., 0] == 1).all()
    assert (tables.tail[..., -1] == 0).all()


def test_soft_loss_is_that_of_pumas() -> None:
    """PUMAS's own restricted stopping power for the same cut, against the total less our hard spectrum."""
    from muforge.reference.muon_tables import _stored

    stored = _stored()
    for number, name in enumerate(stored["names"].tolist()):
        ours = muon_tables((name,), soft_below=0.0).rows[0, :, SOFT]
        below = stored["kinetic"] < 1000
        np.testing.assert_allclose(ours[below], stored["soft"][number][below], rtol=0.02, err_msg=name)


def sampled_moments(tables: MuonTables, kinetic: float) -> tuple[float, float]:
    """Mean and mean square of the part lost in a hard collision, from evenly spaced random numbers."""
    place = grid_place(tables, kinetic)
    uniform = (np.arange(100_000) + 0.5) / 100_000
    drawn = np.array([hard_fraction(tables, 0, place, value) for value in uniform])
    assert drawn.min() >= tables.fraction[0]
    assert drawn.max() <= 1
    return float(drawn.mean()), float((drawn**2).mean())


@pytest.mark.parametrize("kinetic", [0.7, 9.3, 117.0])
def test_soft_and_hard_losses_add_up(kinetic: float) -> None:
    """The mean to the total stopping power, the variance to the same wherever the losses are divided."""
    variances = []
    for soft_below in (0.0, 0.02):
        tables = muon_tables(("Fe",), soft_below=soft_below)
        place = grid_place(tables, kinetic)
        row = [at_place(tables, 0, place, number) for number in range(5)]
        mean, square = sampled_moments(tables, kinetic)
        assert row[SOFT] + row[HARD] * kinetic * mean == pytest.approx(row[STOPPING], rel=2e-3)
        variances.append(row[SOFT_VARIANCE] + row[HARD] * kinetic**2 * square)
    assert variances[1] == pytest.approx(variances[0], rel=0.05)


@pytest.mark.parametrize("kinetic", [3.0, 10.0])
def test_soft_variance_is_that_of_knock_on_electrons(kinetic: float) -> None:
    """Where radiation is rare the spectrum is xi / loss^2, with xi = 153.5 keV cm2/g Z/A (PDG review, K/2)."""
    xi = 0.1535e-3 * 26 / constants().elements["Fe"].A * material("Fe").density
    variance = np.interp(
        kinetic,
        muon_tables(("Fe",)).kinetic,
        muon_tables(("Fe",), soft_below=0.0).rows[0, :, SOFT_VARIANCE],
    )
    assert variance == pytest.approx(xi * 1e-3 * kinetic, rel=0.03)


def test_energies_beyond_the_grid_count_as_its_ends() -> None:
    tables = muon_tables(("Fe",))
    assert grid_place(tables, 1e-9) == 0
    assert at_place(tables, 0, grid_place(tables, 1e9), STOPPING) == pytest.approx(
        tables.rows[0, -1, STOPPING], rel=1e-4
    )


@pytest.mark.parametrize("lost", [0.0, 0.01, 0.0499, 0.0501, 0.5, 0.99, 1.0])
def test_place_after_a_loss(lost: float) -> None:
    tables = muon_tables(("Fe",))
    after = lower_place(tables, grid_place(tables, 20.0), lost)
    assert after == pytest.approx(grid_place(tables, max(20.0 * (1 - lost), 1e-6)), abs=2e-3)


def test_materials_are_in_the_order_asked_for() -> None:
    both, swapped = muon_tables(("Fe", "W")), muon_tables(("W", "Fe"))
    np.testing.assert_array_equal(both.rows, swapped.rows[::-1])
    np.testing.assert_array_equal(both.tail, swapped.tail[::-1])


def test_unknown_material_is_named() -> None:
    with pytest.raises(ConfigError, match=re.escape("material Unobtainium: has no muon table; known are ")):
        muon_tables(("Fe", "Unobtainium"))


def test_the_file_is_small() -> None:
    from importlib.resources import files

    assert len(files("muforge.reference").joinpath("tables", "muons.npz").read_bytes()) < 150_000
