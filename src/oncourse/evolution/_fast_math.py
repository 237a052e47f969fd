# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Exponential and logarithm that a compiled loop can compute on several numbers at once.

Calls into the C library keep a loop from being vectorised; these are plain arithmetic on the bits of a double. They are
compiled without reassociation: the rounding trick depends on the order of operations.
"""

from __future__ import annotations

import struct
from functools import partial

from oncourse.compiled import compiled

exact = partial(compiled, error_model="numpy", fastmath={"contract"}, inline="never")

_ROUND = 6755399441055744.0
"""1.5 x 2^52: a double added to it keeps its integer part in the low bits."""
_ROUND_BITS = 0x4338000000000000
_LOG2E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10


@compiled(bits="to")
def to_bits(x):
    """Return the bits of a double as a whole number."""
    return struct.unpack("<q", struct.pack("<d", x))[0]


@compiled(bits="from")
def from_bits(bits):
    """Return the double of these bits."""
    return struct.unpack("<d", struct.pack("<Q", bits & 0xFFFFFFFFFFFFFFFF))[0]


@exact("f8")
def fast_exp(x):
    """Return exp(x) for -700 <= x <= 700 (relative error below 1e-9); outside it is not defined."""
    shifted = x * _LOG2E + _ROUND
    whole = shifted - _ROUND
    r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    p = 1.0 + r * (
        1.0 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r / 40320))))))
    )
    return from_bits(to_bits(p) + (to_bits(shifted) << 52))


@exact("f8")
def fast_log(x):
    """Return log(x) of a normal double x > 0 (absolute error below 1e-13 of max(1, log x))."""
    bits = to_bits(x)
    # exponent such that the mantissa falls in [sqrt(1/2), sqrt(2))
    step = (bits - 0x3FE6A09E667F3BCD) >> 52
    m = from_bits(bits - (step << 52))
    e = from_bits(step + _ROUND_BITS) - _ROUND
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = z * (
        2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * (2 / 17)))))))
    )
    return e * _LN2_HIGH + (2.0 * s + (s * series + e * _LN2_LOW))
