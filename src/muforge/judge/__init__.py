"""How well generated muons match real ones: figures of merit, each with its null."""

from __future__ import annotations

from muforge.judge.bdt import BDTResult
from muforge.judge.compare import compare
from muforge.judge.comparison import Comparison

__all__ = ["BDTResult", "Comparison", "compare"]
