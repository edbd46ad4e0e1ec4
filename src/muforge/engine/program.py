"""A trained flow and its representation as the flat arrays that the engine, and exports, run on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from muforge.engine import grid
from muforge.errors import ConfigError, RepresentationError
from muforge.representation import Representation

BLOCK = 8
"""Outputs of a layer are padded to a multiple of this: so many sums are in registers at once."""

CACHE_LINE = 16
"""Numbers in a cache line. Rows begin at one: a vector across two takes twice as long to read."""

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class Program(NamedTuple):
    """Everything that turns random numbers into muons of one category, in float32 and 64-bit integers.

    Attributes:
        sizes: Dimensions d, nodes of a hidden layer, hidden layers, bins of a spline, and numbers in a row of `bias`.
        bias: Of the first layers of the d - 1 networks side by side, the last network first, padded to whole cache
            lines. A coordinate is seen by the last networks, so by the first part of a row.
        linear: What each of the first d - 1 coordinates adds to them, (d - 1) such rows.
        knots: Of the table that each of the coordinates goes through, shape (d - 1,).
        strides: Numbers in a row of each table, shape (d - 1,).
        offsets: Where each table begins in `tables`.
        tables: Rows of the tables, one after the other: what the coordinate gives to the networks at each knot.
        hidden: Weights and biases of further hidden layers: for each, for each network, (width + 1) rows, the last one
            of biases, each padded to a multiple of `BLOCK`.
        output: As `hidden`, of the last layers.
        coordinates: As `grid.coordinates`, one after the other.
        shares: As `grid.shares`.
        constants: Where splines end; start_z of the target's front [cm]; largest radius [cm].
    """

    sizes: Integers
    bias: Floats
    linear: Floats
    knots: Integers
    strides: Integers
    offsets: Integers
    tables: Floats
    hidden: Floats
    output: Floats
    coordinates: Floats
    shares: Floats
    constants: Floats


def why_not(
    model: Mapping[str, Any],
    representation: Mapping[str, Any],
    conditions: object = None,
) -> str | None:
    """Why the engine cannot run a model, or None if it can.

    Arguments:
        model, representation, conditions: As a bundle's manifest has them, None if the model is not conditional.
    """
    if conditions is not None:
        return "its model is conditional"
    if model.get("family") != "flow" or model.get("transform") != "autoregressive":
        return f"model family '{model.get('family')}' is not the autoregressive flow"
    maps = representation.get("map", {}).get("maps", [])
    if [each.get("kind") for each in maps] != ["polar", "quantile"]:
        return "its representation is not the physical one"
    return None


def program(model: Mapping[str, Any], state: Mapping[str, Any], weights: Mapping[str, Floats]) -> Program:
    """The program of an autoregressive flow on the physical representation.

    Arguments:
        model: Its configuration, as a bundle's manifest has it.
        state: State of its representation.
        weights: Its tensors by name.

    Raises:
        RepresentationError: The representation is not valid.
        ConfigError: A tensor is missing, not finite, or of another shape than the configuration says: compiled code
            would read beyond it.
    """
    representation = Representation.from_state(state)
    quantile, polar = representation.scores_and_polar()
    if representation.symmetric != 1:
        raise RepresentationError(f"representation: {representation.symmetric} symmetric columns, expected 1")
    networks = representation.learned - 1
    width, depth, bins = model["width"], model["depth"], model["bins"]
    _check(weights, _shapes(model, networks))
    row = _padded(networks * width, CACHE_LINE)
    first = weights["networks.weights.0"] * np.tri(networks)[:, :, None]
    tables = [
        _lines(weights[f"networks.tables.{number}.weight"].reshape(-1, networks - number, width)[:, ::-1])
        for number in range(networks)
    ]
    return Program(
        sizes=np.array([representation.learned, width, depth, bins, row], np.int64),
        bias=aligned(_lines(weights["networks.biases.0"][::-1].reshape(1, networks, width))),
        linear=aligned(_lines(first[::-1].transpose(1, 0, 2))),
        knots=np.array([len(table) for table in tables], np.int64),
        strides=np.array([table.shape[1] for table in tables], np.int64),
        offsets=np.cumsum([0, *(table.size for table in tables[:-1])], dtype=np.int64),
        tables=aligned(np.concatenate([table.ravel() for table in tables])),
        hidden=_layers(weights, range(1, depth)),
        output=_layers(weights, [depth]),
        coordinates=aligned(grid.coordinates(polar, quantile)),
        shares=grid.shares(),
        constants=np.array([model["bound"], polar.front, polar.radius], np.float32),
    )


def _shapes(model: Mapping[str, Any], networks: int) -> dict[str, tuple[int, ...]]:
    """What the tensors' shapes are by the configuration."""
    width, depth = model["width"], model["depth"]
    sizes = [networks, *[width] * depth, 3 * model["bins"] - 1]
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        shapes[f"networks.weights.{layer}"] = (networks, inputs, outputs)
        shapes[f"networks.biases.{layer}"] = (networks, 1, outputs)
    for number in range(networks):
        knots = max(2, model["knots" if number == 0 else "knots_others"])
        shapes[f"networks.tables.{number}.weight"] = (knots, (networks - number) * width)
    return shapes


def _check(weights: Mapping[str, Floats], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        if name not in weights:
            raise ConfigError(f"tensor '{name}': missing")
        if weights[name].shape != shape:
            raise ConfigError(f"tensor '{name}': shape {weights[name].shape}, expected {shape}")
        if not np.isfinite(weights[name]).all():
            raise ConfigError(f"tensor '{name}': not finite")


def aligned(values: NDArray[Any]) -> Floats:
    """The numbers one after the other, float32, from the beginning of a cache line on."""
    memory = np.empty(values.size + CACHE_LINE, np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % CACHE_LINE
    out = memory[start : start + values.size]
    out[:] = values.ravel()
    return out


def _lines(values: NDArray[Any]) -> NDArray[Any]:
    """Rows (n, ...) as (n, m), padded to whole cache lines."""
    rows = values.reshape(len(values), -1)
    return np.pad(rows, ((0, 0), (0, _padded(rows.shape[1], CACHE_LINE) - rows.shape[1])))


def _layers(weights: Mapping[str, Floats], numbers: Iterable[int]) -> Floats:
    parts = [np.zeros(0, np.float32)]
    for number in numbers:
        rows = np.concatenate(
            [weights[f"networks.weights.{number}"], weights[f"networks.biases.{number}"]], axis=1
        )
        padding = _padded(rows.shape[2], BLOCK) - rows.shape[2]
        parts.append(np.pad(rows, ((0, 0), (0, 0), (0, padding))).ravel())
    return aligned(np.concatenate(parts))


def _padded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
