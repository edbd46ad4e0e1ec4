"""Fast hadrons in collisions of 400 GeV protons with nuclei: against data, and against other generators."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pythia8mc", reason="pythia8mc is not installed (pip install 'muforge[simulate]')")

from scripts.reference_checks import CUT, beryllium, j_psi_rapidity, multiplicities


def test_beryllium_against_data() -> None:
    """The BMPT fit to NA20 data, good to 10%.

    Pythia has more slow pions than the data, and more kaons; SIBYLL 2.3 and UrQMD 3.4 lie at 0.96 to 1.28 of the data
    for pions, at 0.9 to 1.4 for kaons.
    """
    ratio = {name: value for name, (value, _) in beryllium(3000).items()}
    assert 0.95 < ratio["π⁺"] < 1.25
    assert 0.95 < ratio["π⁻"] < 1.40
    assert 0.90 < ratio["K⁺"] < 1.40
    assert 0.90 < ratio["K⁻"] < 1.90


def test_rapidity_of_j_psi() -> None:
    """Pythia's J/psi are a little faster than those that SHiP measured, which secondaries make too."""
    rapidity = j_psi_rapidity(1000)
    assert rapidity["SHiP"] == pytest.approx(0.70, abs=0.01)
    assert 0.9 < rapidity["ours"] / rapidity["SHiP"] < 1.3


@pytest.mark.long
@pytest.mark.parametrize(
    ("model", "Z", "A", "spread"),
    [("UrQMD34", 26, 56, 0.25), ("UrQMD34", 74, 184, 0.25), ("Sibyll23d", 6, 12, 0.30)],
)
def test_charged_pions_against_another_generator(
    model: str, Z: int, A: int, spread: float, tmp_path: Path
) -> None:
    """Within the spread of generators, which is 25 to 30% for fast pions on nuclei."""
    pytest.importorskip("chromo", reason="chromo is not installed (pip install chromo)")
    # in a process and a folder of its own: a generator can be initialised once, and writes to standard output and files
    n = 1500
    command = [sys.executable, "-c", _WITH_CHROMO, model, str(Z), str(A), str(n), str(CUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    theirs = json.loads(done.stdout.splitlines()[-1])
    found = multiplicities(Z, A, n)
    for kind in (211, -211):
        assert found[kind] == pytest.approx(theirs[str(kind)], rel=spread), kind


_WITH_CHROMO = """
import json, sys
import chromo
import numpy as np
model, Z, A, n, cut = sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5])
kinematics = chromo.kinematics.FixedTarget(chromo.kinematics.Momentum(400.0), "p", (A, Z))
counts = {211: 0, -211: 0}
for event in getattr(chromo.models, model)(kinematics, seed=1)(n):
    final = event.final_state()
    for kind in counts:
        counts[kind] += int(((final.pid == kind) & (final.en - 0.13957039 > cut)).sum())
print()
print(json.dumps({kind: count / n for kind, count in counts.items()}), flush=True)
"""
