"""Programs of the tests, compiled with the headers that they are about."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
STRICT = ("-std=c++17", "-Wall", "-Wextra", "-Werror")


def compiler(name: str = "g++") -> str:
    """Its path; skips the test without it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"there is no {name}")
    return path


def build(
    program: Path, sources: Sequence[Path], *options: str, include: Sequence[Path], name: str = "g++"
) -> Path:
    """Compile and link, without warnings."""
    places = [f"-I{folder}" for folder in include]
    command = [compiler(name), *STRICT, *places, *map(str, sources), *options, "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return program


def output_of(program: Path, *arguments: object) -> bytes:
    """What a program writes to its standard output."""
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


@dataclass(frozen=True)
class RootInstallation:
    """ROOT as the package `root` installs it."""

    folder: Path

    @property
    def rootcling(self) -> Path:
        return self.folder / "bin" / "rootcling"

    def options(self, *libraries: str) -> list[str]:
        """The compiler's, to build and link with these libraries and with those that they need in turn."""
        library, bundled = self.folder / "lib", self.folder.parent / "root.libs"
        places = [f"-L{library}", f"-Wl,-rpath,{library}", f"-Wl,-rpath-link,{bundled}"]
        return ["-isystem", str(self.folder / "include"), *places, *(f"-l{name}" for name in libraries)]


def root_installation() -> RootInstallation:
    """ROOT; skips the test without it."""
    spec = find_spec("ROOT")
    if spec is None or spec.origin is None:
        pytest.skip("PyROOT (the package 'root') is not installed")
    return RootInstallation(Path(spec.origin).parent)
