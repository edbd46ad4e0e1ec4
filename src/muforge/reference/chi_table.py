"""The expected number of hard events in an inelastic hadron-nucleus collision."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.errors import ConfigError
from muforge.reference.constants import constants, number, table_text
from muforge.reference.hadron_nucleus import NEUTRON, PROTON, mean_collisions
from muforge.reference.origin import Origin

BEAMS = (2212, 2112, -2212, 211, -211, 321, -321)
"""The projectiles of the table; `stand_ins` says which of them stand for the others."""

TARGETS: dict[Origin, tuple[int, ...]] = {
    Origin.CHARM: (PROTON,),
    Origin.BEAUTY: (PROTON,),
    Origin.CHARMONIUM: (PROTON,),
    Origin.DRELL_YAN: (PROTON, NEUTRON),
}
"""Target nucleons. Gluons make charm, beauty and charmonium, and a proton has as many as a neutron."""

REFERENCE_ENERGY = 400.0
"""GeV, of the protons for which SHiP's chi are given."""

NUCLEUS = "Mo"
"""The nucleus for which chi is given, as SHiP does."""


def stand_ins(pdg: int) -> tuple[int, ...]:
    """The projectiles of the table that stand for a hadron, each as often as the others.

    Hyperons count as protons, antibaryons as antiprotons, neutral kaons as K+ and K- in equal parts.

    Raises:
        ConfigError: It is neither a baryon, nor a pion or kaon.
    """
    if pdg in BEAMS:
        return (pdg,)
    if pdg in _NEUTRAL_KAONS:
        return (321, -321)
    if 1000 < abs(pdg) < 10_000:
        return (PROTON,) if pdg > 0 else (-PROTON,)
    raise ConfigError(f"projectile {pdg}: the table of hard cross-sections knows baryons, pions and kaons")


class ChiTable:
    """Chi of one process, interpolated linearly in log chi and log energy.

    Charm and beauty: chi = C r(h, E) / r(p, 400 GeV) with r = sigma(signal) / sigma(inelastic) on a nucleon
    from Pythia, C the `chi_cc` and `chi_bb` of SHiP, and none below SHiP's `charm_threshold` and
    `beauty_threshold`. (SHiP's ratio is that of a single nucleon for every projectile. Pions and kaons collide less
    often in a nucleus than protons do, so that with cross-sections that grow as A their chi would be smaller, for
    pions on Mo by a quarter.)

    Charmonium and Drell-Yan: chi = A sigma(signal) / sigma(hadron-nucleus) for Mo, where
    A sigma(hadron-nucleon, inelastic) / sigma(hadron-nucleus) is the mean number of collisions in
    `hadron_nucleus`, so that the rate per nucleon in the cascade is sigma(signal). It is that of Pythia, times
    the K factor for Drell-Yan; for charmonium rescaled to the measured cross-section of protons of 400 GeV,
    with psi(2S) -> mu mu added as further events.

    Arguments:
        origin: Which process.

    References:
        FairShip, macro/makeCascade.py | https://github.com/ShipSoft/FairShip
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        table = _table()
        targets = np.array([_target_fractions()[target] for target in TARGETS[origin]])
        self._fractions = targets / targets.sum()
        self._log_energy = np.log(table.energy)
        self._highest = float(table.energy[-1])
        self.lowest = _LOWEST[origin]()
        scale = _SCALES[origin]
        self._by_target = {
            beam: np.stack([scale(table, origin, beam, target) for target in TARGETS[origin]])
            for beam in BEAMS
        }
        self._log_chi = {beam: _log(self._fractions @ values) for beam, values in self._by_target.items()}

    def chi(self, pdg: NDArray[np.integer[Any]], energy: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Expected hard events in an inelastic hadron-nucleus collision.

        Arguments:
            pdg: Projectiles, shape (n,).
            energy: Their total energies in GeV, shape (n,).

        Returns:
            Shape (n,); 0 below the threshold.

        Raises:
            ConfigError: An energy is above the table's end, or a projectile is none of the cascade's.
        """
        pdg, energy = np.broadcast_arrays(np.asarray(pdg), np.asarray(energy, np.float64))
        if energy.size and energy.max() > self._highest * (1 + 1e-9):
            raise ConfigError(
                f"energy {energy.max():g} GeV: hard cross-sections are tabulated up to {self._highest:g} GeV"
            )
        out = np.zeros(energy.shape)
        above = energy >= self.lowest
        for code in np.unique(pdg[above]):
            chosen = above & (pdg == code)
            log_energy = np.log(energy[chosen])
            beams = stand_ins(int(code))
            out[chosen] = sum(
                np.exp(np.interp(log_energy, self._log_energy, self._log_chi[beam])) for beam in beams
            ) / len(beams)
        return out

    def on_proton(self, beam: int, energy: float) -> float:
        """The share of the events whose target is a proton, for a projectile of the table."""
        values = self._by_target[beam]
        if len(values) == 1:
            return 1.0
        log_energy = np.log(energy)
        parts = self._fractions * [np.interp(log_energy, self._log_energy, row) for row in values]
        return float(parts[0] / parts.sum())


