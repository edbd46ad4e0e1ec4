"""One farm for the tests of a module: starting one takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from muforge.farm import Farm, open_farm

WORKERS = 2


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Workers of this machine."""
    with open_farm(f"local:{WORKERS}", tasks=WORKERS, shared=[tmp_path_factory.mktemp("farm")]) as opened:
        yield opened


def lending(farm: Farm) -> Callable[..., AbstractContextManager[Farm]]:
    """What takes the place of `open_farm`: the farm that is open already."""

    @contextmanager
    def open_farm(where: str, *, tasks: int, shared: list[Path], read: Any = ()) -> Iterator[Farm]:
        yield farm

    return open_farm
