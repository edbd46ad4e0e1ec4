"""Rates and spectra behind absorber and shield: real muons, real ones without their comb, and generated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.judge.binning import bin_of
from muforge.judge.checks import MIN_MUONS
from muforge.judge.intervals import Yield, yield_ratio
from muforge.judge.one_dimensional import Axis
from muforge.judge.quantities import values
from muforge.judge.replicas import REPLICAS, Difference, Groups, Shares, compare_shares, number_of_events
from muforge.judge.split import cut_in_two
from muforge.judge.tails import MANY, MIN_EFFECTIVE
from muforge.reference.geometry import Geometry
from muforge.reference.shield import Shield
from muforge.rng import Purpose, stream
from muforge.sample import Sample
from muforge.studies.comb import contrast, without_comb
from muforge.studies.downstream import Behind, Downstream, at_plane, downstream

Floats = NDArray[np.float64]

REAL, NULL, WITHOUT_COMB, PROPAGATED = "real", "null", "without comb", "propagated"

QUANTITIES = ("p", "pt", "r", "start_x", "start_y")
"""What is compared at each place, by the names that the judge has for a start: momentum, transverse momentum, distance
from the beam axis, x and y, all there."""

_PLACE = 21


def fine_structure(
    real: Sample,
    null: Sample,
    arms: Mapping[str, Sample],
    geometry: Geometry,
    shield: Shield | None = None,
    *,
    target_front: float = 0.0,
    throws: int = 1,
    seed: int = 0,
    replicas: int = REPLICAS,
) -> dict[str, Any]:
    """Propagate all samples and compare what is behind the absorber, behind the shield and in its acceptance.

    Besides the arms there are `null`, and `without comb`, which is the null with its comb taken away; both are of other
    events than the real ones, so what differs by chance differs in both. `paired` tells more: the same real muons with
    and without comb, where the chance of the sample cancels; that of the transport shrinks with more throws.

    Arguments:
        real: Real muons.
        null: Real muons of other events.
        arms: Samples by name, such as generated ones.
        geometry: Target and absorber.
        shield: Behind the absorber.
        target_front: z of the target's front face in the frame of the samples, cm.
        throws: Times that each muon is propagated.
        seed: Of the transport, the moves and the errors.
        replicas: For errors and p-values of distances.

    Returns:
        JSON-able:
        `throws`; `geometry` and `shield`, their names; `arms`, the names in order, `null` and `without comb` first;
        `comb`: by sample the contrast of the slits and its error;
        `places`: by `absorber`, `shield` and `acceptance`, each with `real`, `arms` and `spectra`. Of the real muons
        and each arm: `muons`, `survival` per muon at the start, `survival_error` over events, and `per_proton` (None
        where the sample's protons are unknown). Of an arm also: `ratio` of survival over the real one, `ratio_error`
        and `p_value` (None where there are too few muons), and `ks`, by quantity `value`, `error`, `p_value`, and
        `null`, the value of the null (empty where there are too few muons). `spectra`: by quantity `edges` and
        `densities`, by sample `value`, of unit area, and `error`;
        `paired`: by place `rate`, `mean p` and `mean pT`, each with `ratio`, `error` and `p_value` of the real muons
        without their comb over the same with it.

    Raises:
        ConfigError: An arm has a name that is taken, a muon starts beyond target and absorber, or there is no comb.
        SampleError: A sample has no weight or is of one event.
    """
    for name in arms:
        if name in (REAL, NULL, WITHOUT_COMB):
            raise ConfigError(f"arm '{name}': the name is taken")
    samples = {
        REAL: real,
        NULL: null,
        WITHOUT_COMB: without_comb(null, geometry, seed, target_front=target_front),
        **arms,
    }
    flown = {}
    for place, (name, sample) in enumerate(samples.items(), start=1):
        sample.require_muons(f"{name} sample")
        flown[name] = downstream(
            sample, geometry, shield, seed, target_front=target_front, throws=throws, place=place
        )
    smooth = downstream(
        without_comb(real, geometry, seed, target_front=target_front),
        geometry,
        shield,
        seed,
        target_front=target_front,
        throws=throws,
    )
    return {
        "throws": throws,
        "geometry": geometry.name,
        "shield": shield.name if shield else None,
        "arms": [name for name in samples if name != REAL],
        "comb": {
            name: list(contrast(flight.start, geometry, seed, target_front=target_front))
            for name, flight in flown.items()
        },
        "places": {place: _at(place, flown, seed, replicas) for place in flown[REAL].places()},
        "paired": {place: _paired(place, smooth, flown[REAL], seed) for place in flown[REAL].places()},
    }


def plane_check(
    sample: Sample, geometry: Geometry, *, least: float = 20.0, throws: int = 1, seed: int = 0
) -> dict[str, Any]:
    """Propagated muons behind the absorber against those that the production itself has there.

    One half of the events is propagated, the other gives its own columns. A production keeps only muons that came
    through, so muons near the threshold, which come through by luck, are left out.

    Arguments:
        sample: With the columns of `PLANE`, in the frame whose z = 0 is the target's front face.
        geometry: Target and absorber of the production.
        least: Momentum at the start in GeV that muons need to be compared.

    Returns:
        `survival` with `survival_error`, which should be near one; `means`, by quantity the `ratio`, propagated over
        the production's own, and its `error`; and `ks` as `fine_structure` has it, without null.

    Raises:
        SampleError: The sample has no columns of `PLANE`, or is of one event.
    """
    fast = sample.select(values(sample, "p") > least)
    own, start = cut_in_two(fast, stream(seed, Purpose.JUDGE, _PLACE))
    flown = downstream(start, geometry, seed=seed, throws=throws)
    there = at_plane(flown.absorber.sample)
    sides = {REAL: _Side.of(at_plane(own), seed, 0), PROPAGATED: _Side.of(there, seed, 1)}
    rate = _rate(flown, flown.absorber, seed, 0)
    found = {quantity: _spectra(quantity, sides) for quantity in QUANTITIES}
    return {
        "survival": float(rate.value[0]),
        "survival_error": float(np.sqrt(rate.variance[0])),
        "means": {quantity: _mean_ratio(quantity, sides) for quantity in ("p", "pt", "r")},
        "ks": {quantity: _ks(each.distance[PROPAGATED]) for quantity, each in found.items() if each},
    }


def _mean_ratio(quantity: str, sides: Mapping[str, _Side]) -> dict[str, float]:
    """Propagated over the production's own, of independent events."""
    means = [
        sides[name].groups.means(values(sides[name].sample, quantity)[:, None]) for name in (PROPAGATED, REAL)
    ]
    ratio = float(means[0].value[0] / means[1].value[0])
    return {
        "ratio": ratio,
        "error": ratio * sqrt(sum(mean.variance[0] / mean.value[0] ** 2 for mean in means)),
    }


@dataclass(frozen=True, eq=False)
class _Side:
    """A sample at a place with its replicas."""

    sample: Sample
    groups: Groups
    multipliers: Floats

    @classmethod
    def of(cls, sample: Sample, seed: int, number: int, replicas: int = REPLICAS) -> _Side:
        generator = stream(seed, Purpose.BOOTSTRAP, _PLACE, number)
        groups = Groups(sample, generator)
        return cls(sample, groups, groups.multipliers(generator, replicas))


def _at(place: str, flown: Mapping[str, Downstream], seed: int, replicas: int) -> dict[str, Any]:
    left = {name: flight.places()[place] for name, flight in flown.items()}
    rates = {
        name: _rate(flight, left[name], seed, number) for number, (name, flight) in enumerate(flown.items())
    }
    rows = {name: _row(flown[name], left[name], rates[name]) for name in flown}
    sides = {
        name: _Side.of(at_plane(behind.sample), seed, number, replicas)
        for number, (name, behind) in enumerate(left.items())
        if len(behind.row) >= MIN_MUONS and number_of_events(behind.sample) > 1
    }
    for name in flown:
        if name != REAL:
            rows[name] |= {**_ratio(rates[name], rates[REAL], flown[name].start.n_eff), "ks": {}}
    drawn = {}
    for quantity in QUANTITIES if REAL in sides else ():
        found = _spectra(quantity, sides)
        if found is not None:
            drawn[quantity] = found.drawn
            null = found.distance.get(NULL)
            for name, distance in found.distance.items():
                rows[name]["ks"][quantity] = {**_ks(distance), "null": null.value if null else None}
    return {
        "real": rows[REAL],
        "arms": {name: row for name, row in rows.items() if name != REAL},
        "spectra": drawn,
    }


@dataclass(frozen=True, eq=False)
class _Spectra:
    """A quantity of the real muons and of others: KS distances of the others, and all densities."""

    distance: dict[str, Difference]
    drawn: dict[str, Any]


def _spectra(quantity: str, sides: Mapping[str, _Side]) -> _Spectra | None:
    """None if the quantity has one value."""
    column = {name: values(side.sample, quantity) for name, side in sides.items()}
    axis = Axis.of(quantity, column, {name: side.sample for name, side in sides.items()})
    if axis is None:
        return None
    shares = {
        name: side.groups.shares(bin_of(column[name], axis.inner), axis.bins) for name, side in sides.items()
    }
    densities = axis.densities(shares)
    cumulated = {name: each.map(lambda rows: np.cumsum(rows, axis=1)) for name, each in shares.items()}
    return _Spectra(
        {
            name: compare_shares(
                cumulated[name], cumulated[REAL], side.multipliers, sides[REAL].multipliers, _largest
            )
            for name, side in sides.items()
            if name != REAL
        },
        {
            "edges": densities["edges"],
            "densities": {
                name: {"value": densities[name], "error": densities[f"{name}_error"]} for name in sides
            },
        },
    )


def _largest(differences: Floats) -> Floats:
    return np.asarray(np.abs(differences).max(axis=1))


def _ks(distance: Difference) -> dict[str, float | None]:
    return {"value": distance.value, "error": distance.error, "p_value": distance.p_value}


def _rate(flight: Downstream, behind: Behind, seed: int, number: int) -> Shares:
    """Weight at a place over that at the start."""
    groups = Groups(flight.start, stream(seed, Purpose.BOOTSTRAP, _PLACE, number))
    return groups.means(flight.survival(behind)[:, None])


def _row(flight: Downstream, behind: Behind, rate: Shares) -> dict[str, Any]:
    protons = flight.start.protons_on_target
    survival = float(rate.value[0])
    return {
        "muons": len(behind.row),
        "survival": survival,
        "survival_error": float(np.sqrt(rate.variance[0])),
        "per_proton": None if protons is None else survival * flight.start.sum_of_weights / protons,
    }


def _ratio(arm: Shares, real: Shares, n_eff: float) -> dict[str, float | None]:
    """Of rates, with its error over events: Gaussian where there are many muons, binomial where there are few."""
    a, b = (_yield(rate, n_eff) for rate in (arm, real))
    if min(a.entries, b.entries) >= MANY:
        value, error = a.share / b.share, a.share / b.share * sqrt(1 / a.entries + 1 / b.entries)
        return {"ratio": value, "ratio_error": error, "p_value": _two_sided((value - 1) / error)}
    found = yield_ratio(a, b)
    enough = max(a.entries, b.entries) >= MIN_EFFECTIVE
    return {
        "ratio": found.ratio,
        "ratio_error": None if found.high is None else (found.high - found.low) / 2,
        "p_value": found.p_value if enough else None,
    }


def _yield(rate: Shares, n_eff: float) -> Yield:
    value, variance = float(rate.value[0]), float(rate.variance[0])
    if variance == 0:
        return Yield(value, value * n_eff, n_eff)
    return Yield(value, value**2 / variance, value / variance)


def _paired(
    place: str, smooth: Downstream, real: Downstream, seed: int
) -> dict[str, dict[str, float | None]]:
    """Ratios of the same muons, whose groups of events fluctuate together."""
    columns = []
    for flight in (smooth, real):
        behind = flight.places()[place]
        there = at_plane(behind.sample)
        columns.append(flight.survival(behind))
        columns += [
            np.bincount(behind.row, values(there, quantity), len(flight.start)) / flight.throws
            for quantity in ("p", "pt")
        ]
    groups = Groups(real.start, stream(seed, Purpose.BOOTSTRAP, _PLACE))
    means = groups.means(np.stack(columns, axis=1))
    if not (means.value > 0).all():
        nothing: dict[str, float | None] = {"ratio": None, "error": None, "p_value": None}
        return dict.fromkeys(("rate", "mean p", "mean pT"), nothing)
    logarithm, deviation = np.log(means.value), means.deviation / means.value
    powers = {"rate": (1, 0, 0, -1, 0, 0), "mean p": (-1, 1, 0, 1, -1, 0), "mean pT": (-1, 0, 1, 1, 0, -1)}
    out: dict[str, dict[str, float | None]] = {}
    for name, power in powers.items():
        shift, sigma = float(logarithm @ power), float(np.linalg.norm(deviation @ power))
        ratio = float(np.exp(shift))
        out[name] = {
            "ratio": ratio,
            "error": ratio * sigma,
            "p_value": _two_sided(shift / sigma) if sigma > 0 else 1.0,
        }
    return out


def _two_sided(sigmas: float) -> float:
    return erfc(abs(sigmas) / sqrt(2))
