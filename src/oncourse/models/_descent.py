"""Coordinate descent for the penalised Cox partial likelihood (loops of `penalised`)."""

from __future__ import annotations

import numpy as np

from oncourse.compiled import compiled
from oncourse.models.risk_sets import hazard_pass

MAX_OUTER = 200
MAX_SWEEPS = 2000
INNER_SHARE = 0.02


@compiled(fastmath=True)
def _dot(a, b):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled(fastmath=True)
def _moments(x, w):  # type: ignore[no-untyped-def]
    first = 0.0
    second = 0.0
    for i in range(len(x)):
        wx = w[i] * x[i]
        first += wx
        second += wx * x[i]
    return first, second


@compiled(fastmath=True)
def _shift(step, bar, x, w, residual):  # type: ignore[no-untyped-def]
    for i in range(len(x)):
        residual[i] -= step * w[i] * (x[i] - bar)


@compiled()
def _centre(x, w, lo, sums, bars):  # type: ignore[no-untyped-def]
    """Fill the weighted stratum means of one column; return its centred weighted sum of squares."""
    curvature = 0.0
    for s in range(len(sums)):
        first, second = _moments(x[lo[s] : lo[s + 1]], w[lo[s] : lo[s + 1]])
        bars[s] = first / sums[s] if sums[s] > 0.0 else 0.0
        curvature += second - bars[s] * first
    return max(curvature, 0.0)


@compiled()
def _move(step, x, w, lo, bars, residual):  # type: ignore[no-untyped-def]
    for s in range(len(lo) - 1):
        # Slices of whole strata: the inner loop then runs on vectors.
        _shift(step, bars[s], x[lo[s] : lo[s + 1]], w[lo[s] : lo[s + 1]], residual[lo[s] : lo[s + 1]])


@compiled()
def _top_eigenvalue(m):  # type: ignore[no-untyped-def]
    """Return an upper bound of the largest eigenvalue: the smallest of the trace and the row-sum norm."""
    trace = 0.0
    widest = 0.0
    for a in range(m.shape[0]):
        trace += m[a, a]
        row = 0.0
        for b in range(m.shape[0]):
            row += abs(m[a, b])
        widest = max(widest, row)
    return min(trace, widest)


@compiled()
def _penalty(beta, bounds, lasso, ridge):  # type: ignore[no-untyped-def]
    total = 0.0
    for g in range(len(bounds) - 1):
        norm = 0.0
        for j in range(bounds[g], bounds[g + 1]):
            norm += beta[j] * beta[j]
            total += 0.5 * ridge[j] * beta[j] * beta[j]
        total += lasso[g] * np.sqrt(norm)
    return total


