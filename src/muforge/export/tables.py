"""The numbers of a bundle as text of C++: shapes of its programs, their tables, which muon is of which category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muforge.engine import grid
from muforge.engine.program import BLOCK, Floats, Program
from muforge.models.spline_constants import SLOPE_OFFSET, SMALLEST
from muforge.rng import Purpose
from muforge.sample import pdg_code
from muforge.spill.engine import thresholds

_PER_LINE = 12
_FLOATS = ("bias", "linear", "tables", "hidden", "output", "coordinates")
"""Arrays of a program that are its own."""


def constants() -> str:
    """What is the same for all bundles."""
    return "\n".join(
        [
            f"constexpr std::uint32_t purpose = {int(Purpose.MUON)};",
            f"constexpr double grid_end = {grid.END!r};",
            f"constexpr int coordinate_cells = {grid.CELLS};",
            f"constexpr int share_cells = {grid.SHARE_CELLS};",
            f"constexpr float smallest_share = {_literal(SMALLEST)};",
            f"constexpr float slope_offset = {_literal(SLOPE_OFFSET)};",
            _array("normal_shares", grid.shares()),
        ]
    )


def tables(programs: Mapping[int, Program], rates: Mapping[int, float]) -> str:
    """The programs, as a tuple `programs`, and who is made by which of them.

    Arguments:
        programs: By category.
        rates: Muons per proton, of the same categories in the same order.
    """
    parts, entries = [], []
    names: dict[str, str] = {}
    for category, program in programs.items():
        body = _shape(program)
        if body not in names:
            names[body] = f"ShapeOf{category}"
            parts.append(f"struct {names[body]} {{\n{body}\n}};")
        arrays = {name: getattr(program, name) for name in _FLOATS}
        parts += [_array(f"{name}_{category}", values) for name, values in arrays.items() if values.size]
        pointers = [f"{name}_{category}" if values.size else "nullptr" for name, values in arrays.items()]
        numbers = [_literal(value) for value in program.constants[1:]]
        entries.append(f"    Program<{names[body]}>{{{', '.join([*pointers, *numbers])}}}")
    limits = thresholds(np.array(list(rates.values()))).view(np.uint32)
    codes = [pdg_code(category) for category in programs]
    return "\n".join(
        [
            *parts,
            "inline constexpr auto programs = std::make_tuple(",
            ",\n".join(entries) + ");",
            f"inline constexpr std::array<std::uint32_t, {len(limits)}> thresholds{_listed(limits)};",
            f"inline constexpr std::array<std::int32_t, {len(codes)}> pdg_codes{_listed(codes)};",
        ]
    )


def _shape(program: Program) -> str:
    dimensions, width, depth, bins, row = program.sizes.tolist()
    bound = program.constants[0]
    one, two, smallest = np.float32(1), np.float32(2), np.float32(SMALLEST)
    whole = {
        "dimensions": dimensions,
        "width": width,
        "depth": depth,
        "bins": bins,
        "row": row,
        "padded_width": _padded(width),
        "padded_outputs": _padded(3 * bins - 1),
    }
    floats = {
        "bound": bound,
        "smallest_bin": two * bound * smallest,
        "rest_of_bins": two * bound * (one - smallest * np.float32(bins)),
    }
    arrays = {"knots": program.knots, "strides": program.strides, "offsets": program.offsets}
    lines = [f"    static constexpr int {name} = {value};" for name, value in whole.items()]
    lines += [f"    static constexpr float {name} = {_literal(value)};" for name, value in floats.items()]
    lines += [f"    static constexpr int {name}[] = {_listed(values)};" for name, values in arrays.items()]
    return "\n".join(lines)


def _padded(number: int) -> int:
    return -(-number // BLOCK) * BLOCK


def _listed(values: Iterable[Any]) -> str:
    return f"{{{', '.join(str(value) for value in values)}}}"


def _literal(value: Any) -> str:
    """The shortest decimal number that is this float32."""
    return f"{np.float32(value)!s}f"


def _array(name: str, values: Floats) -> str:
    texts: NDArray[np.str_] = np.char.add(values.ravel().astype(np.str_), "f")
    lines = [", ".join(texts[start : start + _PER_LINE]) for start in range(0, len(texts), _PER_LINE)]
    listed = ",\n".join(lines)
    return f"alignas(64) inline constexpr float {name}[] = {{\n{listed}}};"
