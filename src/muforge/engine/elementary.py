"""Elementary functions in lanes, to about one unit in the last place of float32.

Polynomials are those of the Cephes library. Every product that is added to something is one fused multiply-add, here
and in the C++ header: no compiler has anything to contract, and all give the same bits.

References:
    Moshier, Cephes mathematical library, single precision | https://www.netlib.org/cephes/
"""

from __future__ import annotations

from typing import Any

import numpy as np

from muforge.compiled import inlined
from muforge.engine.lanes import (
    as_float,
    bits_of,
    float_of_bits,
    fma,
    full,
    full_int,
    select,
    sqrt,
    truncated,
    unsigned_as_float,
)

_f = np.float32
_i = np.int32


@inlined
def constant(x: Any) -> Any:
    """A number in all lanes."""
    return full(_f(x))


@inlined
def exp(x: Any) -> Any:
    """e^x; x below -87 or above 88 is taken for these."""
    x = select(x > constant(88.0), constant(88.0), x)
    x = select(constant(-87.0) > x, constant(-87.0), x)
    magic = constant(12582912.0)  # 1.5 * 2^23: adding it rounds to a whole number
    shifted = fma(x, constant(1.44269504088896341), magic)
    whole = shifted - magic
    r = fma(whole, constant(-0.693359375), x)
    r = fma(whole, constant(2.12194440e-4), r)
    y = constant(1.9875691500e-4)
    y = fma(y, r, constant(1.3981999507e-3))
    y = fma(y, r, constant(8.3334519073e-3))
    y = fma(y, r, constant(4.1665795894e-2))
    y = fma(y, r, constant(1.6666665459e-1))
    y = fma(y, r, constant(5.0000001201e-1))
    y = fma(y, r * r, r) + constant(1.0)
    return float_of_bits(bits_of(y) + (bits_of(shifted) << full_int(_i(23))))


@inlined
def log(x: Any) -> Any:
    """The natural logarithm of positive normal numbers."""
    bits = bits_of(x) + full_int(_i(0x3F800000 - 0x3F3504F3))
    exponent = as_float((bits >> full_int(_i(23))) + full_int(_i(-127)))
    mantissa = float_of_bits((bits & full_int(_i(0x007FFFFF))) + full_int(_i(0x3F3504F3)))
    r = mantissa - constant(1.0)  # from sqrt(1/2) - 1 to sqrt(2) - 1
    y = constant(7.0376836292e-2)
    y = fma(y, r, constant(-1.1514610310e-1))
    y = fma(y, r, constant(1.1676998740e-1))
    y = fma(y, r, constant(-1.2420140846e-1))
    y = fma(y, r, constant(1.4249322787e-1))
    y = fma(y, r, constant(-1.6668057665e-1))
    y = fma(y, r, constant(2.0000714765e-1))
    y = fma(y, r, constant(-2.4999993993e-1))
    y = fma(y, r, constant(3.3333331174e-1))
    square = r * r
    y = fma(y * r, square, exponent * constant(-2.12194440e-4))
    y = fma(constant(-0.5), square, y)
    return fma(exponent, constant(0.693359375), r + y)


@inlined
def silu_pair(x: Any, y: Any) -> Any:
    """x / (1 + e^-x) and y / (1 + e^-y) with one division; below -43 they are 1e-17 of x."""
    one, most = constant(1.0), constant(43.0)
    zero = constant(0.0)
    negative_x, negative_y = zero - x, zero - y
    a = one + exp(select(negative_x > most, most, negative_x))
    b = one + exp(select(negative_y > most, most, negative_y))
    inverse = one / (a * b)
    return x * (inverse * b), y * (inverse * a)


@inlined
def softplus(x: Any) -> Any:
    """log(1 + e^x), with the rounding of 1 + e^x put right."""
    e = exp(x)
    one = constant(1.0)
    total = one + e
    return log(total) + (e - (total - one)) / total


@inlined
def cos_sin_of_turn(turn: Any) -> Any:
    """Cosine and sine of 2 pi turn, for 0 <= turn <= 1."""
    quarter = truncated(fma(turn, constant(4.0), constant(0.5)))
    x = fma(as_float(quarter), constant(-0.25), turn) * constant(6.283185307179586)
    square = x * x
    sine = constant(-1.9515295891e-4)
    sine = fma(sine, square, constant(8.3321608736e-3))
    sine = fma(sine, square, constant(-1.6666654611e-1))
    sine = fma(sine, square * x, x)
    cosine = constant(2.443315711809948e-5)
    cosine = fma(cosine, square, constant(-1.388731625493765e-3))
    cosine = fma(cosine, square, constant(4.166664568298827e-2))
    cosine = fma(cosine, square * square, fma(square, constant(-0.5), constant(1.0)))
    one = full_int(_i(1))
    odd = as_float(quarter & one) > constant(0.0)
    sign_of_sine = (quarter & full_int(_i(2))) << full_int(_i(30))
    sign_of_cosine = ((quarter + one) & full_int(_i(2))) << full_int(_i(30))
    return (
        float_of_bits(bits_of(select(odd, sine, cosine)) ^ sign_of_cosine),
        float_of_bits(bits_of(select(odd, cosine, sine)) ^ sign_of_sine),
    )


@inlined
def uniform(words: Any) -> Any:
    """Multiples of 2^-24 in [0, 1) from random words."""
    return as_float(words >> full_int(_i(8))) * constant(2.0**-24)


@inlined
def normal_pair(radius: Any, angle: Any) -> Any:
    """Two vectors of independent standard normal numbers from two of random words; none is larger than 6.77.

    References:
        Box, Muller, A note on the generation of random normal deviates | https://doi.org/10.1214/aoms/1177706645
    """
    share = fma(unsigned_as_float(radius), constant(2.0**-32), constant(2.0**-33))
    length = sqrt(constant(-2.0) * log(share))
    cosine, sine = cos_sin_of_turn(uniform(angle))
    return length * cosine, length * sine