class _Table(NamedTuple):
    """Energies in GeV, and cross-sections in mb by origin, beam and target, each of shape (energies,)."""

    energy: NDArray[np.float64]
    inelastic: dict[int, NDArray[np.float64]]
    signal: dict[Origin, dict[int, dict[int, NDArray[np.float64]]]]


@cache
def _table() -> _Table:
    content = json.loads(table_text("chi.json"))
    return _Table(
        np.array(content["energy"]),
        {int(beam): np.array(values) for beam, values in content["inelastic"].items()},
        {
            Origin[name.upper()]: {
                int(beam): {int(target): np.array(values) for target, values in targets.items()}
                for beam, targets in beams.items()
            }
            for name, beams in content["signal"].items()
        },
    )


def j_psi_cross_section() -> float:
    """The measured one, of protons of `REFERENCE_ENERGY` per nucleon of `NUCLEUS`, in mb."""
    entry = constants().numbers["jpsi_cross_section_per_nucleon"]
    return entry.value * _MILLIBARN[entry.unit]


def highest_energy() -> float:
    """The end of the table, GeV."""
    return float(_table().energy[-1])


def _at_reference(table: _Table, values: NDArray[np.float64]) -> float:
    return float(np.interp(REFERENCE_ENERGY, table.energy, values))


def _ship(name: str) -> Callable[[_Table, Origin, int, int], NDArray[np.float64]]:
    """Chi of SHiP for protons of 400 GeV, and Pythia's dependence on the projectile and its energy."""

    def scaled(table: _Table, origin: Origin, beam: int, target: int) -> NDArray[np.float64]:
        protons = table.signal[origin][PROTON][target] / table.inelastic[PROTON]
        ratio = table.signal[origin][beam][target] / table.inelastic[beam]
        return number(name) * ratio / _at_reference(table, protons)

    return scaled


def _per_nucleus(table: _Table, beam: int, signal: NDArray[np.float64]) -> NDArray[np.float64]:
    inelastic = table.inelastic[beam]
    nucleons = round(constants().elements[NUCLEUS].A)
    return signal * mean_collisions(inelastic, nucleons) / inelastic


def _charmonium(table: _Table, origin: Origin, beam: int, target: int) -> NDArray[np.float64]:
    measured = j_psi_cross_section() * (1 + number("psi2s_to_jpsi_mumu"))
    protons = _at_reference(table, table.signal[origin][PROTON][target])
    return _per_nucleus(table, beam, measured * table.signal[origin][beam][target] / protons)


def _drell_yan(table: _Table, origin: Origin, beam: int, target: int) -> NDArray[np.float64]:
    return _per_nucleus(table, beam, number("drell_yan_k_factor") * table.signal[origin][beam][target])


_SCALES: dict[Origin, Callable[[_Table, Origin, int, int], NDArray[np.float64]]] = {
    Origin.CHARM: _ship("chi_cc"),
    Origin.BEAUTY: _ship("chi_bb"),
    Origin.CHARMONIUM: _charmonium,
    Origin.DRELL_YAN: _drell_yan,
}

_LOWEST: dict[Origin, Callable[[], float]] = {
    Origin.CHARM: lambda: number("charm_threshold"),
    Origin.BEAUTY: lambda: number("beauty_threshold"),
    Origin.CHARMONIUM: lambda: float(_table().energy[0]),
    Origin.DRELL_YAN: lambda: float(_table().energy[0]),
}

_MILLIBARN = {"mb": 1.0, "ub": 1e-3, "nb": 1e-6}

_NEUTRAL_KAONS = (130, 310, 311, -311)


def _target_fractions() -> dict[int, float]:
    element = constants().elements[NUCLEUS]
    return {PROTON: element.Z / element.A, NEUTRON: 1 - element.Z / element.A}


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.log(values)