@compiled()
def descend(  # type: ignore[no-untyped-def]
    x, offset, start, stop, own, deaths, opens, ties, lo, bounds, lasso, ridge, beta, candidates, tolerance
):
    """Minimise -loglik + penalty in place over the candidate groups; return (loglik, converged).

    Each outer step bounds the Hessian in eta by diag(expected events), less its mean within strata (the
    partial likelihood does not change when a stratum's eta is shifted), and minimises the penalised
    quadratic by block coordinate descent; a step that does not descend is halved.

    x : (p, n) standardised columns, rows of patients sorted by stratum; lo : (strata + 1,) their bounds
    bounds : (g + 1,) first column of each group; lasso : (g,); ridge : (p,); candidates : (g,) bool
    """
    p, n = x.shape
    strata = len(lo) - 1
    expected = np.zeros(n)
    increments = np.zeros(len(deaths))
    eta = offset.copy()
    for j in range(p):
        if beta[j] != 0.0:
            for i in range(n):
                eta[i] += beta[j] * x[j, i]
    loglik = hazard_pass(eta, start, stop, own, deaths, opens, ties, increments, expected)
    objective = -loglik + _penalty(beta, bounds, lasso, ridge)
    bars = np.zeros((p, strata))
    curvature = np.zeros(p)
    sums = np.zeros(strata)
    residual = np.zeros(n)
    bound_of = np.zeros(len(bounds) - 1)
    gradient = np.zeros(p)
    list_of = np.flatnonzero(candidates)
    # Below this fall the objective is at the limit of its own rounding.
    smallest = tolerance * max(1.0, float(deaths.sum()))
    for _ in range(MAX_OUTER):
        for s in range(strata):
            sums[s] = 0.0
            for i in range(lo[s], lo[s + 1]):
                sums[s] += expected[i]
        for i in range(n):
            residual[i] = (1.0 if own[i] >= 0 else 0.0) - expected[i]
        for g in list_of:
            for j in range(bounds[g], bounds[g + 1]):
                curvature[j] = _centre(x[j], expected, lo, sums, bars[j])
            size = bounds[g + 1] - bounds[g]
            if size > 1:
                gram = np.zeros((size, size))
                for a in range(size):
                    for b in range(a, size):
                        ja, jb = bounds[g] + a, bounds[g] + b
                        total = 0.0
                        for s in range(strata):
                            for i in range(lo[s], lo[s + 1]):
                                total += expected[i] * (x[ja, i] - bars[ja, s]) * x[jb, i]
                        gram[a, b] = total
                        gram[b, a] = total
                bound_of[g] = _top_eigenvalue(gram)
        old = beta.copy()
        active = np.zeros(len(bounds) - 1, dtype=np.bool_)
        full = True
        enough = 0.1 * smallest
        for sweep in range(MAX_SWEEPS):
            largest = 0.0
            for g in list_of:
                if not full and not active[g]:
                    continue
                first, last = bounds[g], bounds[g + 1]
                if last - first == 1:
                    j = first
                    h = curvature[j]
                    if h + ridge[j] <= 0.0:
                        continue
                    u = _dot(x[j], residual) + h * beta[j]
                    new = np.sign(u) * max(abs(u) - lasso[g], 0.0) / (h + ridge[j])
                    step = new - beta[j]
                    if step != 0.0:
                        _move(step, x[j], expected, lo, bars[j], residual)
                        beta[j] = new
                        largest = max(largest, h * step * step)
                    active[g] = new != 0.0
                else:
                    h = bound_of[g]
                    if h <= 0.0:
                        continue
                    norm = 0.0
                    for j in range(first, last):
                        gradient[j] = _dot(x[j], residual) + h * beta[j]
                        norm += gradient[j] * gradient[j]
                    norm = np.sqrt(norm)
                    shrink = max(1.0 - lasso[g] / norm, 0.0) if norm > 0.0 else 0.0
                    any_on = False
                    for j in range(first, last):
                        new = shrink * gradient[j] / (h + ridge[j])
                        step = new - beta[j]
                        if step != 0.0:
                            _move(step, x[j], expected, lo, bars[j], residual)
                            beta[j] = new
                            largest = max(largest, h * step * step)
                        if new != 0.0:
                            any_on = True
                    active[g] = any_on
            if sweep == 0:
                # An outer step is solved only as well as its own quadratic bound deserves.
                enough = max(enough, INNER_SHARE * largest)
            if largest <= enough:
                if full:
                    break
                full = True
            else:
                full = False
        fraction = 1.0
        before = objective
        target = beta.copy()
        moved = np.zeros(n)
        for j in range(p):
            change = target[j] - old[j]
            if change != 0.0:
                for i in range(n):
                    moved[i] += change * x[j, i]
        base = eta.copy()
        for _ in range(30):
            for i in range(n):
                eta[i] = base[i] + fraction * moved[i]
            for j in range(p):
                beta[j] = old[j] + fraction * (target[j] - old[j]) if fraction < 1.0 else target[j]
            loglik = hazard_pass(eta, start, stop, own, deaths, opens, ties, increments, expected)
            objective = -loglik + _penalty(beta, bounds, lasso, ridge)
            if objective <= before + 1e-12 * abs(before) and np.isfinite(objective):
                break
            fraction *= 0.5
        if before - objective <= smallest:
            return loglik, True
    return loglik, False


