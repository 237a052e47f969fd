"""Every feature against every endpoint: one Cox model each, entered when the feature became known."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.covariates import CovariateColumn, covariates_at, encode
from oncourse.derive.outcomes.feature_blocks import PER_UNIT, per_deviation
from oncourse.derive.outcomes.features import FeatureBlock, FeatureTable
from oncourse.facts.days import landmark_days
from oncourse.facts.endpoints import ENDPOINTS
from oncourse.stats.rng import generator
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.stats.cox import SurvivalData
    from oncourse.stats.scan import Scan
    from oncourse.stats.scan_models import Beside

Floats = NDArray[np.float64]

#: Fewer events per coefficient than this and an adjusted estimate is not given (Vittinghoff, McCulloch.
#: Am J Epidemiol 2007;165:710).
EVENTS_PER_COEFFICIENT = 5
#: Fewest events to ask whether a ratio changes with time; p below which it does.
EVENTS_FOR_TIME, CHANGING = 10, 0.05
#: Days to which means are restricted: two years, as every landmark counts them.
HORIZON = landmark_days(24.0)
#: At most so many features of a block are bootstrapped: those with the smallest p-values.
BOOTSTRAPPED = 400


@dataclass(frozen=True)
class ScanRules:
    """How the scan is made; see the settings of the same names in `oncourse.analyses.biomarkers`."""

    min_altered: int = 3
    n_bootstrap: int = 200
    max_t: int = 0
    seed: int = 1


@dataclass
class OutcomeScan:
    """Rows of the scan, who was left out, and what the sentences need.

    assumed, late: patients whose findings have no day, or one after the start; enrolled_late: patients who came under
    observation after the start; used: covariates with a column in some model; missing_response: kind of response ->
    patients counted without anything to judge it by.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[tuple[str | None, str | None, str]] = field(default_factory=list)
    assumed: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    enrolled_late: set[str] = field(default_factory=set)
    missing_response: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    incomplete: int = 0
    unadjusted: int = 0


@dataclass(frozen=True)
class Outcome:
    """One endpoint: arrays over its patients (sorted), times from the endpoint's origin in days."""

    endpoint: str
    patients: tuple[str, ...]
    origin: Floats
    time: Floats
    event: NDArray[np.bool_]
    entry: Floats


def line_of(records: pl.DataFrame, endpoint: str) -> int | None:
    """Return the line on which a patient counts once for an endpoint: the first, or null for the origin of the study.

    An endpoint of the lines is that of the study where no line has it (progression that follow_up alone records).
    """
    lines = records.filter(pl.col("endpoint") == endpoint)["line"]
    of_study = ENDPOINTS[endpoint].level == "study" if endpoint in ENDPOINTS else False
    return None if of_study or lines.null_count() == lines.len() > 0 else 1


def outcome(records: pl.DataFrame, endpoint: str) -> Outcome:
    """Return the records of an endpoint, one per patient: of the study or of the first line (`line_of`)."""
    rows = records.filter(pl.col("endpoint") == endpoint)
    line = pl.col("line").eq_missing(line_of(records, endpoint))
    rows = rows.filter(line).unique("patient_id", keep="first", maintain_order=True).sort("patient_id")
    return Outcome(
        endpoint,
        tuple(rows["patient_id"].to_list()),
        rows["origin_day"].fill_null(0).cast(pl.Float64).to_numpy(),
        rows["time_days"].cast(pl.Float64).to_numpy(),
        rows["is_event"].fill_null(False).to_numpy().astype(bool),
        rows["entry_days"].fill_null(0).cast(pl.Float64).to_numpy(),
    )


def covariate_block(
    study: Study, target: Outcome, covariates: Mapping[str, str]
) -> tuple[Floats, list[CovariateColumn]]:
    """Return the covariates of the endpoint's patients as known at its origin: (n, columns) with NaN, and columns."""
    if not covariates:
        return np.zeros((len(target.patients), 0)), []
    units = pl.DataFrame(
        {
            "unit": np.arange(len(target.patients)),
            "patient_id": list(target.patients),
            "zero_day": target.origin.astype(np.int64),
        },
        schema={"unit": pl.Int64, "patient_id": pl.String, "zero_day": pl.Int64},
    )
    return encode(covariates_at(study, units, covariates).sort("unit"), covariates)


