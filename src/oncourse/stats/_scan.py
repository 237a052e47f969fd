"""Compiled inside of the scans: one Cox model per feature, thousands of features, shared risk sets.

Distinct event times (stratum by stratum) are numbered; row i is at risk at numbers first[i]..last[i] and, if it has
the event, has it at last[i]. A binary feature needs only counts at each number: carriers at risk and carriers dying.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oncourse.compiled import compiled

Array = np.ndarray[Any, Any]

_LIMIT = 15.0  # a log hazard ratio beyond this has run off


@compiled()
def _counts(x: Array, first: Array, last: Array, event: Array, n_all: Array, d_all: Array, out: Array) -> int:
    """Fill out[0..3] = others and carriers at risk, others and carriers dying, where both kinds are at risk."""
    m = n_all.size
    n1, d1, nu, du = out[4], out[5], out[6], out[7]
    n1[:] = 0.0
    d1[:] = 0.0
    unknown = False
    for i in range(x.size):
        code = x[i]
        if code == 0 or first[i] > last[i]:
            continue
        if code == 1:
            n1[first[i]] += 1.0
            n1[last[i] + 1] -= 1.0
            if event[i]:
                d1[last[i]] += 1.0
        else:
            if not unknown:
                nu[:] = 0.0
                du[:] = 0.0
                unknown = True
            nu[first[i]] += 1.0
            nu[last[i] + 1] -= 1.0
            if event[i]:
                du[last[i]] += 1.0
    k = 0
    carriers = lost = 0.0
    for j in range(m):
        carriers += n1[j]
        n, d = n_all[j], d_all[j]
        if unknown:
            lost += nu[j]
            n -= lost
            d -= du[j]
        if d > 0.5 and carriers > 0.5 and n - carriers > 0.5:
            out[0, k], out[1, k], out[2, k], out[3, k] = n - carriers, carriers, d - d1[j], d1[j]
            k += 1
    return k


@compiled()
def _terms(b: float, c: Array, k: int, efron: bool) -> tuple[float, float, float]:
    """Score, information and its slope in b of the compressed counts."""
    e = math.exp(b)
    score = info = slope = 0.0
    for j in range(k):
        d = c[2, j] + c[3, j]
        score += c[3, j]
        if d < 1.5:
            a = e * c[1, j]
            p = a / (a + c[0, j])
            v = p * (1.0 - p)
            score -= p
            info += v
            slope += v * (1.0 - 2.0 * p)
        else:
            for t in range(int(d + 0.5)):
                f = t / d if efron else 0.0
                a = e * (c[1, j] - f * c[3, j])
                p = a / (a + c[0, j] - f * c[2, j])
                v = p * (1.0 - p)
                score -= p
                info += v
                slope += v * (1.0 - 2.0 * p)
    return score, info, slope


@compiled()
def _loglik(b: float, c: Array, k: int, efron: bool, firth: bool) -> float:
    """Log partial likelihood, up to a constant, with half the log information where penalised."""
    e = math.exp(b)
    total = info = 0.0
    for j in range(k):
        d = c[2, j] + c[3, j]
        total += b * c[3, j]
        for t in range(int(d + 0.5)):
            f = t / d if efron else 0.0
            a = e * (c[1, j] - f * c[3, j])
            s = a + c[0, j] - f * c[2, j]
            total -= math.log(s)
            if firth:
                p = a / s
                info += p * (1.0 - p)
    return total + 0.5 * math.log(info) if firth else total


@compiled()
def _maximise(c: Array, k: int, efron: bool, firth: bool) -> tuple[float, float]:
    """Halley's steps (Newton's for Firth) inside a bracket: the score falls in b, so its sign tells the side (Firth's
    too, in practice)."""
    low, high = -_LIMIT, _LIMIT
    b = 0.0
    info = 0.0
    for _ in range(100):
        score, info, slope = _terms(b, c, k, efron)
        if firth:
            score += 0.5 * slope / info
        if score > 0:
            low = b
        else:
            high = b
        step = score / info if info > 0 else 0.0
        if not firth and info > 0:
            bend = 1.0 + 0.5 * step * slope / info
            if 0.5 < bend < 2.0:
                step /= bend
        new = b + max(-2.0, min(2.0, step))
        if not low <= new <= high:
            new = 0.5 * (low + high)
        if abs(new - b) < 1e-10 * (1.0 + abs(b)):
            b = new
            break
        if not firth and abs(step) < 3e-5:  # cubic convergence: the next step is below 1e-12
            info += slope * (new - b)
            b = new
            break
        b = new
    return b, info


@compiled()
def _limit(c: Array, k: int, efron: bool, firth: bool, best: float, top: float, drop: float, up: bool) -> float:
    """Where the (penalised) profile has fallen by drop on one side of the maximum; infinite where it never does."""
    sign = 1.0 if up else -1.0
    near, far = best, best
    step = 0.5
    for _ in range(40):
        far = best + sign * step
        if abs(far) > 2 * _LIMIT:
            return sign * math.inf
        if top - _loglik(far, c, k, efron, firth) > drop:
            break
        near = far
        step *= 2.0
    f_near = drop - (top - _loglik(near, c, k, efron, firth))
    f_far = drop - (top - _loglik(far, c, k, efron, firth))
    side = 0
    for _ in range(60):
        if abs(far - near) < 1e-8:
            break
        middle = (near * f_far - far * f_near) / (f_far - f_near)
        f = drop - (top - _loglik(middle, c, k, efron, firth))
        if abs(f) < 1e-10:
            return middle
        if f < 0:
            far, f_far = middle, f
            if side == 1:
                f_near *= 0.5
            side = 1
        else:
            near, f_near = middle, f
            if side == -1:
                f_far *= 0.5
            side = -1
    return 0.5 * (near + far)


@compiled("i1[:,:], i8[:], i8[:], b1[:], f8[:], f8[:], b1, i8, f8, b1")
def scan_binary(
    x: Array,
    first: Array,
    last: Array,
    event: Array,
    n_all: Array,
    d_all: Array,
    efron: bool,
    min_altered: int,
    drop: float,
    firth: bool,
) -> Array:
    """Rows of the result: see BINARY_ROWS in scan.py. x is (features, n), codes 0, 1, -1 unknown.

    drop > 0 asks for profile limits (half the chi-square quantile) and the likelihood ratio; firth for the penalised
    fit.
    """
    features, n = x.shape
    out = np.full((13, features), np.nan)
    c = np.zeros((8, n_all.size + 1))
    for g in range(features):
        known = altered = events = events_altered = 0
        for i in range(n):
            if x[g, i] >= 0:
                known += 1
                altered += x[g, i]
                if event[i]:
                    events += 1
                    events_altered += x[g, i]
        out[0, g], out[1, g], out[2, g], out[3, g] = known, events, altered, events_altered
        if altered < min_altered or known - altered < min_altered or altered == known or altered == 0:
            continue
        k = _counts(x[g], first, last, event, n_all, d_all, c)
        if k == 0:
            continue
        carriers_dying = others_dying = expected = hyper = 0.0
        for j in range(k):
            d = c[2, j] + c[3, j]
            total = c[0, j] + c[1, j]
            carriers_dying += c[3, j]
            others_dying += c[2, j]
            expected += d * c[1, j] / total
            if total > 1.5:
                hyper += d * (total - d) / (total - 1.0) * c[0, j] * c[1, j] / (total * total)
        out[4, g] = expected
        out[5, g] = carriers_dying - expected
        out[6, g] = hyper
        if carriers_dying < 0.5 or others_dying < 0.5:
            out[7, g] = -math.inf if carriers_dying < 0.5 else math.inf
            out[8, g] = math.nan
            if not firth:
                continue
        if firth:
            b, info = _maximise(c, k, efron, True)
        else:
            b, info = _maximise(c, k, efron, False)
            if abs(b) >= _LIMIT - 1e-6:  # ties can separate too
                out[7, g] = math.inf if b > 0 else -math.inf
                continue
        out[7, g] = b
        out[8, g] = 1.0 / math.sqrt(info) if info > 0 else math.nan
        if drop > 0:
            top = _loglik(b, c, k, efron, firth)
            out[9, g] = max(0.0, 2.0 * (top - _loglik(0.0, c, k, efron, firth)))
            out[10, g] = _limit(c, k, efron, firth, b, top, drop, False)
            out[11, g] = _limit(c, k, efron, firth, b, top, drop, True)
        out[12, g] = 1.0
    return out


@compiled("i1[:,:], i8[:], i8[:], b1[:], i8[:,:], i8, f8")
def logrank_drawn(
    x: Array, first: Array, last: Array, event: Array, drawn: Array, n_time: int, critical: float
) -> Array:
    """Count the bootstrap samples in which the log-rank chi-square is above `critical`: carriers worse, carriers
    better.

    x is (features, n), codes 0, 1, -1 unknown; drawn (samples, n): how often a row is in the sample.
    """
    features, n = x.shape
    out = np.zeros((2, features))
    n0, n1, d0, d1 = np.empty(n_time + 1), np.empty(n_time + 1), np.empty(n_time + 1), np.empty(n_time + 1)
    for b in range(drawn.shape[0]):
        for g in range(features):
            n0[:] = 0.0
            n1[:] = 0.0
            d0[:] = 0.0
            d1[:] = 0.0
            for i in range(n):
                if x[g, i] < 0 or drawn[b, i] == 0 or first[i] > last[i]:
                    continue
                times = float(drawn[b, i])
                if x[g, i] == 1:
                    n1[first[i]] += times
                    n1[last[i] + 1] -= times
                    if event[i]:
                        d1[last[i]] += times
                else:
                    n0[first[i]] += times
                    n0[last[i] + 1] -= times
                    if event[i]:
                        d0[last[i]] += times
            others = carriers = gap = variance = 0.0
            for j in range(n_time):
                others += n0[j]
                carriers += n1[j]
                d = d0[j] + d1[j]
                if d > 0.5 and carriers > 0.5 and others > 0.5:
                    total = others + carriers
                    expected = d * carriers / total
                    gap += d1[j] - expected
                    variance += expected * others / total * (1.0 if d < 1.5 else (total - d) / (total - 1.0))
            if variance > 0.0 and gap * gap > critical * variance:
                out[0 if gap > 0.0 else 1, g] += 1.0
    return out


@compiled("i1[:,:], i8[:], i8[:], b1[:], f8[:], f8[:]")
def logrank_binary(x: Array, first: Array, last: Array, event: Array, n_all: Array, d_all: Array) -> Array:
    """Rows: observed minus expected carrier events, hypergeometric variance, expected. x is (features, n)."""
    features = x.shape[0]
    out = np.zeros((3, features))
    c = np.zeros((8, n_all.size + 1))
    for g in range(features):
        k = _counts(x[g], first, last, event, n_all, d_all, c)
        for j in range(k):
            d = c[2, j] + c[3, j]
            total = c[0, j] + c[1, j]
            expected = d * c[1, j] / total
            out[0, g] += c[3, j] - expected
            out[2, g] += expected
            out[1, g] += expected * c[0, j] / total * (1.0 if d < 1.5 else (total - d) / (total - 1.0))
    return out


@compiled("f8[:,:], i8[:], i8[:], i8[:], f8[:], f8[:], b1[:], b1, b1")
def scan_numeric(
    x: Array,
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    late: bool,
    efron: bool,
) -> Array:
    """One Cox model per row of x (features, n; NaN unknown). Rows: n, events, coef, se, LR chi-square, converged."""
    features, n = x.shape
    out = np.full((6, features), np.nan)
    r, z = np.empty(n), np.empty(n)
    for g in range(features):
        known = events = 0
        mean = 0.0
        for i in range(n):
            if x[g, i] == x[g, i]:
                known += 1
                mean += x[g, i]
                events += event[i]
        out[0, g], out[1, g], out[5, g] = known, events, 0.0
        if known < 2 or events == 0:
            continue
        mean /= known
        square = 0.0
        for i in range(n):
            z[i] = x[g, i] - mean
            if z[i] == z[i]:
                square += z[i] * z[i]
        sd = math.sqrt(square / known)
        if sd < 1e-9 * max(1.0, abs(mean)):  # constant but for rounding
            continue
        for i in range(n):
            z[i] /= sd  # NaN stays NaN
        b = 0.0
        start = value = -math.inf
        step = 0.0
        info = 0.0
        for iteration in range(50):
            for i in range(n):
                r[i] = 0.0 if z[i] != z[i] else (1.0 if b == 0.0 else math.exp(b * z[i]))
            new, score, new_info = _numeric_terms(z, r, b, by_exit, by_entry, bounds, time, entry, event, late, efron)
            if iteration == 0:
                start = new
            if new < value - 1e-10 * abs(value):  # overshot: halve
                step *= 0.5
                b -= step
                if abs(step) < 1e-12:
                    break
                continue
            value, info = new, new_info
            if info <= 0:
                break
            if abs(step) < 1e-6 and iteration > 0:
                out[5, g] = 1.0
                break
            step = score / info
            b += step
            if abs(b) > 20.0:
                break
        out[2, g], out[3, g] = b / sd, 1.0 / (math.sqrt(info) * sd) if info > 0 else math.nan
        out[4, g] = max(0.0, 2.0 * (value - start))
    return out


@compiled()
def _numeric_terms(
    z: Array,
    r: Array,
    b: float,
    by_exit: Array,
    by_entry: Array,
    bounds: Array,
    time: Array,
    entry: Array,
    event: Array,
    late: bool,
    efron: bool,
) -> tuple[float, float, float]:
    loglik = score = info = 0.0
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        s0 = s1 = s2 = 0.0
        i = j = start
        while i < stop:
            t = time[by_exit[i]]
            if late:
                while j < i and entry[by_entry[j]] >= t:
                    k = by_entry[j]
                    j += 1
                    if r[k] > 0.0:
                        s0 -= r[k]
                        s1 -= r[k] * z[k]
                        s2 -= r[k] * z[k] * z[k]
                if j == i:
                    s0 = s1 = s2 = 0.0
            d0 = d1 = d2 = dz = 0.0
            deaths = 0
            while i < stop and time[by_exit[i]] == t:
                k = by_exit[i]
                i += 1
                if r[k] == 0.0:
                    continue
                a = r[k] * z[k]
                s0 += r[k]
                s1 += a
                s2 += a * z[k]
                if event[k]:
                    deaths += 1
                    dz += z[k]
                    d0 += r[k]
                    d1 += a
                    d2 += a * z[k]
            if deaths == 0:
                continue
            if s0 < d0:  # those who died are at risk: less is what subtracting the late entries has lost
                s0, s1, s2 = d0, d1, d2
            loglik += b * dz
            score += dz
            for q in range(deaths):
                f = q / deaths if efron else 0.0
                w = 1.0 / (s0 - f * d0)
                m = (s1 - f * d1) * w
                loglik += math.log(w)
                score -= m
                info += (s2 - f * d2) * w - m * m
    return loglik, score, info


@compiled()
def _choose(n: float, k: float) -> float:
    return math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)


@compiled()
def _upper_tail(m: Array, c: int, u: float) -> float:
    """P(sum of c of these values, drawn without replacement, >= u): double saddlepoint; exact at the extreme and for c
    = 1.

    m sorted ascending. Skovgaard. J Appl Probab 1987;24:875 (conditional tail from two saddlepoints).
    """
    n = m.size
    tiny = 1e-9
    if c == 1:
        return (n - np.searchsorted(m, u - tiny)) / n
    most = least = 0.0
    for i in range(c):
        most += m[n - 1 - i]
        least += m[i]
    if u <= least + tiny:
        return 1.0
    if u >= most - tiny:  # only the largest c reach it; ties at the border may be chosen in several ways
        edge = m[n - c]
        above = n - np.searchsorted(m, edge + tiny)
        equal = n - above - np.searchsorted(m, edge - tiny)
        return min(1.0, math.exp(_choose(equal, c - above) - _choose(n, c)))
    if c == 2:
        total = 0
        j = n - 1
        for i in range(n):
            while j >= 0 and m[i] + m[j] >= u - tiny:
                j -= 1
            total += n - 1 - max(j, i)
        return total / (0.5 * n * (n - 1.0))
    s = math.log(c / (n - c * 1.0))
    s0 = s
    t = 0.0
    k0 = n * math.log1p(math.exp(s0))
    k_ss0 = c * (1.0 - c / n)
    g = ss = st = tt = 0.0
    ok = False
    for _ in range(200):
        k = p_sum = pm_sum = ss = st = tt = 0.0
        for i in range(n):
            a = s + t * m[i]
            e = math.exp(-abs(a))
            p = 1.0 / (1.0 + e) if a > 0 else e / (1.0 + e)
            k += max(a, 0.0) + math.log1p(e)
            v = p * (1.0 - p)
            p_sum += p
            pm_sum += p * m[i]
            ss += v
            st += v * m[i]
            tt += v * m[i] * m[i]
        r1, r2 = c - p_sum, u - pm_sum
        g = s * c + t * u - k
        det = ss * tt - st * st
        if abs(r1) < 1e-8 * c and abs(r2) < 1e-8 * (1.0 + abs(u)):
            ok = True
            break
        if det <= 1e-14:
            break
        ds, dt = (tt * r1 - st * r2) / det, (ss * r2 - st * r1) / det
        size = max(abs(ds), abs(dt))
        if size > 1.5:
            ds, dt = ds * 1.5 / size, dt * 1.5 / size
        s += ds
        t += dt
    if not ok:
        return math.nan
    det = ss * tt - st * st
    big = 2.0 * (g - (s0 * c - k0))
    r = math.copysign(math.sqrt(max(big, 0.0)), t)
    q = t * math.sqrt(det / k_ss0)
    if abs(r) < 1e-4 or abs(q) < 1e-8:
        return 0.5
    phi = math.exp(-0.5 * r * r) / math.sqrt(2.0 * math.pi)
    tail = 0.5 * math.erfc(r / math.sqrt(2.0)) + phi * (1.0 / q - 1.0 / r)
    return min(1.0, max(tail, 0.0))


@compiled("i1[:,:], b1[:], i8[:], i8[:], b1[:], f8[:], f8[:]")
def permutation_p(
    x: Array, wanted: Array, first: Array, last: Array, event: Array, n_all: Array, d_all: Array
) -> Array:
    """Two-sided permutation p of the log-rank score of each wanted binary feature: twice the smaller tail.

    The carriers' martingale residuals (all patients known for the feature, no effect) against those of as many
    patients drawn at random.
    """
    features, n = x.shape
    out = np.full(features, np.nan)
    m = n_all.size
    hazard, nu, du = np.zeros(m + 1), np.zeros(m + 1), np.zeros(m + 1)
    residual = np.empty(n)
    for g in range(features):
        if not wanted[g]:
            continue
        nu[:] = 0.0
        du[:] = 0.0
        for i in range(n):
            if x[g, i] < 0 and first[i] <= last[i]:
                nu[first[i]] += 1.0
                nu[last[i] + 1] -= 1.0
                if event[i]:
                    du[last[i]] += 1.0
        lost = 0.0
        for j in range(m):
            lost += nu[j]
            at_risk = n_all[j] - lost
            hazard[j + 1] = hazard[j] + ((d_all[j] - du[j]) / at_risk if at_risk > 0.5 else 0.0)
        known = carriers = 0
        u = 0.0
        for i in range(n):
            if x[g, i] < 0:
                continue
            value = 1.0 if event[i] else 0.0
            if first[i] <= last[i]:
                value -= hazard[last[i] + 1] - hazard[first[i]]
            residual[known] = value
            known += 1
            if x[g, i] == 1:
                carriers += 1
                u += value
        if carriers == 0 or carriers == known:
            continue
        ranked = np.sort(residual[:known])
        if carriers * 2 > known:  # count the rarer kind; the residuals add to 0
            carriers, u = known - carriers, -u
        upper = _upper_tail(ranked, carriers, u)
        lower = _upper_tail(-ranked[::-1], carriers, -u)
        out[g] = min(1.0, 2.0 * min(upper, lower))
    return out
