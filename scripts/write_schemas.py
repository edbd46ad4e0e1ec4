"""Write the JSON schemas that the package ships, from the types that read and write those files.

python scripts/write_schemas.py
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from muforge import bundle
from muforge.dataset import manifest
from muforge.judge import judgement
from muforge.spill import manifest as production

FOLDER = Path(__file__).resolve().parents[1] / "src" / "muforge" / "schemas"


def schemas() -> dict[str, str]:
    """File name to text of each schema."""
    types: dict[str, type[BaseModel]] = {
        f"bundle-{bundle.SCHEMA_VERSION}.json": bundle.Manifest,
        f"dataset-{manifest.SCHEMA_VERSION}.json": manifest.Manifest,
        f"generated-{production.SCHEMA_VERSION}.json": production.Production,
        f"judgement-{judgement.SCHEMA_VERSION}.json": judgement.Judgement,
    }
    return {name: json.dumps(type_.model_json_schema(), indent=1) + "\n" for name, type_ in types.items()}


if __name__ == "__main__":
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)
