"""Sixteen float32 numbers at once, as a type that numba compiles to the widest vectors of the processor.

What autovectorisers find or miss is left to nobody's luck: every operation here is one vector operation of LLVM, which
takes one AVX-512 instruction, two of AVX or four of SSE or NEON. All are correctly rounded and happen in the order in
which they are written, so each processor gives the same bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 16
"""Numbers in a vector."""

_INT = ir.IntType(32)
_LONG = ir.IntType(64)
_VECTORS = {
    "float": ir.VectorType(ir.FloatType(), LANES),
    "int": ir.VectorType(_INT, LANES),
    "mask": ir.VectorType(ir.IntType(1), LANES),
}
_WIDE = ir.VectorType(_LONG, LANES)

Emit = Callable[..., Any]


class LanesType(types.Type):
    """Numba's type of a vector of "float" (float32), "int" (32 bits, of either sign) or "mask" lanes."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"{kind} x {LANES}")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: LanesType) -> None:
        super().__init__(manager, lanes, _VECTORS[lanes.kind])  # type: ignore[no-untyped-call]


FLOAT, INT, MASK = LanesType("float"), LanesType("int"), LanesType("mask")


def _check(given: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    if given != expected:
        raise TypeError(f"operation on lanes: given {given}, expected {expected}")


def _unary(argument: Any, result: Any, emit: Emit) -> Any:
    def typed(typing_context: Any, x: Any) -> Any:
        _check((x,), (argument,))
        return result(x), lambda context, builder, signature, values: emit(builder, *values)

    return intrinsic(typed)


def _binary(arguments: tuple[Any, Any], result: Any, emit: Emit) -> Any:
    def typed(typing_context: Any, x: Any, y: Any) -> Any:
        _check((x, y), arguments)
        return result(x, y), lambda context, builder, signature, values: emit(builder, *values)

    return intrinsic(typed)


def _ternary(arguments: tuple[Any, Any, Any], result: Any, emit: Emit) -> Any:
    def typed(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
        _check((x, y, z), arguments)
        return result(x, y, z), lambda context, builder, signature, values: emit(builder, *values)

    return intrinsic(typed)


def _operator(symbol: Any, lanes: LanesType, emit: Emit, result: LanesType | None = None) -> None:
    """Make Python's operator of two vectors the given instruction."""
    primitive = _binary((lanes, lanes), result or lanes, emit)

    def overloaded(x: Any, y: Any) -> Any:
        def applied(x: Any, y: Any) -> Any:
            return primitive(x, y)

        return applied if x == lanes and y == lanes else None

    overload(symbol)(overloaded)


_operator(operator.add, FLOAT, lambda builder, x, y: builder.fadd(x, y))
_operator(operator.sub, FLOAT, lambda builder, x, y: builder.fsub(x, y))
_operator(operator.mul, FLOAT, lambda builder, x, y: builder.fmul(x, y))
_operator(operator.truediv, FLOAT, lambda builder, x, y: builder.fdiv(x, y))
_operator(operator.ge, FLOAT, lambda builder, x, y: builder.fcmp_ordered(">=", x, y), MASK)
_operator(operator.gt, FLOAT, lambda builder, x, y: builder.fcmp_ordered(">", x, y), MASK)
_operator(operator.add, INT, lambda builder, x, y: builder.add(x, y))
_operator(operator.mul, INT, lambda builder, x, y: builder.mul(x, y))
_operator(operator.xor, INT, lambda builder, x, y: builder.xor(x, y))
_operator(operator.and_, INT, lambda builder, x, y: builder.and_(x, y))
_operator(operator.lshift, INT, lambda builder, x, y: builder.shl(x, y))
_operator(operator.rshift, INT, lambda builder, x, y: builder.lshr(x, y))


def _call(builder: Any, name: str, result: Any, *values: Any) -> Any:
    kind = ir.FunctionType(result, [value.type for value in values])
    function = cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]
    return builder.call(function, values)


def _fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return _call(builder, f"llvm.fma.v{LANES}f32", _VECTORS["float"], x, y, z)


def _sqrt(builder: Any, x: Any) -> Any:
    return _call(builder, f"llvm.sqrt.v{LANES}f32", _VECTORS["float"], x)


def _high(builder: Any, x: Any, y: Any) -> Any:
    product = builder.mul(builder.zext(x, _WIDE), builder.zext(y, _WIDE))
    return builder.trunc(builder.lshr(product, ir.Constant(_WIDE, [32] * LANES)), _VECTORS["int"])


def _splat(builder: Any, x: Any) -> Any:
    vector = ir.VectorType(x.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), x, _INT(0))
    return builder.shuffle_vector(
        first, ir.Constant(vector, ir.Undefined), ir.Constant(_VECTORS["int"], [0] * LANES)
    )


