"""muforge: muons of a beam dump, learned from a full simulation and made in any number."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from muforge.errors import MuforgeError
from muforge.sample import Sample

try:
    from muforge._version import __version__
except ImportError:
    __version__ = "0+unknown"

if TYPE_CHECKING:
    from muforge import judge
    from muforge.assess import judge_files
    from muforge.bundle import Bundle
    from muforge.dataset.ingest import ingest
    from muforge.dataset.store import Dataset
    from muforge.formats import read, write
    from muforge.reference.simulate import simulate
    from muforge.search import scan
    from muforge.spill.generate import generate
    from muforge.training.estimator import train

_LAZY = {
    "Bundle": "muforge.bundle",
    "Dataset": "muforge.dataset.store",
    "generate": "muforge.spill.generate",
    "ingest": "muforge.dataset.ingest",
    "judge": "muforge.judge",
    "judge_files": "muforge.assess",
    "read": "muforge.formats",
    "scan": "muforge.search",
    "simulate": "muforge.reference.simulate",
    "train": "muforge.training.estimator",
    "write": "muforge.formats",
}

__all__ = [
    "Bundle",
    "Dataset",
    "MuforgeError",
    "Sample",
    "__version__",
    "generate",
    "ingest",
    "judge",
    "judge_files",
    "read",
    "scan",
    "simulate",
    "train",
    "write",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import muforge` stays light."""
    if name not in _LAZY:
        raise AttributeError(f"module 'muforge' has no attribute '{name}'")
    module = import_module(_LAZY[name])
    value = module if _LAZY[name] == f"muforge.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
