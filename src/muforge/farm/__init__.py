"""Wide jobs on many processes or machines, through Dask, which is imported when a farm is opened."""

from __future__ import annotations

from muforge.farm.farm import Farm, open_farm
from muforge.farm.outcome import Done, Failed

__all__ = ["Done", "Failed", "Farm", "open_farm"]
