"""What groups have at baseline, how long they go without an event, who responds, and in whom they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from oncourse.derive.outcomes.covariates import covariates_at, encode
from oncourse.derive.outcomes.groups import GroupParams, Groups
from oncourse.derive.outcomes.outcome_scan import HORIZON, over_time
from oncourse.facts.days import entry_days, in_months, landmark_days
from oncourse.study.model import Study


def baseline(study: Study, groups: Groups, covariates: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row per covariate, level and group: n, n_known, n_level, fraction (categories); median, q25, q75, mean
    (numbers); smd: standardised difference from the largest group (Austin 2009).

    Values are those known at the start: of the patient, or of the line where lines are the groups.
    """
    units = groups.rows.drop_nulls("group").with_row_index("unit")
    zero = pl.col("day").fill_null(0) if groups.by_line else pl.lit(0, pl.Int64)
    values = covariates_at(study, units.select("unit", "patient_id", zero.alias("zero_day")), covariates)
    frame = units.select("unit", "group").join(values, on="unit", how="left", maintain_order="left")
    rows: list[dict[str, Any]] = []
    for name, kind in covariates.items():
        if kind == "category":
            levels = sorted(frame[name].drop_nulls().unique().to_list())
            for level in levels:
                rows += _level(frame, name, level, pl.col(name) == level, groups)
        elif kind == "yes_no":
            rows += _level(frame, name, "yes", pl.col(name) == 1, groups)
        else:
            rows += _number_rows(frame, name, groups)
    return rows


def _level(frame: pl.DataFrame, name: str, level: str, has: pl.Expr, groups: Groups) -> list[dict[str, Any]]:
    known_here = frame.filter(pl.col(name).is_not_null())
    flags = {g: known_here.filter(pl.col("group") == g).select(has).to_series() for g in groups.names}
    first = flags[groups.names[0]]
    out = []
    for group, values in flags.items():
        n = frame.filter(pl.col("group") == group).height
        k, known = int(values.sum()), len(values)
        out.append(
            {
                "variable": name,
                "level": level,
                "group": group,
                "n": n,
                "n_known": known,
                "n_level": k,
                "fraction": k / known if known else None,
                "smd": _smd(values, first),
            }
        )
    return out


def _number_rows(frame: pl.DataFrame, name: str, groups: Groups) -> list[dict[str, Any]]:
    out = []
    first = frame.filter(pl.col("group") == groups.names[0])[name].drop_nulls()
    for group in groups.names:
        mine = frame.filter(pl.col("group") == group)
        x = mine[name].drop_nulls()
        row: dict[str, Any] = {"variable": name, "level": None, "group": group, "n": mine.height, "n_known": len(x)}
        if len(x):
            row |= {
                "median": x.median(),
                "q25": x.quantile(0.25, "linear"),
                "q75": x.quantile(0.75, "linear"),
                "mean": x.mean(),
                "smd": _smd(x, first),
            }
        out.append(row)
    return out


def _smd(x: pl.Series, reference: pl.Series) -> float | None:
    from oncourse.models.weighting import standardised_difference

    if x is reference or min(len(x), len(reference)) < 2:
        return None
    both = np.concatenate([x.to_numpy(), reference.to_numpy()]).astype(float)
    side = np.arange(both.size) < len(x)
    value = float(standardised_difference(both[:, None], side)[0])
    return None if np.isnan(value) else value


