"""What tests of studies start from."""

from __future__ import annotations

import pytest

from muforge.dataset.store import Dataset
from tests.studies.tiny import tiny_dataset


@pytest.fixture(scope="package")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Made-up muons of all categories."""
    return tiny_dataset(tmp_path_factory.mktemp("studies"))