def scan_outcome(
    study: Study,
    features: FeatureTable,
    target: Outcome,
    covariates: Mapping[str, str],
    rules: ScanRules,
    out: OutcomeScan,
) -> None:
    """Add to `out` one row per feature for this endpoint, and one per covariate column."""
    where = {p: i for i, p in enumerate(features.patients)}
    index = np.array([where[p] for p in target.patients], dtype=np.int64)
    x, columns = covariate_block(study, target, covariates)
    out.used |= {c.covariate for c in columns}
    out.incomplete = max(out.incomplete, int(np.isnan(x).any(axis=1).sum())) if x.shape[1] else out.incomplete
    out.enrolled_late |= {p for p, entry in zip(target.patients, target.entry, strict=True) if entry > 0}
    maxima: list[tuple[list[dict[str, Any]], Floats, Floats]] = []
    for block in map(per_deviation, features.blocks):
        _scan_block(target, block, index, x, None, rules, out, maxima)
    for j, column in enumerate(columns):
        others = np.array([c.covariate != column.covariate for c in columns])
        _scan_block(
            target,
            per_deviation(_as_block(column, x[:, j])),
            np.arange(index.size),
            x[:, others],
            column,
            rules,
            out,
            maxima,
        )
    if rules.max_t:
        _max_t(maxima)


def _as_block(column: CovariateColumn, values: Floats) -> FeatureBlock:
    binary = column.kind != "number"
    kept: NDArray[Any] = np.where(np.isnan(values), -1, values).astype(np.int8) if binary else values
    per = "v the commonest" if column.kind == "category" else "yes v no" if binary else PER_UNIT
    nothing: tuple[str | None, ...] = (None,) * values.size
    days = np.full(values.size, -np.inf)  # known at the origin
    return FeatureBlock((f"covariate:{column.name}",), ("covariate",), kept[:, None], days, nothing, per)


def _scan_block(
    target: Outcome,
    block: FeatureBlock,
    index: NDArray[np.int64],
    x: Floats,
    column: CovariateColumn | None,
    rules: ScanRules,
    out: OutcomeScan,
    maxima: list[tuple[list[dict[str, Any]], Floats, Floats]],
) -> None:
    from oncourse.stats.cox import survival_data
    from oncourse.stats.scan import permuted_maxima, scan_cox
    from oncourse.stats.scan_models import changes_with_time, fit_features_beside

    values, day = block.values[index], block.day[index]
    known = (values >= 0).any(1) if block.is_binary else ~np.isnan(values).all(1)
    undated = known & np.isnan(day)
    since = np.where(np.isnan(day) | np.isinf(day), 0.0, np.maximum(day - target.origin, 0.0))
    entry = np.maximum(target.entry, since)
    lost = known & (entry >= target.time)
    for i in np.flatnonzero(lost & (since > target.entry)):
        sample = block.sample_id[index[i]]
        out.excluded.append(
            (
                target.patients[i],
                sample,
                f"{target.endpoint}: event or end of follow-up before the finding was known",
            )
        )
    keep = np.flatnonzero(known & ~lost)
    if column is None:
        out.assumed |= {target.patients[i] for i in keep if undated[i]}
        out.late |= {target.patients[i] for i in keep if since[i] > 0}
    if keep.size == 0:
        return
    late = entry[keep] > 0
    data = survival_data(target.time[keep], target.event[keep], entry=entry[keep] if late.any() else None)
    options: dict[str, Any] = {"min_altered": rules.min_altered, "interval": "profile", "p_value": "small"}
    scan = scan_cox(data, None, values[keep], **options)
    naive: Scan | None = None
    if late.any():
        seen = np.flatnonzero(known & (target.time > 0))
        naive = scan_cox(
            target.time[seen],
            target.event[seen],
            values[seen],
            min_altered=rules.min_altered,
            interval="profile",
        )
    stable = _stability(target, block, data, values[keep], scan, rules)
    changing = changes_with_time(data, values[keep], min_events=EVENTS_FOR_TIME, coef=scan.coef)
    beside = None
    if x.shape[1]:
        with_p = np.flatnonzero(np.isfinite(scan.p_value))
        beside = fit_features_beside(
            data,
            values[keep][:, with_p],
            x[keep],
            firth=scan.method[with_p] == "firth",
            events_per_coefficient=EVENTS_PER_COEFFICIENT,
        )
        out.unadjusted += int((~beside.is_fitted).sum())
        itself = _is_covariate(values[keep], x[keep])
        number = dict(zip(with_p.tolist(), range(with_p.size), strict=True))
    rows = []
    cells = values[keep]
    told = cells >= 0 if block.is_binary else ~np.isnan(cells)
    undated_of = (undated[keep, None] & told).sum(axis=0).tolist()
    late_of = (late[:, None] & told).sum(axis=0).tolist()
    for j, (name, kind) in enumerate(zip(block.names, block.kinds, strict=True)):
        row = _row(target.endpoint, name, kind, block.per, scan, j)
        if not block.is_binary:
            spread = float(np.std(cells[told[:, j], j]))
            row["sd"] = spread
            row["min_detectable_hr"] = detectable(int(scan.n_event[j]), None, variance=spread**2)
        row["stability"] = stable[j]
        row["naive_hazard_ratio"] = None if naive is None else _ratio(naive.coef[j])
        n_undated, n_late = undated_of[j], late_of[j]
        row["n_assumed_baseline"], row["n_delayed_entry"] = n_undated, n_late
        row["time_rule"] = "assumed_baseline" if n_undated else "delayed_entry" if n_late else "baseline"
        if row["p_value"] is not None:
            row.update(over_time(data, told[:, j], cells[told[:, j], j], block.is_binary, changing[j]))
            if beside is not None and not itself[j]:
                row.update(_adjusted(beside, number[j]))
        rows.append(row)
    out.rows += rows
    if rules.max_t and block.is_binary and column is None:
        random = generator(rules.seed, f"max-T {target.endpoint} {block.names[0]}")
        tested = [j for j, r in enumerate(rows) if r["p_value"] is not None]
        if tested:
            z, largest = permuted_maxima(data, values[keep][:, tested], permutations=rules.max_t, random=random)
            maxima.append(([rows[j] for j in tested], z, largest))