def group_records(records: pl.DataFrame, groups: Groups, *, first_day: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the time-to-event records with their group, and those left out with the reason.

    A patient counts from the day on which the group was known (risk set (entry, exit]): who had died before could not
    be in it. Lines have their own group; groups of patients hold for the study and for every line.
    """
    told = groups.rows.drop_nulls("group")
    if groups.by_line:
        rows = records.drop_nulls("line").join(told.select("patient_id", "line", "group"), on=["patient_id", "line"])
        rows = rows.with_columns(_known=pl.lit(None, pl.Int64))
    else:
        rows = records.join(told.select("patient_id", "group", pl.col("day").alias("_known")), on="patient_id")
    since = entry_days("_known", "origin_day", first_day=first_day).fill_null(0)
    rows = rows.with_columns(at_risk_from=pl.max_horizontal(pl.col("entry_days").fill_null(0), since))
    late = pl.col("at_risk_from") >= pl.col("time_days")
    gone = rows.filter(late).with_columns(reason=pl.lit("event or end of follow-up before the group was known"))
    return rows.filter(~late).drop("_known").sort("endpoint", "line", "patient_id", nulls_last=False), gone


def arrays(rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return time, event and entry (null: nobody enters late) of records with a group."""
    entry = rows["at_risk_from"].cast(pl.Float64).to_numpy()
    time, event = rows["time_days"].cast(pl.Float64).to_numpy(), rows["is_event"].to_numpy().astype(bool)
    return time, event, entry if (entry > 0).any() else None


def times_by_group(
    rows: pl.DataFrame, names: list[str], params: GroupParams, *, first_day: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return, of every endpoint, line and group, medians and landmarks; and each group against the largest.

    A ratio is Cox's with profile (or Firth's) limits; where it changes with time the difference in restricted means
    stands beside it. p of several groups: log-rank.
    """
    medians: list[dict[str, Any]] = []
    landmarks: list[dict[str, Any]] = []
    ratios: list[dict[str, Any]] = []
    for (endpoint, line), part in rows.group_by("endpoint", "line", maintain_order=True):
        here = [g for g in names if (part["group"] == g).any()]
        head = {"endpoint": endpoint, "line": line}
        for group in here:
            row, shares = _curve(part.filter(pl.col("group") == group), group, params, first_day)
            medians.append({**head, **row})
            landmarks += [{**head, **share} for share in shares]
        sizes = {g: int((part["group"] == g).sum()) for g in here}
        enough = [g for g in here if sizes[g] >= params.min_group]
        usable = part.filter(pl.col("group").is_in(enough))
        if len(enough) >= 2 and int(usable["is_event"].sum()) >= params.min_events:
            ratios += [{**head, **row} for row in _against(usable, enough)]
    return medians, landmarks, ratios


def _curve(
    rows: pl.DataFrame, group: str, params: GroupParams, first_day: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    from oncourse.stats.km import kaplan_meier

    time, event, entry = arrays(rows)
    curve = kaplan_meier(time, event, entry=entry)
    middle = [None if np.isnan(v) else in_months(v, first_day=first_day) for v in curve.median]
    at = curve.at(np.array([landmark_days(m, first_day=first_day) for m in params.months]))
    row: dict[str, Any] = {
        "group": group,
        "n": rows.height,
        "n_event": int(event.sum()),
        "n_late_entry": int((rows["at_risk_from"] > 0).sum()),
        "median_months": middle[0],
        "is_undone": bool(np.isfinite(curve.undone)),
        "ci_low": middle[1],
        "ci_high": middle[2],
    }
    shares = []
    for j, months in enumerate(params.months):
        value, low, high = (_number(v[j]) for v in (at.survival, at.ci_low, at.ci_high))
        shares.append(
            {
                "group": group,
                "months": float(months),
                "fraction": value,
                "ci_low": low,
                "ci_high": high,
                "n_risk": int(at.n_risk[j]),
            }
        )
    return row, shares


def _against(rows: pl.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    from oncourse.stats.cox import survival_data
    from oncourse.stats.logrank import logrank
    from oncourse.stats.scan import scan_cox

    reference, *others = names
    time, event, entry = arrays(rows)
    overall = logrank(time, event, rows["group"].to_numpy(), entry=entry).p_value
    out = []
    for group in others:
        two = rows.filter(pl.col("group").is_in([group, reference]))
        time, event, entry = arrays(two)
        code = (two["group"] == group).to_numpy()
        data = survival_data(time, event, entry=entry)
        scan = scan_cox(data, None, code.astype(np.int8)[:, None], interval="profile", p_value="small")
        row: dict[str, Any] = {
            "group": group,
            "reference": reference,
            "n": int(code.sum()),
            "n_reference": int((~code).sum()),
            "n_event": int(event[code].sum()),
            "n_event_reference": int(event[~code].sum()),
            "hazard_ratio": _exp(scan.coef[0]),
            "ci_low": _exp(scan.ci_low[0]),
            "ci_high": _exp(scan.ci_high[0]),
            "p_value": _number(scan.p_value[0]),
            "p_all_groups": _number(overall),
        }
        if row["hazard_ratio"] is not None:
            row |= over_time(data, np.ones(time.size, bool), code.astype(np.int8), True)
        out.append(row)
    return out


def _exp(value: float) -> float | None:
    return None if np.isnan(value) else float(np.exp(min(value, 700.0))) if value < np.inf else float("inf")


def _number(value: float) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


def responses_by_group(
    rows: pl.DataFrame, groups: Groups, endpoint: str, *, missing_counts: bool
) -> list[dict[str, Any]]:
    """Return the share that responded per line and group, with exact limits and Fisher's p against the largest group.

    rows : patient_id, line, start_day, y (null: could not be judged). missing_counts : those count as no response.
    A group known only after the line's start does not count there.
    """
    from scipy.stats import fisher_exact

    from oncourse.stats.proportions import clopper_pearson

    told = groups.rows.drop_nulls("group")
    if groups.by_line:
        joined = rows.join(told.select("patient_id", "line", "group"), on=["patient_id", "line"])
    else:
        joined = rows.join(told.select("patient_id", "group", "day"), on="patient_id")
        joined = joined.filter(pl.col("day").is_null() | (pl.col("day") <= pl.col("start_day")))
    joined = joined.filter(pl.col("line") >= 1)
    if joined["y"].null_count() == joined.height:
        return []
    counted = joined if missing_counts else joined.drop_nulls("y")
    out = []
    for (line,), part in counted.sort("line").group_by("line", maintain_order=True):
        first: tuple[int, int] | None = None
        for group in [g for g in groups.names if (part["group"] == g).any()]:
            mine = part.filter(pl.col("group") == group)
            k, n = int(mine["y"].fill_null(False).sum()), mine.height
            low, high = clopper_pearson(k, n)
            p = None if first is None else float(fisher_exact([[k, n - k], [first[0], first[1] - first[0]]]).pvalue)
            first = first or (k, n)
            out.append(
                {
                    "response": endpoint,
                    "line": line,
                    "group": group,
                    "n": n,
                    "n_not_judged": mine["y"].null_count(),
                    "n_response": k,
                    "fraction": k / n,
                    "ci_low": float(low),
                    "ci_high": float(high),
                    "p_value": p,
                }
            )
    return out


def in_subgroups(
    study: Study, rows: pl.DataFrame, names: list[str], covariates: Mapping[str, str], params: GroupParams
) -> list[dict[str, Any]]:
    """Return, per endpoint, line and level of a covariate, whether the two first groups differ more in it than outside
    it.

    One Cox model with group, level and their product; variance clustered by patient. A number is tested as it is (per
    standard deviation); its two halves are shown beside it and are no test of their own (no q-value).
    """
    from oncourse.models.interaction import interaction
    from oncourse.models.pair import PairData
    from oncourse.stats.fdr import benjamini_hochberg

    if len(names) < 2:
        return []
    reference, group = names[:2]
    out = []
    two = rows.filter(pl.col("group").is_in([group, reference]))
    for (endpoint, line), part in two.group_by("endpoint", "line", maintain_order=True):
        if int(part["is_event"].sum()) < 2 * params.min_events:
            continue
        part = part.with_row_index("unit")
        values = covariates_at(study, part.select("unit", "patient_id", zero_day="origin_day"), covariates).sort("unit")
        for covariate, level, value in _levels(values, covariates):
            known = ~np.isnan(value)
            time, event, _ = arrays(part)
            entry = part["at_risk_from"].cast(pl.Float64).to_numpy()
            treated = (part["group"] == group).to_numpy()
            nothing = np.zeros((int(known.sum()), 0))
            data = PairData(time[known], event[known], entry[known], treated[known], nothing, ())
            patient, strata = part["patient_id"].to_numpy()[known], np.zeros(int(known.sum()))
            found = interaction(data, value[known], patient, strata, horizon=HORIZON, min_cell=params.min_group)
            out.append(
                {
                    "endpoint": endpoint,
                    "line": line,
                    "group": group,
                    "reference": reference,
                    "covariate": covariate,
                    "level": level,
                    "n": int(known.sum()),
                    "n_unknown": int((~known).sum()),
                    "hazard_ratio_in": _finite(found.in_positive),
                    "hazard_ratio_outside": _finite(found.in_negative),
                    "ratio": _finite(found.ratio.value),
                    "ci_low": _finite(found.ratio.ci_low),
                    "ci_high": _finite(found.ratio.ci_high),
                    "p_value": _finite(found.ratio.p_value),
                    "n_group_in": found.cells["arm_positive"],
                    "n_reference_in": found.cells["reference_positive"],
                    "n_group_outside": found.cells["arm_negative"],
                    "n_reference_outside": found.cells["reference_negative"],
                    "note": found.note or None,
                    "_halves": covariates[covariate] == "number",
                }
            )
        out += _numbers_in_subgroups(
            part,
            values,
            covariates,
            {"endpoint": endpoint, "line": line, "group": group, "reference": reference},
            params,
        )
    out.sort(
        key=lambda r: (r["endpoint"], r["line"] is not None, r["line"] or 0, list(covariates).index(r["covariate"]))
    )
    p = np.array([np.nan if r["p_value"] is None or r.get("_halves") else r["p_value"] for r in out], dtype=float)
    for row, q in zip(out, benjamini_hochberg(p) if out else (), strict=True):
        row["q_value"] = _finite(q)
    return out


def _numbers_in_subgroups(
    part: pl.DataFrame,
    values: pl.DataFrame,
    covariates: Mapping[str, str],
    where: Mapping[str, Any],
    params: GroupParams,
) -> list[dict[str, Any]]:
    """One row per covariate that is a number: its product with the group, per standard deviation."""
    from oncourse.models.interaction import number_interaction
    from oncourse.models.pair import PairData

    out = []
    for covariate in (n for n, kind in covariates.items() if kind == "number"):
        x = values[covariate].cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = ~np.isnan(x)
        if known.sum() < 2 or np.ptp(x[known]) == 0:
            continue
        mine = part.filter(pl.Series(known))
        time, event, _ = arrays(mine)
        entry, treated = mine["at_risk_from"].cast(pl.Float64).to_numpy(), (mine["group"] == where["group"]).to_numpy()
        data = PairData(time, event, entry, treated, np.zeros((mine.height, 0)), ())
        found = number_interaction(data, x[known], mine["patient_id"].to_numpy(), min_cell=params.min_group)
        out.append(
            {
                **where,
                "covariate": covariate,
                "level": f"per standard deviation ({x[known].std(ddof=1):.3g})",
                "n": int(known.sum()),
                "n_unknown": int((~known).sum()),
                "hazard_ratio_in": _finite(found.above),
                "hazard_ratio_outside": _finite(found.at_mean),
                "ratio": _finite(found.ratio.value),
                "ci_low": _finite(found.ratio.ci_low),
                "ci_high": _finite(found.ratio.ci_high),
                "p_value": _finite(found.ratio.p_value),
                "note": found.note or None,
            }
        )
    return out


def _levels(values: pl.DataFrame, covariates: Mapping[str, str]) -> list[tuple[str, str, np.ndarray]]:
    """Covariate, level, and 1 / 0 / NaN of each unit; of two categories one level says all."""
    out = []
    for name, kind in covariates.items():
        matrix, columns = encode(values.select("unit", name), {name: kind})
        for j, column in enumerate(columns):
            x = matrix[:, j]
            if kind == "number":
                middle = float(np.nanmedian(x))
                out.append((name, f"above {middle:g}", np.where(np.isnan(x), np.nan, (x > middle).astype(float))))
            else:
                known = values[name].is_not_null().to_numpy()
                out.append((name, column.level or "yes", np.where(known, x, np.nan)))
    return out


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