@compiled(
    "f8[:,:], f8[:], i8[:], i8[:], i8[:], i8[:], b1[:], i8, i8[:], i8[:], f8[:], f8, f8[:], f8[:], f8, i8, f8[:], f8, "
    "f8[:]"
)
def fit_path(  # type: ignore[no-untyped-def]
    x,
    offset,
    start,
    stop,
    own,
    deaths,
    opens,
    ties,
    lo,
    bounds,
    lambdas,
    alpha,
    factor,
    extra_ridge,
    tolerance,
    most,
    beta,
    previous,
    trend,
):
    """Return (coefficients (l, p), loglik (l,), converged (l,)) along a decreasing sequence of lambdas.

    The descent starts from `beta`, (p,), the solution at the lambda `previous` (zeros: nothing fitted before), carried on
    by `trend`, (p,), its change per lambda since the lambda before that: of a smooth path most of the way. It leaves
    its last solution and trend there. `lambdas` are per patient (glmnet's scale); the sequential strong rule picks the
    groups to work on and the optimality (KKT) conditions of all others are checked afterwards (Tibshirani et al. 2012).
    The path ends after the first lambda with more than `most` columns.
    """
    p, n = x.shape
    groups = len(bounds) - 1
    coefficients = np.zeros((len(lambdas), p))
    logliks = np.zeros(len(lambdas))
    converged = np.zeros(len(lambdas), dtype=np.bool_)
    expected = np.zeros(n)
    increments = np.zeros(len(deaths))
    residual = np.zeros(n)
    candidates = factor <= 0.0
    for g in range(groups):
        for j in range(bounds[g], bounds[g + 1]):
            candidates[g] = candidates[g] or beta[j] != 0.0
    lasso = np.zeros(groups)
    ridge = np.zeros(p)
    score = np.zeros(groups)
    for step in range(len(lambdas)):
        lam = lambdas[step]
        for g in range(groups):
            lasso[g] = n * lam * alpha * factor[g]
            for j in range(bounds[g], bounds[g + 1]):
                ridge[j] = n * (lam * (1.0 - alpha) * factor[g] + extra_ridge[j])
        if step == 0:
            eta = offset.copy()
            for j in range(p):
                if beta[j] != 0.0:
                    for i in range(n):
                        eta[i] += beta[j] * x[j, i]
            hazard_pass(eta, start, stop, own, deaths, opens, ties, increments, expected)
            for i in range(n):
                residual[i] = (1.0 if own[i] >= 0 else 0.0) - expected[i]
            for g in range(groups):
                score[g] = _group_norm(x, residual, bounds[g], bounds[g + 1])
        for g in range(groups):
            if alpha == 0.0 or score[g] >= n * alpha * factor[g] * (2.0 * lam - previous):
                candidates[g] = True
        before = beta.copy()
        for j in range(p):
            change = (lam - previous) * trend[j]
            if abs(change) < abs(beta[j]):  # none changes its sign, none more than doubles
                beta[j] += change
        while True:
            loglik, good = descend(
                x,
                offset,
                start,
                stop,
                own,
                deaths,
                opens,
                ties,
                lo,
                bounds,
                lasso,
                ridge,
                beta,
                candidates,
                tolerance,
            )
            eta = offset.copy()
            for j in range(p):
                if beta[j] != 0.0:
                    for i in range(n):
                        eta[i] += beta[j] * x[j, i]
            hazard_pass(eta, start, stop, own, deaths, opens, ties, increments, expected)
            for i in range(n):
                residual[i] = (1.0 if own[i] >= 0 else 0.0) - expected[i]
            missed = False
            for g in range(groups):
                if not candidates[g]:
                    score[g] = _group_norm(x, residual, bounds[g], bounds[g + 1])
                    if score[g] > lasso[g]:
                        candidates[g] = True
                        missed = True
                else:
                    score[g] = lasso[g]
            if not missed:
                break
        for g in range(groups):
            # Only what is in the model, or was just admitted for it, is worked on at the next lambda.
            if factor[g] > 0.0 and alpha > 0.0:
                on = False
                for j in range(bounds[g], bounds[g + 1]):
                    on = on or beta[j] != 0.0
                if not on:
                    score[g] = _group_norm(x, residual, bounds[g], bounds[g + 1])
                candidates[g] = on
        coefficients[step] = beta
        logliks[step] = loglik
        converged[step] = good
        if lam < previous:
            for j in range(p):
                trend[j] = (beta[j] - before[j]) / (lam - previous)
        previous = lam
        if np.count_nonzero(beta) > most:
            return coefficients[: step + 1], logliks[: step + 1], converged[: step + 1]
    return coefficients, logliks, converged


@compiled(fastmath=True)
def _group_norm(x, residual, first, last):  # type: ignore[no-untyped-def]
    total = 0.0
    for j in range(first, last):
        u = _dot(x[j], residual)
        total += u * u
    return np.sqrt(total)
