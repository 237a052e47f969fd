"""Compiled: matrices of a few columns, and sums over the rows of a model laid out column by column, shape (p, n)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled

Array = np.ndarray[Any, Any]


@compiled("f8[:,:]")
def factor(matrix: Array) -> tuple[Array, float]:
    """Return the lower Cholesky factor and the log determinant (-inf where not positive definite)."""
    p = matrix.shape[0]
    lower = np.zeros((p, p))
    logdet = 0.0
    for a in range(p):
        for b in range(a + 1):
            value = matrix[a, b]
            for c in range(b):
                value -= lower[a, c] * lower[b, c]
            if a == b:
                if not value > 1e-13 * abs(matrix[a, a]) or matrix[a, a] <= 0:
                    return lower, -math.inf
                lower[a, a] = math.sqrt(value)
                logdet += math.log(value)
            else:
                lower[a, b] = value / lower[b, b]
    return lower, logdet


@compiled("f8[:,:], f8[:]")
def solve(lower: Array, right: Array) -> Array:
    """Return the solution of (lower lower') v = right."""
    p = right.size
    v = right.copy()
    for a in range(p):
        for b in range(a):
            v[a] -= lower[a, b] * v[b]
        v[a] /= lower[a, a]
    for a in range(p - 1, -1, -1):
        for b in range(a + 1, p):
            v[a] -= lower[b, a] * v[b]
        v[a] /= lower[a, a]
    return v


@compiled()
def part_of(matrix: Array, rows: Array, columns: Array) -> Array:
    """Return the rows and columns of a matrix that are asked for."""
    out = np.empty((rows.size, columns.size))
    for a in range(rows.size):
        for b in range(columns.size):
            out[a, b] = matrix[rows[a], columns[b]]
    return out


@compiled()
def others_of(size: int, column: int) -> Array:
    """Return the numbers 0, 1 ... size - 1 without that of a column."""
    is_other = np.ones(size, np.bool_)
    is_other[column] = False
    return np.flatnonzero(is_other)


@compiled(fastmath=True)
def dot(a: Array, b: Array) -> float:
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@compiled()
def products(x: Array, v: Array) -> Array:
    """Return x diag(v) x' of columns (p, n)."""
    p, n = x.shape
    out, weighted = np.empty((p, p)), np.empty(n)
    for a in range(p):
        for i in range(n):
            weighted[i] = v[i] * x[a, i]
        for b in range(a + 1):
            out[a, b] = out[b, a] = dot(weighted, x[b])
    return out


@compiled()
def turned(lower: Array, x: Array) -> Array:
    """Return lower^-1 x of columns (p, n): with the factor of a matrix m, row i then has the square x_i' m^-1 x_i."""
    p, n = x.shape
    out = np.empty((p, n))
    for a in range(p):
        out[a] = x[a]
        for b in range(a):
            for i in range(n):
                out[a, i] -= lower[a, b] * out[b, i]
        for i in range(n):
            out[a, i] /= lower[a, a]
    return out


@compiled()
def squares(x: Array) -> Array:
    """Return the sum of squares of each row over its columns (p, n)."""
    out = np.zeros(x.shape[1])
    for a in range(x.shape[0]):
        for i in range(x.shape[1]):
            out[i] += x[a, i] * x[a, i]
    return out
