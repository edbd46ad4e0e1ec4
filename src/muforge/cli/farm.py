"""What the commands that can run on a farm share on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from muforge.farm import Failed, Farm

FARM_HELP = (
    "Where to run: local or local:N (processes here), tcp://HOST:PORT (a Dask scheduler), or the YAML file of a "
    "Slurm or HTCondor cluster."
)


def announce(farm: Farm) -> None:
    """Say how many workers there are, and where to watch them."""
    from muforge.cli.screen import errors

    errors.print(f"{farm.workers} workers; dashboard: {farm.dashboard}", markup=False)


class Failures:
    """Says that a task failed for the last time, and where; the same traceback is shown once."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def __call__(self, name: str, failed: Failed[Any]) -> None:
        from muforge.cli.screen import errors

        errors.print(f"{name}: failed three times: {failed.reason}", style="red", markup=False)
        if failed.traceback not in self._shown:
            self._shown.add(failed.traceback)
            errors.print(failed.traceback, markup=False)
