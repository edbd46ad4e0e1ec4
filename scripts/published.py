"""Published data to check the reference simulation against; each file in `data` names its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

PROTON_MASS = 0.93827208816
_HIGHEST_PT = 4.0


def published(name: str) -> dict[str, Any]:
    """The content of `data/<name>.yaml`."""
    text = (Path(__file__).parent / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table


def in_beryllium(particle: str, lowest: float) -> tuple[float, float]:
    """Mean numbers, positive and negative, in an inelastic collision of a 400 GeV/c proton with Be.

    Arguments:
        particle: `pi` or `K`.
        lowest: Momentum in GeV above which they are counted.
    """
    table = published("hadron_spectra")["beryllium"]
    fit, beam = table[particle], float(table["beam_momentum"])
    energy = np.hypot(beam, PROTON_MASS)
    s = 2 * PROTON_MASS * (PROTON_MASS + energy)
    gamma, velocity = (energy + PROTON_MASS) / np.sqrt(s), beam / (energy + PROTON_MASS)

    p = np.geomspace(lowest, beam, 400)[:, np.newaxis]
    pt = np.linspace(0.0, 1.0, 800) * np.minimum(_HIGHEST_PT, 0.999 * p)
    pz, e = np.sqrt(p**2 - pt**2), np.hypot(p, fit["mass"])
    most = (s - fit["recoil"] ** 2 + fit["mass"] ** 2) / (2 * np.sqrt(s))
    x = np.clip(gamma * (e - velocity * pz) / most, 1e-6, 1 - 1e-9)

    a, b = fit["a"] / x ** fit["gamma"], fit["a"] ** 2 / (2 * x ** fit["delta"])
    cross_section = (
        fit["A"] * (1 - x) ** fit["alpha"] * (1 + fit["B"] * x) * x ** -fit["beta"]
        * (1 + a * pt + b * pt**2) * np.exp(-a * pt)
    )  # fmt: skip
    ratio = fit["r0"] * (1 + x if particle == "pi" else 1 - x) ** fit["r1"]
    density = 2 * np.pi * pt * p / (pz * e) / table["inelastic_cross_section"]

    def integral(invariant: Any) -> float:
        per_momentum = _trapezoid(density * invariant, pt)
        return float(_trapezoid(per_momentum, p[:, 0]))

    return integral(cross_section), integral(cross_section / ratio)


def _trapezoid(values: Any, places: Any) -> Any:
    """Over the last axis (`numpy.trapezoid` is new in numpy 2)."""
    return ((values[..., 1:] + values[..., :-1]) / 2 * np.diff(places)).sum(axis=-1)
