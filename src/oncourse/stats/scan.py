"""Thousands of Cox models, one per feature, over the same follow-up; exact p-values where carriers are few."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncourse.stats.cox import SurvivalData, survival_data

Floats = NDArray[np.float64]

#: With fewer carrier events expected than this, p comes from the permutation law (benchmarks/size_of_scan.py: the
#: likelihood ratio rejects .052-.058 at .05 below it, the permutation law .045-.054 everywhere).
FEW_EXPECTED_EVENTS = 20.0
#: With fewer expected carrier events than this the estimate is Firth's: the bare one is biased away from 0.
FIRTH_EXPECTED_EVENTS = 5.0


@dataclass(frozen=True)
class Scan:
    """One entry per feature; NaN where it was not fitted (too few carriers, no event, constant).

    ``n``, ``n_event`` count the rows whose value is known; ``n_altered``, ``n_event_altered`` the carriers (NaN for
    numbers); ``expected`` carriers x events / known, the carrier events to expect without an effect.
    ``coef`` log hazard ratio, -inf/inf where carriers/others had no event. ``ci_low``/``ci_high`` limits of
    the log hazard ratio and ``method`` how they were found. ``p_value`` with ``p_method``.
    """

    n: Floats
    n_event: Floats
    n_altered: Floats
    n_event_altered: Floats
    expected: Floats
    coef: Floats
    std_err: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats
    p_method: NDArray[np.str_]
    method: NDArray[np.str_]
    logrank: Floats


@dataclass(frozen=True)
class _Grid:
    """Event times numbered stratum by stratum, and where each row stands in them."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    event: NDArray[np.bool_]
    at_risk: Floats
    deaths: Floats

    @property
    def args(self) -> tuple[Any, ...]:
        return self.first, self.last, self.event, self.at_risk, self.deaths


def _grid(data: SurvivalData) -> _Grid:
    n = data.time.size
    first, last = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    start = 0
    for s in range(data.bounds.size - 1):
        rows = data.by_exit[data.bounds[s] : data.bounds[s + 1]]
        times = np.unique(data.time[rows][data.event[rows]])
        first[rows] = start + np.searchsorted(times, data.entry[rows], side="right")
        last[rows] = start + np.searchsorted(times, data.time[rows], side="right") - 1
        start += times.size
    at_risk, deaths = np.zeros(start + 1), np.zeros(start + 1)
    inside = first <= last
    np.add.at(at_risk, first[inside], 1.0)
    np.add.at(at_risk, last[inside] + 1, -1.0)
    np.add.at(deaths, last[data.event], 1.0)
    return _Grid(first, last, data.event, np.cumsum(at_risk)[:start], deaths[:start])


