"""Make `src/muforge/reference/tables/chi.json`: cross-sections of hard processes and inelastic ones, from Pythia 8.

Usage: python -m scripts.build_chi_tables

About five minutes of one core. Each point is a Pythia instance at that very energy, whose hard cross-section
is the Monte Carlo integral over `EVENTS` events.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from muforge.reference.chi_table import BEAMS, TARGETS
from muforge.reference.hadron_nucleus import HadronNucleus
from muforge.reference.hard_process import PROCESSES, beam_settings
from muforge.reference.origin import Origin
from muforge.reference.pythia import configured, quiet_pythia

EVENTS = 5000
ENERGIES = np.concatenate([np.geomspace(20, 400, 13), np.geomspace(400, 7000, 8)[1:]]).round(3)
"""Total energies of the projectile, GeV. Between 400 GeV, where charm is normalised, and the ends."""

LOWEST = {Origin.CHARM: 25.0, Origin.BEAUTY: 110.0, Origin.CHARMONIUM: 20.0, Origin.DRELL_YAN: 20.0}
"""GeV; the points begin just below the thresholds of the constants' table."""

OUTPUT = Path(__file__).parents[1] / "src/muforge/reference/tables/chi.json"
J_PSI = 443


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=EVENTS, help="per point")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    OUTPUT.parent.mkdir(exist_ok=True)
    template = configured(())
    soft = HadronNucleus(frozenset())
    table = {
        "about": "cross-sections in mb of hadrons on a nucleon at rest, by total energy in GeV, made by "
        "scripts/build_chi_tables.py; charmonium is J/psi other than from psi(2S)",
        "pythia": f"{template.settings.parm('Pythia:versionNumber'):.3f}",
        "events": options.events,
        "energy": ENERGIES.tolist(),
        "inelastic": {str(beam): [_short(soft.cross_section(beam, e)) for e in ENERGIES] for beam in BEAMS},
        "signal": {
            origin.name.lower(): {
                str(beam): {
                    str(target): [
                        signal_cross_section(template, origin, beam, target, e, options.events)
                        if e >= LOWEST[origin]
                        else 0.0
                        for e in ENERGIES
                    ]
                    for target in TARGETS[origin]
                }
                for beam in BEAMS
            }
            for origin in PROCESSES
        },
    }
    options.output.write_text(_text(table), encoding="utf-8")
    print(f"wrote {options.output}")


def signal_cross_section(
    template: Any, origin: Origin, beam: int, target: int, energy: float, events: int
) -> float:
    """Of a process in mb; 0 where Pythia finds no phase space."""
    pythia = quiet_pythia(
        (
            *beam_settings(beam, target, float(energy)),
            *PROCESSES[origin],
            "PartonLevel:all = off",
            "Check:event = off",
        ),
        template,
    )
    made, weight = 0, 0.0
    for _ in range(events):
        if pythia.next():
            made += 1
            weight += j_psi_per_event(pythia) if origin is Origin.CHARMONIUM else 1.0
    return _short(pythia.infoPython().sigmaGen() * weight / max(made, 1))


def j_psi_per_event(pythia: Any) -> float:
    """Mean number of J/psi that an event's charmonium state becomes, psi(2S) left out."""
    data = pythia.particleData
    process = pythia.process
    hard = (process[index] for index in range(process.size()))
    return sum(_to_j_psi(data, entry.idAbs()) for entry in hard if entry.statusAbs() == 23)


def _to_j_psi(data: Any, code: int) -> float:
    if code == J_PSI:
        return 1.0
    if code < 400 or code == 100443:
        return 0.0
    entry = data.findParticle(code)
    chance = 0.0
    for index in range(entry.sizeChannels()):
        channel = entry.channel(index)
        products = [abs(channel.product(place)) for place in range(channel.multiplicity())]
        chance += channel.bRatio() * sum(_to_j_psi(data, product) for product in products)
    return chance


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _text(table: dict[str, Any]) -> str:
    """JSON with each row of numbers on a line."""
    text = json.dumps(table, indent=1)
    lines: list[str] = []
    inside = False
    for line in text.split("\n"):
        if inside:
            lines[-1] += line.strip() + (" " if line.strip().endswith(",") else "")
            inside = not line.strip().startswith("]")
        else:
            lines.append(line)
            inside = line.endswith("[")
    return "\n".join(line.rstrip() for line in lines) + "\n"


if __name__ == "__main__":
    main()
