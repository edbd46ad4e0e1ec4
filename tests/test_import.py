"""Importing must stay light: physicists type `muforge --help` on login nodes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "matplotlib",
    "sklearn",
    "uproot",
    "pyarrow",
    "h5py",
    "awkward",
    "hist",
    "numba",
    "pythia8mc",
    "dask",
    "distributed",
    "bokeh",
    "optuna",
)


@pytest.mark.parametrize(
    "statement",
    [
        "import muforge",
        "import muforge.formats, muforge.judge, muforge.representation, muforge.training, muforge.models",
        "import muforge; muforge.simulate",
        "import muforge.about",
        "import muforge.farm",
        "import muforge.cli; muforge.cli.main(['--help'])",
        "import muforge.cli; muforge.cli.main(['train', '--help'])",
        "import muforge.cli; muforge.cli.main(['simulate', '--help'])",
        "import muforge.cli; muforge.cli.main(['ingest', '--help'])",
        "import muforge.cli; muforge.cli.main(['generate', '--help'])",
        "import muforge.cli; muforge.cli.main(['verify', '--help'])",
        "import muforge.cli; muforge.cli.main(['scan', '--help'])",
        "import muforge.cli; muforge.cli.main(['info', '--help'])",
        "import muforge.cli; muforge.cli.main(['export', '--help'])",
    ],
)
def test_no_heavy_module_is_imported(statement: str) -> None:
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules]))\n"
        f"{statement}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_public_names_resolve() -> None:
    import muforge as mf

    for name in mf.__all__:
        assert getattr(mf, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = mf.nothing_like_this
