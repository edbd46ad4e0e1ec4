"""The fused pass: addresses to random numbers, through the splines and back to physical space, sixteen muons at once.

Nothing but the columns leaves the first-level cache. The C++ header does the same operations in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from muforge.compiled import compiled, inlined
from muforge.engine.elementary import (
    constant,
    cos_sin_of_turn,
    exp,
    normal_pair,
    silu_pair,
    softplus,
    uniform,
)
from muforge.engine.grid import CELLS, END, SHARE_CELLS
from muforge.engine.lanes import (
    LANES,
    as_float,
    fma,
    full,
    full_int,
    gather,
    lane_numbers,
    load,
    load_int,
    scatter,
    select,
    sqrt,
    store,
    store_int,
    transpose,
    truncated,
    unsigned_at_least,
)
from muforge.engine.philox import philox, word
from muforge.engine.program import BLOCK
from muforge.models.spline_constants import SLOPE_OFFSET, SMALLEST

CATEGORY_WORD, TURN_WORD = 0, 1
"""Words of the first call of the random numbers of a muon; the others are those of its first two normal numbers."""

SPARE = 3
"""Normal numbers that the last call gives beyond those asked for, at most."""

_f, _i = np.float32, np.int32


@inlined
def words(first: Any, number: Any, call: Any, purpose: Any, seed: Any) -> Any:
    """Four vectors of random words of muons first + number.

    Arguments:
        first: A multiple of 2^16.
        number: Below 2^16, one in each lane.
        call: 0, 1, ...: each gives four more words of the same muons.
        purpose: Number of what they are for.
        seed: The user's.
    """
    low = word(first & np.uint64(0xFFFFFFFF)) + number
    return philox(
        low,
        word(first >> np.uint64(32)),
        word(call),
        word(purpose),
        seed & np.uint64(0xFFFFFFFF),
        seed >> np.uint64(32),
    )


@inlined
def random_numbers(
    first: Any, number: Any, dimensions: Any, purpose: Any, seed: Any, out: Any, start: Any, stride: Any
) -> Any:
    """The uniform numbers in [0, 1) of muons; their normal ones are written to `out`.

    Arguments:
        first, number, purpose, seed: As `words`.
        dimensions: Normal numbers of a muon.
        out: They begin at start, start + stride, ...; there has to be room for `SPARE` more.
    """
    drawn = words(first, number, 0, purpose, seed)
    turn = uniform(drawn[TURN_WORD])
    z0, z1 = normal_pair(drawn[2], drawn[3])
    store(out, start, z0)
    store(out, start + stride, z1)
    for call in range(1, (dimensions + 5) // 4):
        drawn = words(first, number, call, purpose, seed)
        z0, z1 = normal_pair(drawn[0], drawn[1])
        z2, z3 = normal_pair(drawn[2], drawn[3])
        store(out, start + (4 * call - 2) * stride, z0)
        store(out, start + (4 * call - 1) * stride, z1)
        store(out, start + 4 * call * stride, z2)
        store(out, start + (4 * call + 1) * stride, z3)
    return turn


@inlined
def on_cache_line(memory: Any) -> Any:
    """The part of an array of float32 that begins at a cache line."""
    return memory[-(memory.ctypes.data // 4) % LANES :]


@inlined
def interpolated(table: Any, start: Any, cells: Any, score: Any) -> Any:
    """The table that begins at `start` on the uniform grid of scores; beyond its ends, and for NaN, they are taken."""
    at = fma(score, constant(cells / (2 * END)), constant(cells / 2))
    at = select(at >= constant(0.0), at, constant(0.0))
    last = constant(cells - 1)
    cell = truncated(select(at > last, last, at))
    share = at - as_float(cell)
    share = select(share > constant(1.0), constant(1.0), share)
    where = cell + full_int(_i(start))
    left = gather(table, where)
    return fma(share, gather(table, where + full_int(_i(1))) - left, left)


@inlined
def add_looked_up(program: Any, number: Any, x: Any, share: Any, hidden: Any) -> None:
    """Add what a coordinate gives to the first layers of all networks that see it.

    Arguments:
        program: The program.
        number: Of the coordinate.
        x, share: The coordinate and its normal distribution function, 16 numbers each.
        hidden: The first layers of each of 16 muons, one row a muon.
    """
    row, stride = program.sizes[4], program.strides[number]
    cells = program.knots[number] - 1
    for lane in range(LANES):
        at = share[lane] * _f(cells)
        cell = min(np.int64(at), cells - 1)
        left_row = program.offsets[number] + cell * stride
        here, right_share = full(x[lane]), full(_f(at - _f(cell)))
        for column in range(0, stride, LANES):
            place = lane * row + column
            before = load(program.bias, column) if number == 0 else load(hidden, place)
            left = load(program.tables, left_row + column)
            right = load(program.tables, left_row + stride + column)
            linear = fma(here, load(program.linear, number * row + column), before)
            store(hidden, place, linear + fma(right_share, right - left, left))


@inlined
def dense(weights: Any, start: Any, inputs: Any, outputs: Any, h: Any, out: Any) -> None:
    """A layer: weights (inputs, outputs) and a row of biases from `start` on, of inputs (inputs, 16).

    Eight outputs at a time stay in registers.
    """
    for o in range(0, outputs, BLOCK):
        bias = start + inputs * outputs + o
        y0, y1 = full(weights[bias]), full(weights[bias + 1])
        y2, y3 = full(weights[bias + 2]), full(weights[bias + 3])
        y4, y5 = full(weights[bias + 4]), full(weights[bias + 5])
        y6, y7 = full(weights[bias + 6]), full(weights[bias + 7])
        for j in range(inputs):
            x = load(h, j * LANES)
            w = start + j * outputs + o
            y0 = fma(full(weights[w]), x, y0)
            y1 = fma(full(weights[w + 1]), x, y1)
            y2 = fma(full(weights[w + 2]), x, y2)
            y3 = fma(full(weights[w + 3]), x, y3)
            y4 = fma(full(weights[w + 4]), x, y4)
            y5 = fma(full(weights[w + 5]), x, y5)
            y6 = fma(full(weights[w + 6]), x, y6)
            y7 = fma(full(weights[w + 7]), x, y7)
        store(out, o * LANES, y0)
        store(out, (o + 1) * LANES, y1)
        store(out, (o + 2) * LANES, y2)
        store(out, (o + 3) * LANES, y3)
        store(out, (o + 4) * LANES, y4)
        store(out, (o + 5) * LANES, y5)
        store(out, (o + 6) * LANES, y6)
        store(out, (o + 7) * LANES, y7)


@inlined
def activate(x: Any, out: Any, rows: Any) -> None:
    """x / (1 + e^-x) of rows of lanes, two at a time: they share a division."""
    for j in range(0, rows - rows % 2, 2):
        left, right = silu_pair(load(x, j * LANES), load(x, (j + 1) * LANES))
        store(out, j * LANES, left)
        store(out, (j + 1) * LANES, right)
    if rows % 2:
        last = load(x, (rows - 1) * LANES)
        store(out, (rows - 1) * LANES, silu_pair(last, last)[0])


@inlined
def network(program: Any, number: Any, hidden: Any, h: Any, out: Any) -> None:
    """Parameters of a coordinate's spline, (3 bins - 1, 16) in `out`."""
    width, depth, bins, row = program.sizes[1], program.sizes[2], program.sizes[3], program.sizes[4]
    networks = program.sizes[0] - 1
    padded, outputs = -(-width // BLOCK) * BLOCK, -(-(3 * bins - 1) // BLOCK) * BLOCK
    begin, whole = (networks - 1 - number) * width, width - width % LANES
    for j in range(0, whole, LANES):
        transpose(hidden, begin + j, row, h[j * LANES :])
    rows = lane_numbers() * full_int(_i(row))
    for j in range(whole, width):
        store(h, j * LANES, gather(hidden, rows + full_int(_i(begin + j))))
    activate(h, h, width)
    for layer in range(depth - 1):
        start = (layer * networks + number) * (width + 1) * padded
        dense(program.hidden, start, width, padded, h, out)
        activate(out, h, width)
    dense(program.output, number * (width + 1) * outputs, width, outputs, h, out)


@inlined
def spline(z: Any, parameters: Any, bins: Any, bound: Any) -> Any:
    """The inverse of a rational-quadratic spline, as `muforge.models.spline` has it.

    Arguments:
        z: Numbers.
        parameters: Unconstrained widths, heights and slopes, (3 bins - 1, 16); overwritten.
        bins: Number of bins.
        bound: Where the spline ends.
    """
    widths, heights = constant(0.0), constant(0.0)
    for k in range(bins):
        w, h = exp(load(parameters, k * LANES)), exp(load(parameters, (bins + k) * LANES))
        store(parameters, k * LANES, w)
        store(parameters, (bins + k) * LANES, h)
        widths, heights = widths + w, heights + h
    smallest = constant(_f(2) * bound * _f(SMALLEST))
    rest = constant(_f(2) * bound * (_f(1) - _f(SMALLEST) * _f(bins)))
    per_width, per_height = rest / widths, rest / heights
    zero, one = constant(0.0), constant(1.0)
    left = bottom = constant(-bound)
    x0, y0, w, h = left, bottom, zero, zero
    before = d0 = d1 = zero
    for k in range(bins):
        wide = fma(load(parameters, k * LANES), per_width, smallest)
        high = fma(load(parameters, (bins + k) * LANES), per_height, smallest)
        after = load(parameters, (2 * bins + k) * LANES) if k < bins - 1 else zero
        here = z >= bottom
        x0, y0 = select(here, left, x0), select(here, bottom, y0)
        w, h = select(here, wide, w), select(here, high, h)
        d0, d1 = select(here, before, d0), select(here, after, d1)
        left, bottom, before = left + wide, bottom + high, after
    offset = constant(SLOPE_OFFSET)
    d0 = softplus(d0 + offset) + constant(SMALLEST)
    d1 = softplus(d1 + offset) + constant(SMALLEST)
    slope = h / w
    y = z - y0
    curvature = fma(constant(-2.0), slope, d0 + d1)
    bent = y * curvature
    a = fma(h, slope - d0, bent)
    b = fma(h, d0, zero - bent)
    c = slope * y
    square = fma(constant(4.0) * a, c, b * b)
    root = sqrt(select(square > zero, square, zero))
    x = fma(w, constant(2.0) * c / (b + root), x0)
    inside = select(z > constant(-bound), one, zero) * select(constant(bound) > z, one, zero)
    return select(inside > zero, x, z)


@inlined
def physical(program: Any, scores: Any, turn: Any, out: Any, rows: Any, place: Any) -> None:
    """Columns start_x, start_y, start_z [cm], px, py, pz [GeV] from normal scores, written to `out`, (6, rows).

    As `muforge.representation.Polar.inverse`, without angles: of the one between vertex and momentum the tangent of
    its half is known.
    """
    dimensions = program.sizes[0]
    one, zero, two = constant(1.0), constant(0.0), constant(2.0)
    size = CELLS + 1
    depth = interpolated(program.coordinates, 0, CELLS, load(scores, 0))
    p = interpolated(program.coordinates, size, CELLS, load(scores, LANES))
    q = interpolated(program.coordinates, 2 * size, CELLS, load(scores, 2 * LANES))
    share = p / sqrt(fma(p, p, q * q))
    pz, pt = p * share, q * share
    azimuth = turn
    negative = turn >= constant(0.5)
    if dimensions > 3:
        azimuth = fma(turn, two, select(negative, constant(-1.0), zero))
    cosine, sine = cos_sin_of_turn(azimuth)
    if dimensions > 3:
        f = interpolated(program.coordinates, 3 * size, CELLS, load(scores, 3 * LANES))
        across = interpolated(program.coordinates, 4 * size, CELLS, load(scores, 4 * LANES))
        radius = full(program.constants[2])
        straight = f * depth * q / p
        r = straight * radius / (straight + radius)
        tangent = across / (q + q)
        tangent = select(tangent > constant(1e18), constant(1e18), tangent)
        square = fma(tangent, tangent, one)
        along = fma(zero - tangent, tangent, one) / square
        beside = two * tangent / square
        beside = select(negative, beside, zero - beside)
        scatter(out, 0, place, r * fma(cosine, along, zero - sine * beside))
        scatter(out, rows, place, r * fma(sine, along, cosine * beside))
    scatter(out, 2 * rows, place, depth + full(program.constants[1]))
    scatter(out, 3 * rows, place, pt * cosine)
    scatter(out, 4 * rows, place, pt * sine)
    scatter(out, 5 * rows, place, pz)


@compiled
def choose(thresholds: Any, first: Any, rows: Any, purpose: Any, seed: Any, out: Any) -> None:
    """Which of the categories each of the muons from `first` on belongs to.

    Arguments:
        thresholds: Cumulative shares of the categories but the last, times 2^32, as int32 of the same bits.
        first, purpose, seed: As `words`.
        rows: Number of muons.
        out: Positions among the categories, int32, at least `rows` rounded up to a multiple of 16.
    """
    lanes = lane_numbers()
    for k in range(0, rows, LANES):
        drawn = words(first, lanes + full_int(_i(k)), 0, purpose, seed)[CATEGORY_WORD]
        number = full_int(_i(0))
        for threshold in thresholds:
            number = number + unsigned_at_least(drawn, full_int(threshold))
        store_int(out, k, number)


@compiled
def muons(program: Any, first: Any, numbers: Any, purpose: Any, seed: Any, out: Any, rows: Any) -> None:
    """Make the muons first + numbers and write them to their places in `out`.

    Arguments:
        program: Of their category.
        first, purpose, seed: As `words`.
        numbers: int32, a multiple of 16 of them.
        out: Columns start_x ... pz, one after the other, `rows` float32 each.
        rows: Length of a column.
    """
    dimensions, row, bins = program.sizes[0], program.sizes[4], program.sizes[3]
    bound = program.constants[0]
    widest = max(program.sizes[1], 3 * bins - 1) + BLOCK
    hidden = on_cache_line(np.empty((LANES + 1) * row, np.float32))
    h = on_cache_line(np.empty((widest + 1) * LANES, np.float32))
    parameters = on_cache_line(np.empty((widest + 1) * LANES, np.float32))
    scores = on_cache_line(np.empty((dimensions + SPARE + 1) * LANES, np.float32))
    shares = np.empty(LANES, np.float32)
    for k in range(0, len(numbers), LANES):
        number = load_int(numbers, k)
        turn = random_numbers(first, number, dimensions, purpose, seed, scores, 0, LANES)
        for i in range(dimensions - 1):
            x = load(scores, i * LANES)
            store(shares, 0, interpolated(program.shares, 0, SHARE_CELLS, x))
            add_looked_up(program, i, scores[i * LANES : (i + 1) * LANES], shares, hidden)
            network(program, i, hidden, h, parameters)
            store(scores, (i + 1) * LANES, spline(load(scores, (i + 1) * LANES), parameters, bins, bound))
        physical(program, scores, turn, out, rows, number)