def _in_parts(work: Callable[[Any], Any], x: Any, threads: int | None) -> Any:
    """Run over blocks of features side by side (the kernels release the interpreter lock)."""
    count = min(threads or min(os.cpu_count() or 1, 4), max(1, x.shape[0] // 64))
    if count == 1:
        return work(slice(0, x.shape[0]))
    edges = np.linspace(0, x.shape[0], 4 * count + 1).astype(int)
    with ThreadPoolExecutor(count) as pool:
        parts = list(pool.map(work, [slice(a, b) for a, b in itertools.pairwise(edges)]))
    return np.concatenate(parts, axis=-1)


def _codes(x: ArrayLike, rows: int) -> NDArray[np.int8]:
    """Return (features, n) codes 0, 1, -1 unknown of an (n, features) matrix of 0/1/NaN, booleans or codes."""
    a = np.asarray(x)
    a = a[:, None] if a.ndim == 1 else a
    if a.shape[0] != rows:
        raise ValueError(f"x has {a.shape[0]} rows, time has {rows}")
    if not is_binary(a):
        raise ValueError("a binary feature is 0, 1 or unknown (NaN, -1)")
    codes = np.where(np.isnan(a), -1, a) if a.dtype.kind == "f" else a
    return np.ascontiguousarray(codes.T, dtype=np.int8)


def is_binary(x: ArrayLike) -> bool:
    """Tell whether every known value is 0 or 1 (-1 and NaN are unknown)."""
    a = np.asarray(x)
    if a.dtype == bool or a.size == 0:
        return True
    if a.dtype.kind == "f":
        return bool(((a == 0) | (np.abs(a) == 1) | np.isnan(a)).all())
    return bool(a.min() >= -1 and a.max() <= 1)


def scan_cox(
    time: ArrayLike | SurvivalData,
    event: ArrayLike | None,
    x: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    min_altered: int = 1,
    interval: str = "wald",
    p_value: str = "wald",
    level: float = 0.95,
    ties: str = "efron",
    threads: int | None = None,
) -> Scan:
    """Fit one Cox model per feature (column of x), each on the rows where that feature is known.

    Parameters
    ----------
    time, event, entry, strata : as in `oncourse.stats.cox.fit_cox`; or a `SurvivalData` for time
    x : shape (n, features): 0/1 with NaN (or -1 in whole-number types) for unknown, or any numbers with NaN
    min_altered : binary features with fewer carriers, or fewer non-carriers, are not fitted
    interval : "wald"; or "profile": limits of the profile likelihood, and for a binary feature whose carriers (or
        others) had no event, or with fewer than `FIRTH_EXPECTED_EVENTS` expected carrier events, Firth's penalised
        estimate with its profile limits
    p_value : "wald"; "lr", the likelihood ratio; or "small": as "lr", but for binary features with fewer than
        `FEW_EXPECTED_EVENTS` expected carrier events the permutation distribution of the log-rank score (exact for
        one or two carriers, else its double saddlepoint approximation)

    Returns
    -------
    Scan, ``p_method`` naming for each feature: wald, likelihood ratio, permutation, saddlepoint

    References
    ----------
    Robinson. Ann Stat 1982;10:1077 (saddlepoints for permutation tests); Skovgaard. J Appl Probab 1987;24:875;
    Heinze, Schemper. Biometrics 2001;57:114 (profile limits under Firth's penalty).
    """
    data = time if isinstance(time, SurvivalData) else survival_data(time, event, entry=entry, strata=strata)  # type: ignore[arg-type]
    if interval not in ("wald", "profile") or p_value not in ("wald", "lr", "small"):
        raise ValueError("interval is wald or profile; p_value is wald, lr or small")
    if is_binary(x):
        codes = _codes(x, data.time.size)
        scan = _scan_binary(data, codes, min_altered, interval, p_value, level, ties == "efron", threads)
        return _exact_small(data, codes, scan, threads) if p_value == "small" else scan
    return _scan_numeric(data, np.asarray(x, dtype=float), p_value, level, ties == "efron", threads)


def _two_sided(z: Floats) -> Floats:
    from scipy.special import ndtr

    with np.errstate(invalid="ignore"):
        return 2.0 * ndtr(-np.abs(z))


def _scan_binary(
    data: SurvivalData,
    codes: NDArray[np.int8],
    min_altered: int,
    interval: str,
    p_value: str,
    level: float,
    efron: bool,
    threads: int | None,
) -> Scan:
    from scipy.special import chdtrc, chdtri, ndtri

    from oncourse.stats import _scan

    kernel: Any = _scan.scan_binary
    grid = _grid(data)
    drop = 0.5 * float(chdtri(1, 1.0 - level)) if interval == "profile" or p_value != "wald" else 0.0
    raw = _in_parts(lambda part: kernel(codes[part], *grid.args, efron, min_altered, drop, False), codes, threads)
    n, n_event, n_altered, dying, _, gap, hyper, coef, se, lr, low, high, _ = raw
    # share of carriers times events: unlike the log-rank expectation it does not depend on who had the event, so
    # that choosing a method by it cannot favour either
    expected = np.where(n > 0, n_altered * n_event / np.maximum(n, 1), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        logrank = np.where(hyper > 0, gap**2 / hyper, np.nan)
        half = float(ndtri(0.5 + level / 2.0)) * se
        p = _two_sided(coef / se) if p_value == "wald" else chdtrc(1, np.where(np.isfinite(coef), lr, np.nan))
    p = np.where(np.isfinite(coef), p, np.nan)
    p_method = np.where(np.isnan(p), "", "wald" if p_value == "wald" else "likelihood ratio").astype("<U16")
    method = np.where(np.isfinite(coef), interval, "").astype("<U16")
    if interval == "wald":
        low, high = coef - half, coef + half
    else:
        penalised = ~np.isnan(coef) & (~np.isfinite(coef) | (expected < FIRTH_EXPECTED_EVENTS))
        if penalised.any():
            chosen = codes[penalised]
            firth = _in_parts(
                lambda part: kernel(chosen[part], *grid.args, efron, min_altered, drop, True), chosen, threads
            )
            coef, se, low, high = coef.copy(), se.copy(), low.copy(), high.copy()
            coef[penalised], se[penalised], low[penalised], high[penalised] = firth[[7, 8, 10, 11]]
            method[penalised] = "firth"
            unknown = penalised & np.isnan(p)
            p = np.where(unknown, np.nan, p)
            if p_value != "wald" and unknown.any():
                p[unknown] = chdtrc(1, firth[9][unknown[penalised]])
                p_method[unknown] = "penalised LR"
    return Scan(n, n_event, n_altered, dying, expected, coef, se, low, high, p, p_method, method, logrank)


def _exact_small(data: SurvivalData, codes: NDArray[np.int8], scan: Scan, threads: int | None) -> Scan:
    few = ~np.isnan(scan.coef) & (scan.expected < FEW_EXPECTED_EVENTS)
    if not few.any():
        return scan
    p = scan.p_value.copy()
    method = scan.p_method.copy()
    p[few] = permutation_p(data, None, codes[few].T, threads=threads)
    rare = np.minimum(scan.n_altered, scan.n - scan.n_altered)
    method[few] = np.where(rare[few] <= 2, "permutation", "saddlepoint")
    return replace(scan, p_value=p, p_method=np.where(np.isnan(p), "", method))


def _scan_numeric(data: SurvivalData, x: Floats, p_value: str, level: float, efron: bool, threads: int | None) -> Scan:
    from scipy.special import chdtrc, ndtri

    from oncourse.stats import _scan

    kernel: Any = _scan.scan_numeric
    x = x[:, None] if x.ndim == 1 else x
    if x.shape[0] != data.time.size:
        raise ValueError(f"x has {x.shape[0]} rows, time has {data.time.size}")
    # rows in order of exit: the kernel then reads memory in one direction
    order = data.by_exit
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    rows = np.ascontiguousarray(x[order].T)
    late = bool(np.isfinite(data.entry).any())
    rest = (
        np.arange(order.size),
        place[data.by_entry],
        data.bounds,
        data.time[order],
        data.entry[order],
        data.event[order],
        late,
        efron,
    )
    n, n_event, coef, se, lr, ok = _in_parts(lambda part: kernel(rows[part], *rest), rows, threads)
    coef, se = np.where(ok > 0, coef, np.nan), np.where(ok > 0, se, np.nan)
    half = float(ndtri(0.5 + level / 2.0)) * se
    p = _two_sided(coef / se) if p_value == "wald" else chdtrc(1, np.where(ok > 0, lr, np.nan))
    unknown = np.full(n.size, np.nan)
    name = np.where(np.isnan(p), "", "wald" if p_value == "wald" else "likelihood ratio")
    return Scan(
        n,
        n_event,
        unknown,
        unknown,
        unknown,
        coef,
        se,
        coef - half,
        coef + half,
        p,
        name,
        np.where(np.isnan(p), "", "wald"),
        unknown,
    )


def permutation_p(
    time: ArrayLike | SurvivalData,
    event: ArrayLike | None,
    x: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    threads: int | None = None,
) -> Floats:
    """Return the two-sided permutation p-value of the log-rank score of each binary feature.

    Exact for one or two carriers, a double saddlepoint approximation of the permutation distribution otherwise.
    It assumes that without an effect the carriers are a random draw of the patients known for the feature.
    """
    from oncourse.stats import _scan

    data = time if isinstance(time, SurvivalData) else survival_data(time, event, entry=entry)  # type: ignore[arg-type]
    kernel: Any = _scan.permutation_p
    codes = _codes(x, data.time.size)
    grid = _grid(data)
    wanted = np.ones(codes.shape[0], bool)
    return _in_parts(lambda part: kernel(codes[part], wanted[part], *grid.args), codes, threads)


def scan_logrank(
    time: ArrayLike | SurvivalData,
    event: ArrayLike | None,
    x: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    threads: int | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Return chi-square, p-value and observed minus expected carrier events of the log-rank test of each binary
    feature.

    NaN where carriers and others are never at risk together at an event.
    """
    from scipy.special import chdtrc

    from oncourse.stats import _scan

    data = time if isinstance(time, SurvivalData) else survival_data(time, event, entry=entry, strata=strata)  # type: ignore[arg-type]
    kernel: Any = _scan.logrank_binary
    codes = _codes(x, data.time.size)
    grid = _grid(data)
    gap, variance, _ = _in_parts(lambda part: kernel(codes[part], *grid.args), codes, threads)
    with np.errstate(invalid="ignore", divide="ignore"):
        chi = np.where(variance > 0, gap**2 / variance, np.nan)
    return chi, chdtrc(1, chi), gap


def drawn_again(
    data: SurvivalData, x: ArrayLike, drawn: NDArray[np.int64], *, level: float = 0.95, threads: int | None = None
) -> tuple[Floats, Floats]:
    """Return in how many bootstrap samples the carriers are found worse, and better; of numbers, the higher ones.

    As `scan_logrank` of the rows of each sample, p below 1 - level; of numbers as the Wald test of `scan_cox` (Efron).

    Parameters
    ----------
    data : rows of one stratum
    x : shape (n, features), binary, or numbers with NaN for unknown
    drawn : shape (samples, n), how often each row is in the sample
    """
    from scipy.special import chdtri

    from oncourse.stats import _scan

    if not is_binary(x):
        return _numbers_drawn_again(data, np.asarray(x, dtype=float), drawn, level)
    kernel: Any = _scan.logrank_drawn
    codes, grid = _codes(x, data.time.size), _grid(data)
    args = (grid.first, grid.last, grid.event, drawn, grid.at_risk.size, float(chdtri(1, 1.0 - level)))
    worse, better = _in_parts(lambda part: kernel(codes[part], *args), codes, threads)
    return worse, better


def _numbers_drawn_again(
    data: SurvivalData, x: Floats, drawn: NDArray[np.int64], level: float
) -> tuple[Floats, Floats]:
    """`drawn_again` of numbers: a sample is each row so many times in the order the rows have, which sorts none anew."""
    from scipy.special import ndtri

    from oncourse.stats import _scan

    kernel: Any = _scan.scan_numeric
    least, late = float(ndtri(0.5 + level / 2.0)), bool(np.isfinite(data.entry).any())
    order, cells = data.by_exit, np.ascontiguousarray(x[data.by_exit].T)
    time, entry, event = data.time[order], data.entry[order], data.event[order]
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    by_entry = place[data.by_entry]
    worse, better = np.zeros(len(cells)), np.zeros(len(cells))
    for times in drawn[:, order]:
        n = int(times.sum())
        rows = np.repeat(np.arange(order.size), times)
        before = np.cumsum(times) - times  # where the first of a row stands
        entered = np.repeat(by_entry, times[by_entry])
        nth = np.arange(n) - np.repeat(np.cumsum(times[by_entry]) - times[by_entry], times[by_entry])
        bounds = np.array([0, n], dtype=np.int64)
        at = np.arange(n), before[entered] + nth, bounds
        _, _, coef, se, _, ok = kernel(cells[:, rows], *at, time[rows], entry[rows], event[rows], late, True)
        with np.errstate(invalid="ignore"):
            z = np.where(ok > 0, coef / se, np.nan)
            worse += z > least
            better += z < -least
    return worse, better


def permuted_maxima(
    data: SurvivalData, x: ArrayLike, *, permutations: int, random: np.random.Generator, block: int = 250
) -> tuple[Floats, Floats]:
    """Return |z| of each binary feature's log-rank score, and the largest |z| of each permutation of the patients.

    The score of a feature is the sum of its carriers' martingale residuals; its permutation variance is exact. With
    these, `oncourse.stats.fdr.max_t` gives p-values that hold for the whole family, correlated or not.
    """
    codes = _codes(x, data.time.size)
    grid = _grid(data)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(grid.at_risk > 0, grid.deaths / grid.at_risk, 0.0)
    hazard = np.concatenate([[0.0], np.cumsum(step)])
    residual: Floats = data.event - np.where(grid.first <= grid.last, hazard[grid.last + 1] - hazard[grid.first], 0.0)
    known = (codes >= 0).astype(float)
    carrier = (codes == 1).astype(float)
    n, c = known.sum(1), carrier.sum(1)
    usable = (c > 0) & (c < n)
    carrier, known, n, c = carrier[usable], known[usable], n[usable, None], c[usable, None]
    whole = bool((known == 1).all())

    def z(columns: Floats) -> Floats:
        if whole:
            mean = columns.mean(0)[None, :]
            square = (columns**2).mean(0)[None, :]
        else:
            mean, square = known @ columns / n, known @ columns**2 / n
        variance = c * (n - c) / np.maximum(n - 1, 1) * (square - mean**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(variance > 1e-12, np.abs(carrier @ columns - c * mean) / np.sqrt(variance), np.nan)

    out = np.full(codes.shape[0], np.nan)
    if not usable.any():
        return out, np.zeros(permutations)
    out[usable] = z(residual[:, None])[:, 0]
    largest = []
    for start in range(0, permutations, block):
        count = min(block, permutations - start)
        shuffled = random.permuted(np.tile(residual[:, None], (1, count)), axis=0)
        largest.append(np.nanmax(z(shuffled), axis=0))
    return out, np.concatenate(largest)
