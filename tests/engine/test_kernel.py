"""Muons from their numbers alone; `tests/export/test_chain.py` compares them with PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import muforge as mf
from muforge.bundle import Bundle
from muforge.engine.program import why_not
from muforge.kinematics import BEAM_MOMENTUM
from muforge.quickstart.tour import PACKAGED_BUNDLE
from muforge.sample import CATEGORIES, OFF_AXIS_FEATURES
from muforge.spill.engine import Engine, thresholds

ROWS = 65_536
LATE = 2**40
"""Number of a muon beyond the first 2^32."""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(PACKAGED_BUNDLE)


@pytest.fixture(scope="module")
def engine(bundle: Bundle) -> Engine:
    return Engine(bundle, seed=7)


def starts(
    engine: Engine, category: int, numbers: NDArray[np.int32], *, first: int = 0, rows: int = ROWS
) -> NDArray[np.float32]:
    out = np.zeros((len(OFF_AXIS_FEATURES), rows), np.float32)
    engine.starts(category, first, numbers, out)
    return out


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_muon_depends_on_its_number_alone(engine: Engine, category: int) -> None:
    everything = starts(engine, category, np.arange(ROWS, dtype=np.int32))
    some = np.random.default_rng(1).permutation(ROWS)[:1001].astype(np.int32)
    few = starts(engine, category, some)
    np.testing.assert_array_equal(few[:, some], everything[:, some])
    others = np.ones(ROWS, bool)
    others[some] = False
    assert not few[:, others].any()
    assert len(np.unique(everything[5])) > 0.99 * ROWS


@pytest.mark.parametrize("category", CATEGORIES)
def test_muons_are_within_bounds(engine: Engine, bundle: Bundle, category: int) -> None:
    x, y, z, px, py, pz = starts(engine, category, np.arange(ROWS, dtype=np.int32)).astype(np.float64)
    p = np.sqrt(px**2 + py**2 + pz**2)
    front = bundle.manifest.categories[category].representation["map"]["maps"][0]["front"]
    assert (p < BEAM_MOMENTUM).all()
    assert (pz > 0).all()
    assert (z >= front).all()
    assert (np.hypot(x, y) > 0).all() == (category > 2)


def test_other_numbers_and_seeds_are_other_muons(engine: Engine, bundle: Bundle) -> None:
    numbers = np.arange(1000, dtype=np.int32)
    made = [
        starts(engine, 1, numbers, rows=1000)[5],
        starts(engine, 1, numbers, first=ROWS, rows=1000)[5],
        starts(engine, 1, numbers, first=LATE, rows=1000)[5],
        starts(engine, 1, numbers, first=LATE + 2**32, rows=1000)[5],
        starts(Engine(bundle, seed=8), 1, numbers, rows=1000)[5],
        starts(Engine(bundle, seed=7 + 2**32), 1, numbers, rows=1000)[5],
    ]
    assert len(np.unique(np.concatenate(made))) > 0.99 * 6000


def test_categories_come_in_proportion_to_their_rates(engine: Engine, bundle: Bundle) -> None:
    number = np.bincount(np.concatenate([engine.positions(n * ROWS, ROWS) for n in range(16)]))
    share = np.array(list(bundle.rates.values())) / sum(bundle.rates.values())
    expected = share * number.sum()
    np.testing.assert_allclose(number, expected, atol=5 * np.sqrt(expected.max()))


def test_thresholds_divide_the_words() -> None:
    assert thresholds(np.array([1.0])).size == 0
    np.testing.assert_array_equal(thresholds(np.array([1.0, 1.0, 2.0])).view(np.uint32), [2**30, 2**31])


def test_fewer_muons_are_the_beginning_of_more(bundle: Bundle) -> None:
    more, fewer = (mf.generate(bundle, muons=n, seed=3) for n in (70_000, 66_001))
    for name in ("pdg", "px", "start_z"):
        np.testing.assert_array_equal(more[name][:66_001], fewer[name])


def test_generating_imports_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from muforge.spill.generate import generate_files\n"
        "generate_files(sys.argv[1], sys.argv[2], muons=1000)\n"
        "print('torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(PACKAGED_BUNDLE), str(tmp_path / "s.root")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_the_engine_cannot_run_is_said() -> None:
    record = Bundle.load(PACKAGED_BUNDLE).manifest.categories[1]
    assert why_not(record.model, record.representation) is None
    assert "family 'gan'" in str(why_not({"family": "gan"}, record.representation))
    assert "representation" in str(why_not(record.model, {"map": {"kind": "chain", "maps": []}}))