def _is_covariate(values: NDArray[Any], x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a finding is itself one of the covariates (column of `x`) in the patients who have both: nothing of it is
    left to estimate beside it."""
    cells, out = values.astype(float), np.zeros(values.shape[1], bool)
    known = (cells >= 0) & np.isfinite(cells)
    for covariate in x.T:
        both = known & np.isfinite(covariate)[:, None]
        a, b = (_deviations(column, both) for column in (cells, covariate[:, None]))
        spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
        varies = _varies(a, both) & _varies(b, both)
        out |= varies & (np.abs(np.abs((a * b).sum(axis=0)) / np.where(varies, spread, 1.0) - 1) < 1e-9)
    return out


def _varies(values: Floats, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    most, least = np.where(known, values, -np.inf).max(axis=0), np.where(known, values, np.inf).min(axis=0)
    return np.asarray(most > least)


def _deviations(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return what each known value of a column is beside their mean; 0 where it is not known."""
    n = np.maximum(known.sum(axis=0), 1)
    return np.where(known, values - np.where(known, values, 0.0).sum(axis=0) / n, 0.0)


def over_time(
    data: SurvivalData, mine: NDArray[np.bool_], cell: NDArray[Any], is_binary: bool, p_value: float | None = None
) -> dict[str, float | None]:
    """Whether the ratio is the same at all times (`changes_with_time`); where it is not, the difference of the
    restricted means instead.

    mine : the rows where the finding is known; cell : the finding there; p_value : of that test, where it is made of
    many findings at once
    """
    from oncourse.models.pair import known_until
    from oncourse.models.weighting import pseudo_values, weighted_contrast
    from oncourse.stats.scan_models import changes_with_time

    if p_value is None:
        known = np.full(mine.size, np.nan)
        known[mine] = cell
        p_value = changes_with_time(data, known, min_events=EVENTS_FOR_TIME)[0]
    p = _number(p_value)
    if p is None:
        return {}
    if p >= CHANGING or not is_binary:
        return {"p_proportional": p}
    time, event, entry = data.time[mine], data.event[mine], data.entry[mine]
    groups = cell == 1, cell == 0
    until = min([HORIZON, *(known_until(time[g], event[g]) for g in groups)])
    late = np.where(np.isfinite(entry), entry, 0.0)
    values = np.full(time.size, np.nan)
    for g in groups:
        values[g] = pseudo_values(time[g], event[g], until, entry=late[g] if late.any() else None)
    gap = weighted_contrast(values, groups[0], np.ones(time.size))
    return {
        "p_proportional": p,
        "rmst_days": until,
        "rmst_difference": _number(gap.value),
        "rmst_ci_low": _number(gap.ci_low),
        "rmst_ci_high": _number(gap.ci_high),
    }


def same_patients(features: FeatureTable, target: Outcome | None = None) -> dict[str, str]:
    """Return feature -> an earlier one that says the same of every patient (of the endpoint): they are one test.

    What is known by day 0 is known from the start, whatever its kind: a column of mutated RAS and the mutations are one.
    """
    where = {p: i for i, p in enumerate(features.patients)}
    rows = np.array([where[p] for p in target.patients], dtype=np.int64) if target else np.arange(len(where))
    first: dict[tuple[bytes, bytes], str] = {}
    found: dict[str, str] = {}
    for block in features.blocks:
        if not block.is_binary:
            continue
        day, columns = np.nan_to_num(block.day[rows], nan=-1e9, neginf=-2e9), block.values[rows].T
        known = np.where(columns >= 0, np.where(day > 0, day, -2e9), 0.0)
        for name, values, since in zip(block.names, columns.astype(np.int8), known, strict=True):
            earlier = first.setdefault((values.tobytes(), since.tobytes()), name)
            if earlier != name:
                found[name] = earlier
    return found


def _max_t(maxima: list[tuple[list[dict[str, Any]], Floats, Floats]]) -> None:
    """Max-T over the blocks of an endpoint; blocks are permuted apart, which can only make the maximum larger."""
    from oncourse.stats.fdr import max_t

    if not maxima:
        return
    largest = np.max([m for _, _, m in maxima], axis=0)
    for rows, z, _ in maxima:
        for row, p in zip(rows, max_t(z, largest), strict=True):
            row["max_t_p_value"] = _number(p)


def _row(endpoint: str, name: str, kind: str, per: str, scan: Scan, j: int) -> dict[str, Any]:
    n_altered = _number(scan.n_altered[j])
    finite = np.isfinite(scan.coef[j])
    return {
        "feature": name,
        "endpoint": endpoint,
        "kind": kind,
        "per": per,
        "n": int(scan.n[j]),
        "n_event": int(scan.n_event[j]),
        "n_altered": None if n_altered is None else int(n_altered),
        "n_event_altered": None if n_altered is None else int(scan.n_event_altered[j]),
        "hazard_ratio": _ratio(scan.coef[j]),
        "ci_low": _limit(scan.ci_low[j]) if finite else None,
        "ci_high": _limit(scan.ci_high[j]) if finite else None,
        "ci_method": str(scan.method[j]) or None,
        "p_value": _number(scan.p_value[j]),
        "p_method": str(scan.p_method[j]) or None,
        "min_detectable_hr": detectable(
            int(scan.n_event[j]), None if n_altered is None else n_altered / max(scan.n[j], 1)
        ),
    }


def _number(value: float) -> float | None:
    return None if not np.isfinite(value) else float(value)


def _ratio(log_ratio: float) -> float | None:
    """Return the hazard ratio; None where the fit ran away past any number."""
    return float(np.exp(log_ratio)) if np.isfinite(log_ratio) and abs(log_ratio) < 700 else None


def _limit(log_limit: float) -> float | None:
    """Return a limit of the hazard ratio: 0 and infinity are limits too, None is unknown."""
    return None if np.isnan(log_limit) else math.inf if log_limit > 709 else math.exp(log_limit)


def detectable(
    events: int,
    share: float | None,
    *,
    variance: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float | None:
    """Return the smallest hazard ratio above 1 found with this power (Schoenfeld. Biometrics 1983;39:499).

    events: all events; share: altered among the patients; or variance: of a number, the ratio being that of one step
    (Hsieh, Lavori. Control Clin Trials 2000;21:552). None where the feature does not vary.
    """
    if share is not None:
        variance = share * (1 - share)
    if variance is None or not variance > 0 or events == 0:
        return None
    return math.exp(min(_z(power, alpha) / math.sqrt(events * variance), 700.0))


@functools.cache
def _z(power: float, alpha: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2) + ndtri(power))


def _adjusted(beside: Beside, j: int) -> dict[str, float | None]:
    """The feature's hazard ratio beside the covariates, on the patients who have all of them."""
    ratio = _ratio(beside.coef[j])
    if ratio is None:
        return {}
    with np.errstate(over="ignore"):
        return {
            "adjusted_hazard_ratio": ratio,
            "adjusted_ci_low": float(np.exp(beside.ci_low[j])),
            "adjusted_ci_high": float(np.exp(beside.ci_high[j])),
            "adjusted_p_value": _number(beside.p_value[j]),
        }


def _stability(
    target: Outcome, block: FeatureBlock, data: Any, values: NDArray[Any], scan: Scan, rules: ScanRules
) -> list[float | None]:
    """Share of bootstrap samples of patients in which the effect has the same sign and p < .05 (unadjusted)."""
    from oncourse.stats.scan import drawn_again

    out: list[float | None] = [None] * len(block.names)
    order = np.argsort(np.where(np.isnan(scan.p_value), np.inf, scan.p_value), kind="stable")
    chosen = np.array([j for j in order[:BOOTSTRAPPED] if not np.isnan(scan.p_value[j])], dtype=np.int64)
    if rules.n_bootstrap == 0 or chosen.size == 0:
        return out
    random = generator(rules.seed, f"biomarkers {target.endpoint} {block.names[0]}")
    n = data.time.size
    drawn = random.integers(0, n, (rules.n_bootstrap, n))
    times = np.stack([np.bincount(rows, minlength=n) for rows in drawn])
    worse, better = drawn_again(data, values[:, chosen], times)
    again = np.where(scan.coef[chosen] > 0, worse, np.where(scan.coef[chosen] < 0, better, 0.0))
    for j, count in zip(chosen.tolist(), again.tolist(), strict=True):
        out[j] = count / rules.n_bootstrap
    return out
