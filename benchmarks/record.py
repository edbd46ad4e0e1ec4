"""The records behind every measured figure: machine, commit, date and command with the results."""

from __future__ import annotations

import datetime
import json
import subprocess
from pathlib import Path
from typing import Any

from muforge.bench.machine import machine

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "benchmarks" / "records"


def new_record(command: str) -> dict[str, Any]:
    """A record of now and here, to which results are added."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _git("rev-parse", "HEAD") + ("-modified" if _git("status", "--porcelain", "src") else ""),
        "command": command,
        "machine": machine(),
    }


def save_record(record: dict[str, Any], what: str = "") -> Path:
    """Write a record, named by its date and what it measures; returns the file."""
    path = RECORDS / f"{record['date'][:10]}{f'-{what}' if what else ''}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
