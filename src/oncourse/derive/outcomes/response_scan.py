"""Every feature against response to treatment: PSA50 and objective response of a line, features known by its start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.feature_blocks import per_deviation
from oncourse.derive.outcomes.features import FeatureBlock, FeatureTable
from oncourse.derive.outcomes.outcome_scan import EVENTS_PER_COEFFICIENT, Outcome, covariate_block
from oncourse.study.model import Study

Floats = NDArray[np.float64]
RESPONSES = ("PSA50", "ORR")
#: With a smaller expected cell the p-value of a 2 x 2 table is Fisher's.
SMALL_CELL = 5.0


def psa_responses(psa: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, line, start_day, y: a confirmed fall of PSA by half (PCWG3); null where it could not be
    judged."""
    seen = pl.col("baseline_ng_ml").is_not_null() & (pl.col("n_values") > 0)
    return psa.select("patient_id", "line", "start_day", y=pl.when(seen).then("psa50_confirmed"))


def objective_responses(best: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the same of a confirmed complete or partial response (RECIST 1.1).

    best : `oncourse.derive.clinical.response.best_response`
    """
    seen = ~pl.col("best_unconfirmed").fill_null("MISSING").is_in(["MISSING", "NE", "ND"])
    starts = lines.select("patient_id", "line", "start_day")
    return best.select("patient_id", "line", y=pl.when(seen).then(pl.col("is_confirmed_response"))).join(
        starts, on=["patient_id", "line"], how="inner"
    )


def response_outcome(
    rows: pl.DataFrame, endpoint: str, line: int | None, *, missing_counts: bool
) -> tuple[Outcome, int]:
    """Return who responded, from the line's start, and how many of them had nothing to judge it by.

    rows : `psa_responses` or `objective_responses`. line None: each patient's first line (from 1 on) in which the
    response could be judged, else the first. missing_counts : a line without any PSA, or without an evaluable visit, is
    one without response, as in the rates of response; otherwise it is left out.
    """
    # line 0 is adjuvant: nothing there that could respond
    rows = (
        rows.filter(pl.col("line") >= 1).drop_nulls("start_day").with_columns(pl.col("y").is_null().alias("is_missing"))
    )
    if not missing_counts or rows["is_missing"].all():  # nobody judged: the study does not hold this response
        rows = rows.filter(~pl.col("is_missing"))
    if line is not None:
        rows = rows.filter(pl.col("line") == line)
    rows = rows.sort("patient_id", "is_missing", "start_day").unique("patient_id", keep="first", maintain_order=True)
    n = rows.height
    target = Outcome(
        endpoint,
        tuple(rows["patient_id"].to_list()),
        rows["start_day"].cast(pl.Float64).to_numpy(),
        np.ones(n),
        rows["y"].fill_null(False).to_numpy().astype(bool),
        np.zeros(n),
    )
    return target, int(rows["is_missing"].sum())


def scan_response(
    study: Study,
    features: FeatureTable,
    target: Outcome,
    covariates: Mapping[str, str],
    *,
    min_altered: int,
) -> tuple[list[dict[str, Any]], list[tuple[str | None, str | None, str]]]:
    """Return one row per feature, and the patients left out because their finding came after the line's start."""
    where = {p: i for i, p in enumerate(features.patients)}
    index = np.array([where[p] for p in target.patients], dtype=np.int64)
    x, _ = covariate_block(study, target, covariates)
    rows: list[dict[str, Any]] = []
    late: dict[tuple[str, str | None], str] = {}
    for block in map(per_deviation, features.blocks):
        values = block.values[index].astype(float)
        values[values < 0] = np.where(block.is_binary, np.nan, values[values < 0])
        day = block.day[index]
        after = day > target.origin
        for i in np.flatnonzero(after & ~np.isnan(values).all(axis=1)):
            key = (target.patients[i], block.sample_id[index[i]])
            late[key] = f"{target.endpoint}: finding known only after the line's start"
        values[after] = np.nan
        for j, (name, kind) in enumerate(zip(block.names, block.kinds, strict=True)):
            row = _row(values[:, j], target.event, x, block, min_altered)
            known = ~np.isnan(values[:, j])
            rows.append(
                {
                    "feature": name,
                    "endpoint": target.endpoint,
                    "kind": kind,
                    "per": block.per,
                    "n_assumed_baseline": int((known & np.isnan(day)).sum()),
                    **row,
                }
            )
    return rows, [(p, s, why) for (p, s), why in sorted(late.items(), key=str)]


def _row(
    value: Floats, response: NDArray[np.bool_], x: Floats, block: FeatureBlock, min_altered: int
) -> dict[str, Any]:
    from oncourse.stats.firth_logistic import firth_logistic

    known = ~np.isnan(value)
    v, y = value[known], response[known]
    altered = int((v == 1).sum()) if block.is_binary else None
    row: dict[str, Any] = {
        "n": int(known.sum()),
        "n_response": int(y.sum()),
        "n_altered": altered,
        "n_response_altered": int((y & (v == 1)).sum()) if block.is_binary else None,
    }
    few = altered is not None and min(altered, int(known.sum()) - altered) < min_altered
    if few or np.unique(v).size < 2 or not 0 < y.sum() < y.size:
        return row
    if block.is_binary:
        sizes = np.array([(v == k).sum() for k in (0, 1)], float)
        responders = (int((y & (v == 0)).sum()), int((y & (v == 1)).sum()))
        fit = _two_groups(int(sizes[0]), int(sizes[1]), *responders)
        p, method = fit.p_value, "penalised likelihood ratio"
        if np.min(np.outer(sizes, [y.sum(), (~y).sum()])) / y.size < SMALL_CELL:
            from scipy.stats import fisher_exact

            cells = [[int((y & (v == k)).sum()), int((~y & (v == k)).sum())] for k in (1, 0)]
            p, method = float(fisher_exact(cells).pvalue), "Fisher's exact"
    else:
        fit = firth_logistic(v, y)
        p, method = fit.p_value, "penalised likelihood ratio"
    if not np.isfinite(fit.coef):
        return row
    row |= {
        "odds_ratio": _exp(fit.coef),
        "ci_low": _exp(fit.ci_low),
        "ci_high": _exp(fit.ci_high),
        "p_value": p,
        "p_method": method,
    }
    full = known & ~np.isnan(x).any(axis=1)
    usable = [j for j in range(x.shape[1]) if np.ptp(x[full, j]) > 0] if full.any() else []
    rarer = min(int(response[full].sum()), int((~response[full]).sum()))
    if usable and rarer >= EVENTS_PER_COEFFICIENT * (1 + len(usable)) and np.ptp(value[full]) > 0:
        beside = firth_logistic(np.column_stack([value[full], x[full][:, usable]]), response[full])
        if np.isfinite(beside.coef):
            row |= {
                "adjusted_odds_ratio": _exp(beside.coef),
                "adjusted_ci_low": _exp(beside.ci_low),
                "adjusted_ci_high": _exp(beside.ci_high),
                "adjusted_p_value": beside.p_value,
            }
    return row


@lru_cache(maxsize=20_000)
def _two_groups(n0: int, n1: int, y0: int, y1: int) -> Any:
    """Firth's fit of a 2 x 2 table; thousands of genes share few tables."""
    from oncourse.stats.firth_logistic import firth_logistic

    return firth_logistic([0.0, 1.0], np.array([y0 / n0, y1 / n1]), weights=np.array([n0, n1], float))


def _exp(value: float) -> float:
    return float(np.exp(min(value, 700.0))) if value < np.inf else float("inf")
