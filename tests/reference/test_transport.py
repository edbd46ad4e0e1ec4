from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.reference import transport
from muforge.reference.constants import CM_PER_NANOSECOND, c_tau, mass, material
from muforge.reference.geometry import Stack, geometry
from muforge.reference.muon_tables import SCATTERING, STOPPING, _stored, muon_tables
from muforge.reference.transport import Arrival, least_losses, propagate

Float = NDArray[np.float64]

FE = muon_tables(("Fe",))
MASS = mass(13)
IRON_X0 = material("Fe").radiation_length


def slabs(
    *lengths: float, materials: list[int] | None = None, radius: float = np.inf, beside: int = -1
) -> Stack:
    n = len(lengths)
    return Stack(
        np.array([0.0, *np.cumsum(lengths)]),
        np.array(materials or [0] * n, np.int64),
        np.full(n, radius),
        beside,
    )


def philox(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def momentum_of(kinetic: float | Float) -> Float:
    return np.asarray(np.sqrt(np.asarray(kinetic) * (np.asarray(kinetic) + 2 * MASS)))


def kinetic_of(arrival: Arrival) -> Float:
    return np.asarray(np.hypot(np.linalg.norm(arrival.momentum, axis=1), MASS) - MASS)


def straight(stack: Stack, kinetic: float, n: int, seed: int = 1, **options: float) -> Arrival:
    """n muons of an energy along z from the middle of the front face."""
    momentum = np.zeros((n, 3))
    momentum[:, 2] = momentum_of(kinetic)
    return propagate(stack, FE, np.zeros((n, 3)), momentum, philox(seed), **options)


def width(values: Float, central: float = 0.68, normal: float = 0.994458) -> float:
    """Half width of the central part, in the standard deviations of a Gaussian."""
    low, high = np.quantile(values, [0.5 - central / 2, 0.5 + central / 2])
    return float(high - low) / (2 * normal)


def angle_width(arrival: Arrival) -> float:
    """From the central 98% of the projected angles, as in the PDG's definition of theta_0; both planes."""
    momentum = arrival.momentum[arrival.alive]
    angles = np.arctan2(momentum[:, :2], momentum[:, 2:])
    return width(angles.ravel(), 0.98, 2.326348)


def mean_track(kinetic: float, length: float, pieces: int = 2000) -> Float:
    """Kinetic energy in the middle of each piece of a track that loses its mean in iron."""
    energies = np.empty(pieces)
    step = length / pieces
    for i in range(pieces):
        middle = kinetic - 0.5 * step * np.interp(kinetic, FE.kinetic, FE.rows[0, :, STOPPING])
        kinetic -= step * np.interp(middle, FE.kinetic, FE.rows[0, :, STOPPING])
        energies[i] = middle
    return energies


@pytest.mark.parametrize(("kinetic", "length"), [(10.0, 50.0), (30.0, 200.0), (100.0, 500.0), (300.0, 500.0)])
def test_mean_loss_is_the_stopping_power(kinetic: float, length: float) -> None:
    """The tables' stopping power is within 1% of Groom's: see test_muon_tables."""
    arrival = straight(slabs(length), kinetic, 20_000)
    loss = kinetic - kinetic_of(arrival)[arrival.alive]
    track = mean_track(kinetic, length)
    expected = np.interp(track, FE.kinetic, FE.rows[0, :, STOPPING]).mean() * length
    error = loss.std() / np.sqrt(len(loss))
    assert error < 0.02 * expected
    assert loss.mean() == pytest.approx(expected, abs=0.005 * expected + 4 * error)


def analog_losses(kinetic: float, length: float, n: int, step: float = 1.0) -> Float:
    """Energy after iron by an independent simulation with the same cross-sections.

    All of the muons in steps of 1 cm at constant energy, losses above 0.1% of the energy one by one from
    PUMAS's integral spectrum (power laws between its points), PUMAS's restricted stopping power for the
    rest, with no straggling in it.
    """
    stored = _stored()
    iron = stored["names"].tolist().index("Fe")
    grid, coarse = np.log(stored["kinetic"]), np.log(stored["kinetic"][:: int(stored["coarsening"])])
    log_fraction = np.log(stored["fraction"])
    rng = np.random.default_rng(5)
    energy = np.full(n, kinetic)
    for _ in range(round(length / step)):
        log = np.log(energy)
        energy = energy - step * np.interp(log, grid, stored["soft"][iron])
        count = rng.poisson(step * np.interp(log, grid, stored["hard"][iron]))
        for number in range(1, count.max() + 1):
            who = np.flatnonzero(count >= number)
            tail = stored["tail"][iron, np.abs(coarse[:, None] - log[who]).argmin(axis=0)].astype(float)
            beyond = np.log(1 - rng.random(len(who)))
            lost = [
                np.interp(-b, -np.log(np.maximum(t, 1e-9)), log_fraction)
                for b, t in zip(beyond, tail, strict=True)
            ]
            energy[who] *= 1 - np.minimum(np.exp(lost), 0.99)
        energy = np.maximum(energy, 0.06)
    return energy[energy > 0.1]


@pytest.mark.parametrize(
    ("kinetic", "n"),
    [
        (100.0, 6000),
        pytest.param(10.0, 20_000, marks=pytest.mark.long),
        pytest.param(30.0, 20_000, marks=pytest.mark.long),
        pytest.param(100.0, 40_000, marks=pytest.mark.long),
        pytest.param(300.0, 40_000, marks=pytest.mark.long),
    ],
)
def test_straggling_is_that_of_an_analog_simulation(kinetic: float, n: int) -> None:
    theirs = kinetic - analog_losses(kinetic, 500.0, n)
    arrival = straight(slabs(500.0), kinetic, 40_000)
    ours = kinetic - kinetic_of(arrival)[arrival.alive]
    tolerance = 0.02 + 2.5 * 1.3 / np.sqrt(n)
    assert width(ours) == pytest.approx(width(theirs), rel=tolerance)
    assert np.median(ours) == pytest.approx(np.median(theirs), abs=tolerance * width(theirs))
    for far in (0.9, 0.98):
        assert np.quantile(ours, far) == pytest.approx(np.quantile(theirs, far), rel=3 * tolerance)


@pytest.mark.parametrize("kinetic", [10.0, 30.0, 100.0, 300.0])
def test_scattering_is_that_of_highland(kinetic: float) -> None:
    """50 cm of iron, 28 radiation lengths; the formula is for up to 100 (PDG review, eq. 34.16, 11%)."""
    length = 50.0
    energy = mean_track(kinetic, length)
    thickness = length / IRON_X0
    highland = 13.6e-3 * np.sqrt(thickness) * (1 + 0.038 * np.log(thickness))
    highland *= np.sqrt((((energy + MASS) / momentum_of(energy) ** 2) ** 2).mean())
    assert angle_width(straight(slabs(length), kinetic, 40_000)) == pytest.approx(highland, rel=0.05)


@pytest.mark.parametrize("kinetic", [30.0, 100.0, 300.0])
def test_scattering_in_the_whole_absorber_is_that_of_rossi(kinetic: float) -> None:
    """5 m of iron is 285 radiation lengths: the finite nucleus ends the growth of Highland's logarithm.

    A muon's total angle is then far beyond the largest in a single collision, hbar / (p R), so the angles
    are Gaussian with the second moment of single scattering, E_s = sqrt(2 pi / alpha) m_e = 15.0 MeV in
    projection: B. Rossi, K. Greisen, Rev. Mod. Phys. 13 (1941) 240.
    """
    energy = mean_track(kinetic, 500.0)
    rossi = 15.0e-3 * np.sqrt(500.0 / IRON_X0 * (((energy + MASS) / momentum_of(energy) ** 2) ** 2).mean())
    arrival = straight(slabs(500.0), kinetic, 40_000)
    assert angle_width(arrival) == pytest.approx(rossi, rel=0.06)


def test_displacement_goes_with_the_angle() -> None:
    """For uniform scattering the displacement is 1/sqrt(3) of path times angle, with correlation sqrt(3)/2."""
    arrival = straight(slabs(200.0), 300.0, 40_000)
    momentum, position = arrival.momentum[arrival.alive], arrival.position[arrival.alive]
    angle, x = np.arctan2(momentum[:, 0], momentum[:, 2]), position[:, 0]
    assert width(x) == pytest.approx(200 * width(angle) / np.sqrt(3), rel=0.03)
    core = np.abs(angle) < 4 * width(angle)
    assert np.corrcoef(angle[core], x[core])[0, 1] == pytest.approx(np.sqrt(3) / 2, abs=0.01)
    variance = 200 * np.interp(300.0, FE.kinetic, FE.rows[0, :, SCATTERING])
    assert width(angle) == pytest.approx(np.sqrt(variance), rel=0.03)
    np.testing.assert_allclose(position[:, 2], 200.0)


def test_scattering_does_not_depend_on_the_frame() -> None:
    """Muons at 50 degrees to z scatter as much, in both planes, over the same path as muons along z."""
    axis = np.array([np.sin(0.87) * np.cos(2.0), np.sin(0.87) * np.sin(2.0), np.cos(0.87)])
    n = 40_000
    momentum = np.tile(axis * momentum_of(100.0), (n, 1))
    slanted = propagate(slabs(100 * axis[2]), FE, np.zeros((n, 3)), momentum, philox())
    along = straight(slabs(100.0), 100.0, n)
    first = np.cross(axis, [0.0, 0.0, 1.0]) / np.sin(0.87)
    for plane in (first, np.cross(axis, first)):
        angle = np.arctan2(slanted.momentum @ plane, slanted.momentum @ axis)
        assert width(angle[slanted.alive], 0.98, 2.326348) == pytest.approx(angle_width(along), rel=0.03)


@pytest.mark.parametrize("kinetic", [10.0, 100.0])
def test_step_length_and_division_of_losses_do_not_matter(kinetic: float) -> None:
    coarse = straight(slabs(500.0), kinetic, 30_000, seed=1)
    fine = straight(slabs(500.0), kinetic, 10_000, seed=2, loss_per_step=0.03)
    cut = slabs(*[500.0 / 40] * 40)
    n = 10_000
    start = np.tile([0.0, 0.0, float(momentum_of(kinetic))], (n, 1))
    divided = propagate(cut, muon_tables(("Fe",), soft_below=0.0), np.zeros((n, 3)), start, philox(3))
    one = kinetic - kinetic_of(coarse)[coarse.alive]
    for other in (fine, divided):
        two = kinetic - kinetic_of(other)[other.alive]
        assert coarse.alive.mean() == pytest.approx(other.alive.mean(), abs=0.005)
        assert np.median(one) == pytest.approx(np.median(two), abs=0.06 * width(two))
        assert width(one) == pytest.approx(width(two), rel=0.05)
        assert angle_width(coarse) == pytest.approx(angle_width(other), rel=0.05)
        x = [width(a.position[a.alive, 0]) for a in (coarse, other)]
        assert x[0] == pytest.approx(x[1], rel=0.05)


def test_same_generator_same_bytes() -> None:
    first, second, other = (straight(slabs(500.0), 12.0, 500, seed=seed) for seed in (7, 7, 8))
    for name in ("position", "momentum", "time", "alive"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert first.momentum.tobytes() != other.momentum.tobytes()


def test_vacuum_is_straight_flight() -> None:
    rng = np.random.default_rng(2)
    position = rng.uniform(0, 100, (50, 3))
    momentum = rng.uniform(-1, 1, (50, 3)) * 20 + [0, 0, 40]
    arrival = propagate(slabs(150.0, 100.0, materials=[-1, -1]), FE, position, momentum, philox())
    alive = arrival.alive
    assert alive.sum() > 45
    slope = momentum / momentum[:, 2:]
    expected = position + slope * (250 - position[:, 2:])
    np.testing.assert_allclose(arrival.position[alive], expected[alive], rtol=1e-12)
    np.testing.assert_allclose(arrival.momentum[alive], momentum[alive], rtol=1e-12)
    size = np.linalg.norm(momentum, axis=1)
    path = np.linalg.norm(expected - position, axis=1)
    time = path * np.hypot(size, MASS) / size / CM_PER_NANOSECOND
    np.testing.assert_allclose(arrival.time[alive], time[alive], rtol=1e-12)


def test_decay_in_flight() -> None:
    """In vacuum the survivors are exp(-L m / (p c tau)) of the muons."""
    n, length = 40_000, 5e5
    arrival = straight(slabs(length, materials=[-1]), 1.0, n)
    survival = np.exp(-length * MASS / (momentum_of(1.0) * c_tau(13)))
    assert 0.4 < survival < 0.6
    assert arrival.alive.mean() == pytest.approx(survival, abs=4 * np.sqrt(survival * (1 - survival) / n))
    assert (arrival.momentum[~arrival.alive] == 0).all()


@pytest.mark.parametrize("beside", [-1, 0])
def test_beyond_the_radius_are_the_surroundings(beside: int) -> None:
    stack = slabs(100.0, radius=15.0, beside=beside)
    n = 2000
    momentum = np.tile([0.0, 0.0, 50.0], (n, 1))
    outside = propagate(stack, FE, np.tile([20.0, 0.0, 0.0], (n, 1)), momentum, philox())
    loss = 50.0 - np.linalg.norm(outside.momentum[outside.alive], axis=1)
    if beside == -1:
        np.testing.assert_allclose(loss, 0, atol=1e-9)
        np.testing.assert_allclose(outside.position, [20.0, 0.0, 100.0] * np.ones((n, 1)))
    else:
        assert np.median(loss) == pytest.approx(
            np.median(50 - np.linalg.norm(straight(slabs(100.0), 49.9, n).momentum, axis=1)), rel=0.1
        )


def test_a_muon_leaves_and_enters_a_target_at_its_side() -> None:
    """Losses go with the path inside: leaving at z = 30 cm, and entering at z = 70 cm."""
    n = 4000
    stack = slabs(100.0, radius=15.0)
    for x, cosine in ((0.0, 0.5), (-50.0, 0.5)):
        momentum = np.tile([50.0 * cosine, 0.0, 100.0 * cosine], (n, 1))
        arrival = propagate(stack, FE, np.tile([x, 0.0, 0.0], (n, 1)), momentum, philox())
        inside = 30.0 * np.sqrt(1.25)
        plain = straight(slabs(inside), float(np.hypot(np.linalg.norm(momentum[0]), MASS) - MASS), n, seed=4)
        losses = [np.linalg.norm(momentum[0]) - np.linalg.norm(a.momentum, axis=1) for a in (arrival, plain)]
        assert np.median(losses[0]) == pytest.approx(np.median(losses[1]), rel=0.02)
        assert width(losses[0]) == pytest.approx(width(losses[1]), rel=0.1)


def test_muons_start_anywhere() -> None:
    stack = slabs(100.0, 50.0, 100.0, materials=[0, -1, 0])
    n = 4000
    momentum = np.tile([0.0, 0.0, 50.0], (n, 1))
    for z, iron in ((0.0, 200.0), (80.0, 120.0), (120.0, 100.0), (150.0, 100.0), (249.0, 1.0)):
        arrival = propagate(stack, FE, np.tile([0.0, 0.0, z], (n, 1)), momentum, philox())
        loss = 50 - np.linalg.norm(arrival.momentum[arrival.alive], axis=1)
        assert np.median(loss) == pytest.approx(
            np.median(
                50
                - np.linalg.norm(
                    straight(slabs(iron), float(np.hypot(50, MASS) - MASS), n, 9).momentum, axis=1
                )
            ),
            rel=0.02 if iron > 10 else 0.1,
        )
        assert np.median(arrival.time) == pytest.approx((250 - z) / CM_PER_NANOSECOND, rel=2e-3)


def test_at_the_end_already() -> None:
    arrival = propagate(slabs(10.0), FE, np.array([[1.0, 2.0, 10.0]]), np.array([[0.1, 0.0, 5.0]]), philox())
    assert arrival.alive.all()
    np.testing.assert_allclose(arrival.position, [[1.0, 2.0, 10.0]])
    np.testing.assert_allclose(arrival.momentum, [[0.1, 0.0, 5.0]])
    assert arrival.time[0] == 0


@pytest.mark.parametrize("momentum", [[0.0, 0.0, -50.0], [50.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.1]])
def test_backward_sideways_and_resting_muons_are_dropped(momentum: list[float]) -> None:
    arrival = propagate(slabs(10.0), FE, np.zeros((1, 3)), np.array([momentum]), philox())
    assert not arrival.alive.any()
    assert (arrival.momentum == 0).all()


def test_no_muons() -> None:
    arrival = propagate(slabs(10.0), FE, np.zeros((0, 3)), np.zeros((0, 3)), philox())
    assert arrival.position.shape == arrival.momentum.shape == (0, 3)
    assert arrival.time.shape == arrival.alive.shape == (0,)


def test_muons_given_up_could_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followed to the end, none of those with just the energy needed arrives; and it is not much too low."""
    place = geometry()
    tables = muon_tables(place.materials)
    stack = place.stack()
    needed = least_losses(stack, tables, 0.1).rest[0]
    assert needed > 2.5
    n = 3000
    start = np.tile([0.0, 0.0, float(momentum_of(needed))], (n, 1))
    monkeypatch.setattr(
        transport,
        "least_losses",
        lambda stack, *_: transport.Losses(np.zeros(len(stack.edges)), np.zeros(len(stack.material))),
    )
    beside = np.tile([20.0, 0.0, 0.0], (n, 1))
    for position in (np.zeros((n, 3)), beside):
        assert not propagate(stack, tables, position, start, philox()).alive.any()


def test_giving_up_early_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    early = straight(slabs(500.0), 7.5, 15_000, seed=1)
    monkeypatch.setattr(
        transport,
        "least_losses",
        lambda stack, *_: transport.Losses(np.zeros(len(stack.edges)), np.zeros(len(stack.material))),
    )
    late = straight(slabs(500.0), 7.5, 15_000, seed=2)
    assert 0.3 < late.alive.mean() < 0.95
    assert early.alive.mean() == pytest.approx(late.alive.mean(), abs=0.022)
    energies = [kinetic_of(a)[a.alive] for a in (early, late)]
    assert np.median(energies[0]) == pytest.approx(np.median(energies[1]), rel=0.03)


def test_a_higher_minimum_keeps_the_same_muons() -> None:
    low = straight(slabs(500.0), 9.0, 8000, seed=1)
    high = straight(slabs(500.0), 9.0, 8000, seed=2, minimum=1.5)
    assert high.alive.mean() == pytest.approx((kinetic_of(low) > 1.5).mean(), abs=0.025)
    assert kinetic_of(high)[high.alive].min() > 1.5


@pytest.mark.parametrize(
    ("z", "momentum", "minimum", "message"),
    [
        (-1.0, 10.0, 0.1, "muon at z = -1 cm: the stack goes from 0 to 10 cm"),
        (11.0, 10.0, 0.1, "muon at z = 11 cm"),
        (1.0, 9000.0, 0.1, "the muon tables end at 8000 GeV"),
        (1.0, np.nan, 0.1, "muon of nan GeV"),
        (1.0, 10.0, 0.01, "minimum 0.01 GeV: the muon tables begin at 0.05 GeV"),
    ],
)
def test_what_the_tables_do_not_cover_is_refused(
    z: float, momentum: float, minimum: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        propagate(
            slabs(10.0),
            FE,
            np.array([[0.0, 0.0, z]]),
            np.array([[0.0, 0.0, momentum]]),
            philox(),
            minimum=minimum,
        )
