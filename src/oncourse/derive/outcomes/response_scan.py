"""Every feature against response to treatment: PSA50 and objective response of a line, features known by its start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.feature_blocks import per_deviation
from oncourse.derive.outcomes.features import FeatureTable
from oncourse.derive.outcomes.outcome_scan import EVENTS_PER_COEFFICIENT, Outcome, covariate_block
from oncourse.study.model import Study

if TYPE_CHECKING:
    from oncourse.stats.firth_logistic import FirthLogistic

Floats = NDArray[np.float64]
RESPONSES = ("PSA50", "ORR")
#: With a smaller expected cell the p-value of a 2 x 2 table is Fisher's.
SMALL_CELL = 5.0
LIKELIHOOD = "penalised likelihood ratio"


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
        known = ~np.isnan(values)
        undated = (known & np.isnan(day)[:, None]).sum(axis=0).tolist()
        found = _found(values, target.event, x, is_binary=block.is_binary, min_altered=min_altered)
        for name, kind, without_day, row in zip(block.names, block.kinds, undated, found, strict=True):
            rows.append(
                {
                    "feature": name,
                    "endpoint": target.endpoint,
                    "kind": kind,
                    "per": block.per,
                    "n_assumed_baseline": without_day,
                    **row,
                }
            )
    return rows, [(p, s, why) for (p, s), why in sorted(late.items(), key=str)]


def _found(
    values: Floats, response: NDArray[np.bool_], x: Floats, *, is_binary: bool, min_altered: int
) -> list[dict[str, Any]]:
    """Return of each column of values (n, features; NaN unknown) its counts, and its odds ratio, alone and beside x."""
    from oncourse.stats.firth_logistic import fit_features

    known, altered = ~np.isnan(values), values == 1
    responds = response[:, None]
    n, n_response = known.sum(axis=0), (known & responds).sum(axis=0)
    n_altered, n_both = altered.sum(axis=0), (altered & responds).sum(axis=0)
    rows: list[dict[str, Any]] = [
        {
            "n": int(n[j]),
            "n_response": int(n_response[j]),
            "n_altered": int(n_altered[j]) if is_binary else None,
            "n_response_altered": int(n_both[j]) if is_binary else None,
        }
        for j in range(n.size)
    ]
    is_tested = (n_response > 0) & (n_response < n)
    if is_binary:
        is_tested &= np.minimum(n_altered, n - n_altered) >= max(min_altered, 1)
        tested = np.flatnonzero(is_tested)
        _alone_by_table(rows, tested, n, n_response, n_altered, n_both)
    else:
        tested = np.flatnonzero(is_tested)
        fits = fit_features(values[:, tested], response, np.empty((response.size, 0)))
        for j, *fit in zip(tested.tolist(), *fits, strict=True):
            rows[j] |= _ratio("", *fit) | ({"p_method": LIKELIHOOD} if np.isfinite(fit[0]) else {})
    tested = np.array([j for j in tested.tolist() if "odds_ratio" in rows[j]], dtype=np.int64)
    if x.shape[1]:
        fits = fit_features(values[:, tested], response, x, events_per_coefficient=EVENTS_PER_COEFFICIENT)
        for j, *fit in zip(tested.tolist(), *fits, strict=True):
            rows[j] |= _ratio("adjusted_", *fit)
    return rows


def _alone_by_table(
    rows: list[dict[str, Any]],
    tested: NDArray[np.int64],
    n: NDArray[np.int64],
    n_response: NDArray[np.int64],
    n_altered: NDArray[np.int64],
    n_both: NDArray[np.int64],
) -> None:
    """Add to the rows the odds ratios of yes-or-no features, each by its 2 x 2 table: thousands share few tables."""
    from oncourse.stats.proportions import fisher_exact

    a, b = n_both[tested], (n_altered - n_both)[tested]
    c, d = (n_response - n_both)[tested], (n - n_response - n_altered + n_both)[tested]
    exact = fisher_exact(a, b, c, d, interval=False).p_value
    least = np.minimum(a + b, c + d) * np.minimum(a + c, b + d) / np.maximum(n[tested], 1)
    for j, p, expected, *cells in zip(
        tested.tolist(), exact.tolist(), least.tolist(), a.tolist(), b.tolist(), c.tolist(), d.tolist(), strict=True
    ):
        fit = _two_groups(*cells)
        row = _ratio("", fit.coef, fit.ci_low, fit.ci_high, fit.p_value)
        if row:
            row["p_method"] = LIKELIHOOD
            if expected < SMALL_CELL:
                row |= {"p_value": p, "p_method": "Fisher's exact"}
        rows[j] |= row


@lru_cache(maxsize=20_000)
def _two_groups(a: int, b: int, c: int, d: int) -> FirthLogistic:
    """Firth's fit of a 2 x 2 table: altered with and without response, others with and without."""
    from oncourse.stats.firth_logistic import firth_logistic

    return firth_logistic([1.0, 0.0], np.array([a / (a + b), c / (c + d)]), weights=np.array([a + b, c + d], float))


def _ratio(which: str, coef: float, low: float, high: float, p: float) -> dict[str, Any]:
    """Return the columns of an odds ratio; none where there is no estimate."""
    if not np.isfinite(coef):
        return {}
    return {
        f"{which}odds_ratio": _exp(coef),
        f"{which}ci_low": _exp(low),
        f"{which}ci_high": _exp(high),
        f"{which}p_value": float(p),
    }


def _exp(value: float) -> float:
    return float(np.exp(min(value, 700.0))) if value < np.inf else float("inf")
