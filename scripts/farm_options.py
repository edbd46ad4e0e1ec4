"""The table of options of a cluster's file in docs/farm.md, from the configuration's own descriptions.

python -m scripts.farm_options
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.record import ROOT
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from muforge.farm.config import BatchFarm, HTCondorFarm, LocalFarm, SlurmFarm
from scripts.blocks import replace_block


def table() -> str:
    """The block of the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "| `kind` | option | default | |"
    yield "|---|---|---|---|"
    batch: dict[str, type[BaseModel]] = {"slurm": SlurmFarm, "htcondor": HTCondorFarm}
    for kind, config in batch.items():
        yield from _rows(kind, config, but=set(BatchFarm.model_fields) | {"kind"})
    yield from _rows("both", BatchFarm, but=set())
    yield from _rows("local", LocalFarm, but={"kind"})


def _rows(kind: str, config: type[BaseModel], but: set[str]) -> Iterator[str]:
    for name, field in config.model_fields.items():
        if name in but:
            continue
        if field.is_required():
            default = "must be given"
        elif field.default is PydanticUndefined:
            default = "one per processor"
        else:
            default = "none" if field.default is None else f"`{json.dumps(field.default, default=str)}`"
        yield f"| {kind} | `{name}` | {default} | {field.description} |"


if __name__ == "__main__":
    replace_block(ROOT / "docs" / "farm.md", "options", table())
