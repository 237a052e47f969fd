# mypy: disable-error-code="no-untyped-def"
"""Compiled neighbour joining of samples and its bootstrap; see `divergence`."""

from __future__ import annotations

import numpy as np

from oncourse.compiled import compiled


@compiled("f8[:,:], f8[:]")
def sample_distances(ccf, weight):
    """Return (S, S): mean absolute difference of CCF over variants known in both samples, 0 where none is.

    ccf : (N, S), NaN where not known; weight : (N,), times each variant counts
    """
    n, n_sample = ccf.shape
    out = np.zeros((n_sample, n_sample))
    for a in range(n_sample):
        for b in range(a):
            total, size = 0.0, 0.0
            for i in range(n):
                difference = abs(ccf[i, a] - ccf[i, b])
                if not np.isnan(difference):
                    total += difference * weight[i]
                    size += weight[i]
            if size > 0.0:
                out[a, b] = out[b, a] = total / size
    return out


@compiled()
def _note(group, length, splits, lengths, n_split):
    """Write a split as the side without the last sample; a single sample is none."""
    n = len(group)
    inside = group[n - 1]
    size = 0
    for x in range(n):
        splits[n_split, x] = group[x] != inside
        size += splits[n_split, x]
    if 1 < size < n - 1:
        lengths[n_split] = max(0.0, length)
        return n_split + 1
    return n_split


@compiled("f8[:,:]")
def neighbour_joining(distance):
    """Return the inner splits (n, S) of the tree, as the samples of the side without the last one, and their
    lengths."""
    n = len(distance)
    d = distance.copy()
    groups = np.eye(n).astype(np.bool_)
    splits, lengths = np.zeros((2 * n + 4, n), np.bool_), np.zeros(2 * n + 4)
    n_split = 0
    m = n
    while m > 3:
        total = np.zeros(m)
        for x in range(m):
            for y in range(m):
                total[x] += d[x, y]
        best, i, j = np.inf, 0, 1
        for x in range(m):
            for y in range(x + 1, m):
                q = np.round(((m - 2) * d[x, y] - total[x] - total[y]) * 1e12) / 1e12
                if q < best:
                    best, i, j = q, x, y
        to_i = 0.5 * d[i, j] + (total[i] - total[j]) / (2 * (m - 2))
        n_split = _note(groups[i], to_i, splits, lengths, n_split)
        n_split = _note(groups[j], d[i, j] - to_i, splits, lengths, n_split)
        new = 0.5 * (d[i, :m] + d[j, :m] - d[i, j])
        joined = groups[i] | groups[j]
        keep = np.empty(m - 2, np.int64)
        at = 0
        for x in range(m):
            if x != i and x != j:
                keep[at] = x
                at += 1
        for x in range(m - 2):
            groups[x] = groups[keep[x]]
            for y in range(m - 2):
                d[x, y] = d[keep[x], keep[y]]
        m -= 1
        groups[m - 1] = joined
        for x in range(m - 1):
            d[x, m - 1] = d[m - 1, x] = new[keep[x]]
        d[m - 1, m - 1] = 0.0
    if m == 3:
        for x in range(3):
            a, b = (x + 1) % 3, (x + 2) % 3
            n_split = _note(groups[x], 0.5 * (d[x, a] + d[x, b] - d[a, b]), splits, lengths, n_split)
    return splits[:n_split], lengths[:n_split]


@compiled("b1[:,:], f8[:,:], f8[:,:]")
def times_found(base, ccf, times):
    """Return (n,): in how many trees of redrawn variants each split of ``base`` (n, S) is; times : (draws, N)."""
    out = np.zeros(len(base))
    for b in range(len(times)):
        splits, _ = neighbour_joining(sample_distances(ccf, times[b]))
        for i in range(len(base)):
            for j in range(len(splits)):
                if np.all(base[i] == splits[j]):
                    out[i] += 1.0
                    break
    return out
