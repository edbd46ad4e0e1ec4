"""Every kind of map, and chains of them, over the whole range of float32 columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from numpy.typing import NDArray

from muforge.errors import RepresentationError
from muforge.representation import Broaden, Centre, Chain, MinMax
from muforge.representation.chain import KINDS, map_from_state
from muforge.representation.minmax import UNIT
from muforge.representation.protocol import Map

EPS = float(np.finfo(np.float32).eps)
COLUMNS = 3

Matrix = NDArray[np.float32]
Fit = Callable[[Matrix, NDArray[np.float64]], Map]


def chain_of(*fits: Callable[[Any, Any], Map]) -> Fit:
    def fit(x: Matrix, weight: NDArray[np.float64]) -> Map:
        maps: list[Map] = []
        y: Any = x
        for each in fits:
            maps.append(each(y, weight))
            y = maps[-1].forward(y)
        return Chain(maps)

    return fit


FITS: dict[str, Fit] = {
    "minmax": MinMax.fit,
    "minmax unit": lambda x, w: MinMax.fit(x, w, box=UNIT),
    "minmax 0.9": lambda x, w: MinMax.fit(x, w, bound=0.9),
    "centred": chain_of(MinMax.fit, Centre.fit),
    "broadened": chain_of(MinMax.fit, lambda y, w: Broaden.fit(y, w, [0, 2])),
    "note": chain_of(MinMax.fit, lambda y, w: Broaden.fit(y, w, [0, 2]), MinMax.fit),
    "note unit": chain_of(
        lambda x, w: MinMax.fit(x, w, box=UNIT),
        lambda y, w: Broaden.fit(y, w, [0, 2]),
        lambda y, w: MinMax.fit(y, w, box=UNIT),
    ),
    "note 0.97, centred": chain_of(
        MinMax.fit,
        lambda y, w: Broaden.fit(y, w, [0, 2]),
        lambda y, w: MinMax.fit(y, w, bound=0.97),
        Centre.fit,
    ),
}
EXACT_BOX = [name for name in FITS if "0.9" not in name]
every_fit = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)

sizes = st.floats(-(2.0**80), 2.0**80, width=32)
matrices = stn.arrays(np.float32, st.tuples(st.integers(2, 12), st.just(COLUMNS)), elements=sizes).filter(
    lambda x: bool((x.min(axis=0) < x.max(axis=0)).all())
)
weights = st.floats(1e-6, 1e6)


@every_fit
@given(x=matrices, data=st.data())
@settings(max_examples=60, deadline=None)
def test_round_trip_is_exact_to_float32(fit: Fit, x: Matrix, data: st.DataObject) -> None:
    """Error budget, in units of eps = 2**-23 and of the column's range.

    |y| < 2 after centring, so rounding y to float32 errs by at most eps/2 in a box of width 2: eps/4 of the
    range. A bound of 0.9 or more stretches that by 1/0.9. Undoing the square root multiplies by at most
    2 |z| (width of the broadened box)/2 <= 2 sqrt 2. Together 0.79 eps. Rounding x itself adds eps/2 of |x|.
    """
    weight = np.array([data.draw(weights) for _ in x])
    each = fit(x, weight)
    y = each.forward(x).astype(np.float32)
    back = each.inverse(y).astype(np.float32).astype(np.float64)
    span = np.ptp(x.astype(np.float64), axis=0)
    assert (np.abs(back - x) <= EPS * span + EPS / 2 * np.abs(x) + 1e-44).all()


@every_fit
@given(x=matrices, t=stn.arrays(np.float32, (9, COLUMNS), elements=st.floats(0, 1, width=32)))
@settings(max_examples=60, deadline=None)
def test_forward_stays_in_the_box_and_the_box_stays_within_its_own_ends(
    fit: Fit, x: Matrix, t: Matrix
) -> None:
    each = fit(x, np.ones(len(x)))
    low, high = each.image(np.full(COLUMNS, -np.inf), np.full(COLUMNS, np.inf))
    y = each.forward(x)
    if np.isfinite(low).all():
        assert (y >= low).all()
        assert (y <= high).all()
        inside = low * (1 - t) + high * t
        ends = each.inverse(np.stack([low, high])).astype(np.float32)
        decoded = each.inverse(inside).astype(np.float32)
        assert (decoded >= ends[0]).all()
        assert (decoded <= ends[1]).all()


@pytest.mark.parametrize("fit", [FITS[name] for name in EXACT_BOX], ids=EXACT_BOX)
@given(x=matrices)
@settings(max_examples=60, deadline=None)
def test_ends_of_the_data_are_ends_of_the_box_exactly(fit: Fit, x: Matrix) -> None:
    each = fit(x, np.ones(len(x)))
    low, high = each.image(x.min(axis=0).astype(float), x.max(axis=0).astype(float))
    ends = each.forward(np.stack([x.min(axis=0), x.max(axis=0)]))
    np.testing.assert_array_equal(ends, [low, high])
    np.testing.assert_array_equal(each.inverse(ends).astype(np.float32), [x.min(axis=0), x.max(axis=0)])


@every_fit
def test_state_survives_json_to_the_last_bit(fit: Fit) -> None:
    rng = np.random.default_rng(1)
    x = (rng.standard_cauchy((50, COLUMNS)) * [1e-7, 1, 1e7]).astype(np.float32)
    each = fit(x, rng.exponential(size=50))
    again = map_from_state(json.loads(json.dumps(each.state(), allow_nan=False)))
    assert type(again) is type(each)
    probe = rng.normal(size=(200, COLUMNS))
    assert each.forward(probe).tobytes() == again.forward(probe).tobytes()
    assert each.inverse(probe).tobytes() == again.inverse(probe).tobytes()


@every_fit
def test_maps_are_monotone(fit: Fit) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, COLUMNS)).astype(np.float32)
    y = fit(x, rng.exponential(size=100)).forward(np.sort(x, axis=0))
    assert (np.diff(y, axis=0) >= 0).all()


def test_minmax_range_is_of_rows_with_weight() -> None:
    x = np.array([[0.0], [2.0], [1e9], [-1e9]], np.float32)
    each = MinMax.fit(x, [1, 0.5, 0, 0])
    np.testing.assert_array_equal(each.forward(x[:2]), [[-1], [1]])


def test_minmax_bound_leaves_room_on_both_sides() -> None:
    x = np.array([[10.0], [30.0]], np.float32)
    each = MinMax.fit(x, [1, 1], bound=0.5)
    np.testing.assert_array_equal(each.forward(x), [[-0.5], [0.5]])
    np.testing.assert_array_equal(each.inverse(np.array([[-1.0], [1.0]])), [[0], [40]])
    unit = MinMax.fit(x, [1, 1], box=UNIT, bound=0.5)
    np.testing.assert_array_equal(unit.forward(x), [[0.25], [0.75]])


def test_centre_subtracts_the_weighted_mean() -> None:
    x = np.array([[0.0], [1.0]], np.float32)
    np.testing.assert_array_equal(Centre.fit(x, [1, 3]).forward(x), [[-0.75], [0.25]])


def test_broaden_is_the_notes_formula_on_the_chosen_columns() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 2)).astype(np.float32)
    weight = rng.exponential(size=40)
    each = Broaden.fit(x, weight, [1])
    y = each.forward(x)
    mean = np.sum(weight * x[:, 1].astype(float)) / weight.sum()
    expected = mean + np.sign(x[:, 1] - mean) * np.sqrt(np.abs(x[:, 1] - mean))
    np.testing.assert_array_equal(y[:, 0], x[:, 0])
    np.testing.assert_allclose(y[:, 1], expected, rtol=1e-12)
    back = each.inverse(y)[:, 1]
    np.testing.assert_allclose(
        back, mean + np.sign(y[:, 1] - mean) * (y[:, 1] - mean) ** 2, rtol=0, atol=1e-14
    )


def test_broaden_takes_a_mean_that_is_an_end() -> None:
    x = np.array([[-1.0], [1.0]], np.float32)
    each = Broaden.fit(x, [1e-30, 1.0], [0])
    np.testing.assert_array_equal(each.inverse(each.forward(x)), x)


@pytest.mark.parametrize(
    ("x", "weight", "message"),
    [
        (np.zeros((0, 2)), [], "no muons"),
        ([[1.0, 2.0]], [1], "column '0' is constant .1. in 1 muon; a range is needed"),
        ([[1, 6.4], [2, 6.4], [3, 7.0]], [1, 1, 0], r"column '1' is constant \(6.4\) in 2 muons"),
        ([[1, 2], [3, 4]], [0, 0], "all 2 weights are zero"),
        ([[1, 2], [3, np.nan]], [1, 1], "column '1', row 1: nan"),
        ([[1, 2], [3, 4]], [1, -1], "weight in row 1: -1"),
        ([[1, 2], [3, 4]], [1], "expected .n, d., .n,."),
    ],
)
def test_unusable_data_are_refused(x: Any, weight: list[float], message: str) -> None:
    with pytest.raises(RepresentationError, match=message):
        MinMax.fit(np.array(x, float), weight)


def damaged(**changes: Any) -> dict[str, Any]:
    state = {"kind": "minmax", "minimum": [0.0, 0.0], "maximum": [1.0, 1.0], "box": [-1.0, 1.0], "bound": 1.0}
    return {key: value for key, value in (state | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (damaged(kind="spline"), "kind 'spline': unknown"),
        (damaged(minimum=None), "'minimum' is missing"),
        (damaged(minimum=["a", 1]), "'minimum' is not a list of numbers"),
        (damaged(minimum=[float("nan"), 1]), "'minimum' is not a list of finite numbers"),
        (damaged(minimum=[0.0]), "different lengths"),
        (damaged(minimum=[2.0, 0.0]), "a minimum is not below its maximum"),
        (damaged(bound=None), "'bound' is not"),
        (damaged(box=[1.0]), "'box' has 1 numbers"),
        (damaged(box=[1.0, -1.0]), "is no interval"),
        ({"kind": "chain"}, "'maps' is not a list of maps"),
        ({"kind": "chain", "maps": [damaged(), {"kind": "centre", "mean": [0.0]}]}, "maps of .2, 1. columns"),
        ("minmax", "kind None: unknown"),
        (
            {"kind": "broaden", "columns": [5], "dimensions": 2, "mean": [0.0], "low": [-1.0], "high": [1.0]},
            "columns .5. are not among 2",
        ),
        (
            {"kind": "broaden", "columns": [0], "dimensions": 2, "mean": [3.0], "low": [-1.0], "high": [1.0]},
            "a mean lies outside its range",
        ),
        ({"kind": "broaden", "columns": [0]}, "'dimensions' is not an integer"),
    ],
)
def test_damaged_states_are_refused(state: Any, message: str) -> None:
    with pytest.raises(RepresentationError, match=message):
        map_from_state(state)


def test_every_kind_is_tested_here_or_in_its_own_file() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, COLUMNS)).astype(np.float32)

    def kinds(state: dict[str, Any]) -> set[str]:
        return {state["kind"]}.union(*(kinds(inner) for inner in state.get("maps", [])))

    by_column = set().union(*(kinds(fit(x, np.ones(5)).state()) for fit in FITS.values()))
    assert by_column | {"polar", "quantile"} == set(KINDS)
