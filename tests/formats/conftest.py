"""Files that ROOT itself writes, made once for all tests of the formats."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats import cbmsim_fixture


@pytest.fixture(scope="session")
def root_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files of `cbmsim_fixture`."""
    if not cbmsim_fixture.has_compiler():
        pytest.skip("there is no C++ compiler for ROOT's dictionaries")
    folder = tmp_path_factory.mktemp("root")
    command = [sys.executable, "-W", "ignore", cbmsim_fixture.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == cbmsim_fixture.EXIT_NO_ROOT:
        pytest.skip("PyROOT (the package 'root') is not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
