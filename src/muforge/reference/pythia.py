"""Pythia 8 instances that are silent, and whose events depend on a seed alone."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from muforge.errors import SimulationError

INITIAL_SEED = 1
"""Every instance is initialised with this seed, since what initialisation finds depends on it."""

SEEDS = 900_000_000
"""Pythia's seeds are below this number (Pythia 8 manual, Random Numbers)."""

_QUIET = ("Print:quiet = on", "Random:setSeed = on", f"Random:seed = {INITIAL_SEED}")

EXTRA = "pip install 'muforge[simulate]'"


def pythia8() -> ModuleType:
    """The module `pythia8mc`.

    Raises:
        SimulationError: It is not installed.
    """
    try:
        import pythia8mc
    except ImportError:
        raise SimulationError(f"the reference simulation needs Pythia 8: {EXTRA}") from None
    module: ModuleType = pythia8mc
    return module


def share() -> Path:
    """The folder `share/Pythia8` of the installation.

    Raises:
        SimulationError: It cannot be found.
    """
    given = os.environ.get("PYTHIA8DATA")
    candidates = [Path(given).parent] if given else []
    candidates += [
        Path(base) / "share" / "Pythia8" for base in (sysconfig.get_path("data"), sys.prefix, sys.base_prefix)
    ]
    for folder in candidates:
        if (folder / "xmldoc").is_dir():
            return folder
    raise SimulationError("the data of Pythia 8 (share/Pythia8) are not found; set PYTHIA8DATA to its xmldoc")


def configured(settings: Sequence[str], template: Any = None) -> Any:
    """A `Pythia` that knows its settings and is not initialised yet, without a word on the screen.

    Arguments:
        settings: As for `readString`, e.g. "Beams:eCM = 27.4".
        template: An instance whose settings and particle data to start from: it saves reading them from XML.

    Raises:
        SimulationError: Pythia refuses a setting.
    """
    module = pythia8()
    with silence():
        if template is None:
            pythia = module.Pythia("", False)
        else:
            pythia = module.Pythia(template.settings, template.particleData, False)
        for setting in (*_QUIET, *settings):
            if not pythia.readString(setting):
                raise SimulationError(f"Pythia 8 refuses the setting '{setting}'")
    return pythia


def quiet_pythia(settings: Sequence[str], template: Any = None) -> Any:
    """An initialised `Pythia`; for the arguments see `configured`.

    Raises:
        SimulationError: Pythia refuses a setting, or its initialisation fails.
    """
    pythia = configured(settings, template)
    with silence():
        if not pythia.init():
            raise SimulationError(f"Pythia 8 cannot be initialised with {', '.join(settings)}")
    return pythia


@contextmanager
def silence() -> Iterator[None]:
    """Nothing that C++ code writes to standard output inside the block is seen."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 1)
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
