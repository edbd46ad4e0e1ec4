"""A scan on disk.

scan.yaml       the search space, with every option of its configuration, and the data set
scan.db         Optuna's study, SQLite: all trials, their parameters and values; or
scan.journal    the same as a journal, for workers on other machines
trials/0007/    the run of a trial, as `muforge train` leaves it; of one that could not be run, failed.txt
result.json     what was found
best.yaml       the configuration of the best trial
figures/        one PNG each
page.html       the same on one page
"""

from __future__ import annotations

from pathlib import Path

SPACE_NAME = "scan.yaml"
DATABASE_NAME = "scan.db"
JOURNAL_NAME = "scan.journal"
TRIALS_NAME = "trials"
FAILED_NAME = "failed.txt"
RESULT_NAME = "result.json"
BEST_NAME = "best.yaml"
FIGURES_NAME = "figures"
PAGE_NAME = "page.html"


def trial_directory(scan: Path, number: int) -> Path:
    """Where the run of a trial lies in the directory of a scan."""
    return scan / TRIALS_NAME / f"{number:04d}"