fma = _ternary((FLOAT, FLOAT, FLOAT), FLOAT, _fma)
"""x y + z, rounded once."""
sqrt = _unary(FLOAT, FLOAT, _sqrt)
select = _ternary((MASK, FLOAT, FLOAT), FLOAT, lambda builder, m, x, y: builder.select(m, x, y))
"""x where the mask is set, else y."""
truncated = _unary(FLOAT, INT, lambda builder, x: builder.fptosi(x, _VECTORS["int"]))
"""Whole numbers, towards zero."""
as_float = _unary(INT, FLOAT, lambda builder, x: builder.sitofp(x, _VECTORS["float"]))
unsigned_as_float = _unary(INT, FLOAT, lambda builder, x: builder.uitofp(x, _VECTORS["float"]))
bits_of = _unary(FLOAT, INT, lambda builder, x: builder.bitcast(x, _VECTORS["int"]))
float_of_bits = _unary(INT, FLOAT, lambda builder, x: builder.bitcast(x, _VECTORS["float"]))
high_product = _binary((INT, INT), INT, _high)
"""The upper 32 bits of products of unsigned numbers."""
unsigned_at_least = _binary(
    (INT, INT), INT, lambda b, x, y: b.zext(b.icmp_unsigned(">=", x, y), _VECTORS["int"])
)
"""1 where x >= y, as unsigned numbers, else 0."""
full = _unary(types.float32, FLOAT, _splat)
"""One number in all lanes."""
full_int = _unary(types.int32, INT, _splat)


def _at(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [index])


def _memory(lanes: LanesType, element: Any) -> tuple[Any, Any, Any]:
    """`load(array, i)`, `store(array, i, x)` of 16 elements from the i-th on, and `gather(array, indices)`."""

    def load(typing_context: Any, array: Any, index: Any) -> Any:
        _check((array.dtype, array.layout), (element, "C"))

        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            where = _at(context, builder, array, values[0], values[1])
            return builder.load(builder.bitcast(where, _VECTORS[lanes.kind].as_pointer()), align=4)

        return lanes(array, types.intp), emit

    def store(typing_context: Any, array: Any, index: Any, x: Any) -> Any:
        _check((array.dtype, array.layout, x), (element, "C", lanes))

        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            where = _at(context, builder, array, values[0], values[1])
            builder.store(values[2], builder.bitcast(where, _VECTORS[lanes.kind].as_pointer()), align=4)
            return context.get_dummy_value()

        return types.void(array, types.intp, x), emit

    def gather(typing_context: Any, array: Any, indices: Any) -> Any:
        _check((array.dtype, array.layout, indices), (element, "C", INT))

        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            data = context.make_array(array)(context, builder, values[0]).data
            out = ir.Constant(_VECTORS[lanes.kind], ir.Undefined)
            for lane in range(LANES):
                index = builder.zext(builder.extract_element(values[1], _INT(lane)), _LONG)
                out = builder.insert_element(out, builder.load(builder.gep(data, [index])), _INT(lane))
            return out

        return lanes(array, indices), emit

    return intrinsic(load), intrinsic(store), intrinsic(gather)


load, store, gather = _memory(FLOAT, types.float32)
load_int, store_int, _ = _memory(INT, types.int32)


def _scatter(typing_context: Any, array: Any, offset: Any, indices: Any, x: Any) -> Any:
    """Write x to the elements offset + indices, lane after lane."""
    _check((array.dtype, array.layout, indices, x), (types.float32, "C", INT, FLOAT))

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = context.make_array(array)(context, builder, values[0]).data
        start = builder.gep(data, [values[1]])
        for lane in range(LANES):
            index = builder.zext(builder.extract_element(values[2], _INT(lane)), _LONG)
            builder.store(builder.extract_element(values[3], _INT(lane)), builder.gep(start, [index]))
        return context.get_dummy_value()

    return types.void(array, types.intp, indices, x), emit


scatter: Any = intrinsic(_scatter)


def _transpose(typing_context: Any, source: Any, start: Any, stride: Any, target: Any) -> Any:
    """Rows of 16 numbers at start, start + stride, ... of the source, as columns of the 16 x 16 target.

    References:
        Eklundh, A fast computer method for matrix transposing | https://doi.org/10.1109/T-C.1972.223584
    """
    _check((source.dtype, source.layout, target.dtype), (types.float32, "C", types.float32))

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = _VECTORS["float"].as_pointer()
        where, rows = values[1], []
        for _ in range(LANES):
            here = builder.bitcast(_at(context, builder, source, values[0], where), pointer)
            rows.append(builder.load(here, align=4))
            where = builder.add(where, values[2])
        for size in (1, 2, 4, 8):
            for i in range(LANES):
                if not i & size:
                    rows[i], rows[i + size] = _exchanged(builder, rows[i], rows[i + size], size)
        for i, row in enumerate(rows):
            there = _at(context, builder, target, values[3], ir.IntType(64)(i * LANES))
            builder.store(row, builder.bitcast(there, pointer), align=4)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target), emit


def _exchanged(builder: Any, a: Any, b: Any, size: int) -> tuple[Any, Any]:
    """Two rows with the blocks of `size` beside the diagonal exchanged."""
    lower = [lane if not lane & size else LANES + lane - size for lane in range(LANES)]
    upper = [lane + size if not lane & size else LANES + lane for lane in range(LANES)]
    masks = (ir.Constant(_VECTORS["int"], each) for each in (lower, upper))
    first, second = (builder.shuffle_vector(a, b, mask) for mask in masks)
    return first, second


transpose: Any = intrinsic(_transpose)


def _lane_numbers(typing_context: Any) -> Any:
    """0 to 15."""
    return INT(), lambda context, builder, signature, values: ir.Constant(_VECTORS["int"], list(range(LANES)))


lane_numbers: Any = intrinsic(_lane_numbers)
