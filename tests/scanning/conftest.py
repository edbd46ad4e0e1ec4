from __future__ import annotations

import pytest

from muforge.dataset.store import Dataset
from tests.scanning.scans import judge_cheaply
from tests.studies.tiny import tiny_dataset


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("scan"), 1600)


@pytest.fixture
def cheap_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    judge_cheaply(monkeypatch)
