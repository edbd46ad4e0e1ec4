"""Figures of samples, of their comparison and of training. Importing this room imports matplotlib."""

from __future__ import annotations

from muforge.report.bdt import bdt_output
from muforge.report.by_origin import by_origin
from muforge.report.one_dimensional import one_dimensional
from muforge.report.pairs import pairs
from muforge.report.progress import progress
from muforge.report.save import save

__all__ = ["bdt_output", "by_origin", "one_dimensional", "pairs", "progress", "save"]
