"""Questions asked of models and data, each with its answer in numbers. A study is loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from muforge.errors import ConfigError

STUDIES: Mapping[str, str] = {
    "smearing": "Does noise on labels or data help a GAN?",
    "normalisation": "Are tails modelled better if the data do not fill the range of the network's output?",
    "architecture": "Which layers, nodes, batch size, optimiser and latent size?",
    "options": "What do learning rates, normalisation, dropout, broadening and the VAE's own options do?",
    "latent-map": "What lies where in latent space, and where is dead space?",
    "dangerous": "How are dangerous muons made in numbers, with weights that undo it?",
    "fine-structure": "Does a start vertex without the target's comb matter behind absorber and shield?",
    "mode-collapse": "Are mode collapse and vanishing gradients seen while a GAN trains?",
    "gan-vae": "Which is better on the same budget, GAN or VAE?",
}
"""Name of a study, which is that of its module here and of its figures' module in `muforge.report.studies`, to what it
asks. A module has `Config`, `LARGE` (the same for a GPU) and `run(place, config)`."""


def study_module(name: str) -> ModuleType:
    """The module of a study; raises `ConfigError` if there is none of this name."""
    if name not in STUDIES:
        raise ConfigError(f"study '{name}': unknown; known are {', '.join(STUDIES)}")
    return import_module(f"{__name__}.{name.replace('-', '_')}")
