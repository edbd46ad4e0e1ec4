"""Decays of charm, beauty and charmonium to muons, by Pythia 8 with the branching ratios of the constants' table.

A decay is either forced, only the channels that hold a muon being open, or free. Hadrons that live longer than
1 mm, pions and kaons among them, are left alone: their decays belong to the cascade.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from muforge.reference.constants import constants, mass
from muforge.reference.hard_process import BEAUTY_HADRONS, CHARM_HADRONS, CHARMONIA, Kept
from muforge.reference.pythia import configured, quiet_pythia

MUON, TAU = 13, 15

_LONGEST = 1.0
"""Mean c tau in mm above which a hadron is not decayed: beauty has at most 0.5 mm, a K_S 27 mm."""


class DecayMuon(NamedTuple):
    """A muon: PDG code, momentum in GeV, and PDG code of its hadron."""

    pdg: int
    px: float
    py: float
    pz: float
    parent: int


class Channel(NamedTuple):
    """A decay channel: its number in Pythia, branching ratio, and the absolute PDG codes of the products."""

    number: int
    ratio: float
    products: tuple[int, ...]


class MuonDecays:
    """Decays one hadron at a time.

    Arguments:
        hadrons: PDG codes of the hadrons that will be decayed.
        forced: Open only their channels with a muon, or with a tau, which then decays to a muon; of charmonium only
            mu mu.
        cut: Kinetic energy in GeV below which muons are dropped.

    Attributes:
        fraction: Branching ratio, by hadron, of the channels open when forced.

    Raises:
        muforge.errors.SimulationError: Pythia cannot be initialised.
    """

    def __init__(self, hadrons: tuple[int, ...], *, forced: bool, cut: float) -> None:
        template = configured(())
        data = template.particleData
        tau_to_muon = sum(channel.ratio for channel in channels(data, TAU) if MUON in channel.products)
        settings = [
            "ProcessLevel:all = off",
            "ParticleDecays:limitTau0 = on",
            f"ParticleDecays:tau0Max = {_LONGEST}",
            "111:mayDecay = off",
        ]
        self.fraction: dict[int, float] = {}
        for pdg in sorted({*hadrons, *CHARM_HADRONS, *BEAUTY_HADRONS}):
            adjusted = adjusted_channels(pdg, channels(data, pdg))
            to_muon = {
                channel.number: channel.ratio * (1.0 if MUON in channel.products else tau_to_muon)
                for channel in adjusted
                if _makes_muons(pdg, channel)
            }
            self.fraction[pdg] = sum(to_muon.values())
            if forced and pdg in hadrons:
                settings.append(f"{pdg}:onMode = off")
                for index, ratio in to_muon.items():
                    settings += [f"{pdg}:{index}:bRatio = {ratio!r}", f"{pdg}:{index}:onMode = on"]
            else:
                settings += [f"{pdg}:{channel.number}:bRatio = {channel.ratio!r}" for channel in adjusted]
        if forced:
            settings += [f"{TAU}:onMode = off", f"{TAU}:onIfAny = {MUON}"]
        self._pythia = quiet_pythia(settings, template)
        self._least = cut + mass(MUON)

    def reseed(self, seed: int) -> None:
        self._pythia.rndm.init(seed)

    def decay(self, hadron: Kept) -> list[DecayMuon]:
        """The muons above the cut of one decay; for a hadron below the cut none, without a decay."""
        energy = (hadron.px**2 + hadron.py**2 + hadron.pz**2 + hadron.mass**2) ** 0.5
        if energy <= self._least:
            return []
        pythia = self._pythia
        event = pythia.event
        event.reset()
        event.append(hadron.pdg, 1, 0, 0, hadron.px, hadron.py, hadron.pz, energy, hadron.mass)
        if not pythia.next():
            return []
        return self._collect(event)

    def _collect(self, event: Any) -> list[DecayMuon]:
        found = []
        for index in range(2, event.size()):
            entry = event[index]
            if abs(entry.id()) == MUON and entry.isFinal() and entry.e() > self._least:
                found.append(
                    DecayMuon(
                        entry.id(),
                        entry.px(),
                        entry.py(),
                        entry.pz(),
                        _hadron(event, entry.mother1()),
                    )
                )
        return found


def channels(data: Any, pdg: int) -> tuple[Channel, ...]:
    """The channels of a particle (not its antiparticle) in Pythia's table that are open and not empty."""
    entry = data.findParticle(pdg)
    rows = ((index, entry.channel(index)) for index in range(entry.sizeChannels()))
    return tuple(
        Channel(index, row.bRatio(), tuple(abs(row.product(place)) for place in range(row.multiplicity())))
        for index, row in rows
        if row.onMode() in _OPEN_FOR_PARTICLE and row.bRatio() > 0
    )


def adjusted_channels(pdg: int, found: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """The same channels with muon and tau branching ratios of the constants' table, and a sum of 1.

    The channels with a muon are scaled to `mu_x`, apart from mu nu where the table has `mu_nu`, which it then does
    not include in `mu_x`; those with a tau to `tau_nu`. A hadron, or a group, that the table lacks keeps Pythia's
    ratios. All other channels share what remains.
    """
    known = constants().branching_ratios.get(pdg, {})
    total = sum(channel.ratio for channel in found)
    groups: dict[str, float] = {}
    for channel in found:
        group = _group(channel, known)
        groups[group] = groups.get(group, 0.0) + channel.ratio / total
    wanted = {group: known[group].value for group in groups if group in known}
    kept = sum(share for group, share in groups.items() if group not in wanted and group != _OTHER)
    wanted[_OTHER] = 1.0 - kept - sum(wanted.values())
    return tuple(
        channel._replace(
            ratio=channel.ratio
            / total
            * (wanted[group] / groups[group] if (group := _group(channel, known)) in wanted else 1.0)
        )
        for channel in found
    )


_OPEN_FOR_PARTICLE = (1, 2)
"""Pythia's onMode: open for both, or for the particle and not the antiparticle."""

_OTHER = "other"


def _group(channel: Channel, known: Any) -> str:
    if TAU in channel.products:
        return "tau_nu"
    if MUON not in channel.products:
        return _OTHER
    if len(channel.products) == 2:
        return next((name for name in ("mu_nu", "mu_mu") if name in known), "mu_x")
    return "mu_x"


def _makes_muons(pdg: int, channel: Channel) -> bool:
    if pdg in CHARMONIA:
        return channel.products == (MUON, MUON)
    return MUON in channel.products or TAU in channel.products


def _hadron(event: Any, index: int) -> int:
    """PDG code of the hadron at or above an entry of the event record."""
    while index > 1 and not event[index].isHadron():
        index = event[index].mother1()
    return int(event[index].id())
