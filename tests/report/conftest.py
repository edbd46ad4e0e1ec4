from __future__ import annotations

from pathlib import Path

import pytest

from muforge.report.page import write_page
from tests.report.judged import HISTORY, NAME, judgement


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a judgement with a name that holds a script."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(*judgement(NAME), path, history={4: HISTORY})
    return path
