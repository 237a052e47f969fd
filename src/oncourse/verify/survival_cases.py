"""Survival and agreement against R: forty random problems and a set of 2 x 2 tables, with R's numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from oncourse.verify.registry import Comparison, case

R_SURVIVAL = "R 4.2.2, survival 3.5-3; commands in verify/data/survival.R"


def _text(name: str) -> str:
    return resources.files("oncourse.verify").joinpath("data", name).read_text("utf-8")


@cache
def problems() -> dict[str, dict[str, Any]]:
    """Return problem -> its columns as arrays; ``x`` (n, columns) the covariates, ``late`` the entry or None."""
    found: dict[str, list[dict[str, float]]] = {}
    for row in csv.DictReader(io.StringIO(_text("survival_problems.csv"))):
        found.setdefault(row["problem"], []).append({k: float(v) for k, v in row.items()})
    out: dict[str, dict[str, Any]] = {}
    for name, rows in found.items():
        columns: dict[str, Any] = {k: np.array([r[k] for r in rows]) for k in rows[0]}
        columns["x"] = np.column_stack([columns[f"x{j + 1}"] for j in range(int(columns["columns"][0]))])
        columns["late"] = columns["entry"] if columns["late"][0] else None
        out[name] = columns
    return out


@cache
def reference() -> dict[str, Any]:
    """Return R's answers by problem."""
    answers: dict[str, Any] = json.loads(_text("survival.json"))
    return answers


def _numbers(values: Any) -> np.ndarray:
    """R's numbers as an array; its null is NaN."""
    return np.array([np.nan if v is None else v for v in np.atleast_1d(np.array(values, dtype=object))], float)


@case(
    requirement="Hazard ratios are those of R, with ties, late entry, strata and weights",
    method="Cox regression (Efron), coefficients and standard errors",
    source=R_SURVIVAL,
    tolerance=1e-4,
    tests=(
        "tests/stats/test_cox.py",
        "tests/stats/test_scan.py",
    ),
)
def cox_regression() -> Iterator[Comparison]:
    from oncourse.stats.cox import fit_cox

    for name, p in problems().items():
        theirs = reference()[name].get("efron")
        if theirs is None or not p["event"].any():
            continue
        fit = fit_cox(p["time"], p["event"], p["x"], entry=p["late"], strata=p["stratum"], weights=p["weight"])
        errors = fit.std_err
        theirs_coef, theirs_error = _numbers(theirs["coef"]), _numbers(theirs["se"])
        for j in np.flatnonzero(~fit.is_infinite & ~np.isnan(theirs_coef)):
            yield f"problem {name}, coefficient {j + 1}", float(theirs_coef[j]), float(fit.coef[j])
            yield f"problem {name}, standard error {j + 1}", float(theirs_error[j]), float(errors[j])


@case(
    requirement="Survival curves and their limits are those of R, with late entry and weights",
    method="Kaplan-Meier, log-log limits",
    source=R_SURVIVAL,
    tolerance=1e-6,
    tests=("tests/stats/test_km.py",),
)
def kaplan_meier_curves() -> Iterator[Comparison]:
    from oncourse.stats.km import kaplan_meier

    for name, p in problems().items():
        theirs = reference()[name]["km"]["log-log"]
        curve = kaplan_meier(p["time"], p["event"], entry=p["late"], weights=p["weight"])
        inner = (curve.survival > 0) & (curve.survival < 1)
        for key, ours in (("survival", curve.survival), ("lower", curve.ci_low), ("upper", curve.ci_high)):
            for k in np.flatnonzero(inner):
                yield f"problem {name}, {key} {k + 1}", float(_numbers(theirs[key])[k]), float(ours[k])
        yield f"problem {name}, median", _numbers(theirs["median"])[0], float(curve.median.value)


@case(
    requirement="Two groups differ by the log-rank test as in R, with late entry",
    method="log-rank statistic",
    source=R_SURVIVAL,
    tolerance=1e-6,
    tests=("tests/stats/test_logrank.py",),
)
def logrank_test() -> Iterator[Comparison]:
    from oncourse.stats.logrank import logrank

    for name, p in problems().items():
        theirs = reference()[name].get("logrank")
        if theirs and p["event"].any():  # 0 where no event tells the groups apart
            found = logrank(p["time"], p["event"], p["group"], entry=p["late"], strata=p["stratum"])
            yield f"problem {name}", float(theirs), float(found.statistic)


@case(
    requirement="Competing events are counted as in R, with late entry",
    method="Aalen-Johansen cumulative incidence; Fine-Gray regression",
    source=f"{R_SURVIVAL}; cmprsk 2.2-11",
    tolerance=1e-4,
    tests=("tests/stats/test_competing.py",),
)
def competing_events() -> Iterator[Comparison]:
    from oncourse.stats.competing import cumulative_incidence, fine_gray

    for name, p in problems().items():
        theirs = reference()[name]["aj"]
        found = cumulative_incidence(p["time"], p["cause"].astype(int), entry=p["late"], weights=p["weight"])
        for cause in found.causes if p["event"].any() else ():
            value = found.at(theirs["time"], cause)[0]
            for k, row in enumerate(theirs["p"]):
                yield (
                    f"problem {name}, incidence of cause {cause} at {k + 1}",
                    row[cause - 1],
                    float(value[k]),
                )
        regression = reference()[name].get("fine_gray")
        if regression and np.abs(_numbers(regression["coef"])).max() <= 8:
            fit = fine_gray(p["time"], p["cause"].astype(int), p["x"])
            for j, coef in enumerate(_numbers(regression["coef"])):
                yield f"problem {name}, Fine-Gray coefficient {j + 1}", float(coef), float(fit.coef[j])


@case(
    requirement="The accuracy of a risk at a horizon is that of R where patients are censored before",
    method="AUC and Brier score with inverse probability of censoring weights",
    source="R 4.2.2, riskRegression 2022.11.28; commands in verify/data/survival.R",
    tolerance=1e-6,
    tests=(
        "tests/models/test_metrics.py",
        "tests/models/test_validation.py",
    ),
)
def accuracy_at_a_horizon() -> Iterator[Comparison]:
    from oncourse.models.metrics import auc, brier, horizon_weights

    for name, p in problems().items():
        theirs = reference()[name].get("at_horizon")
        if theirs:
            at, marker = horizon_weights(p["time"], p["event"], theirs["horizon"]), _numbers(theirs["marker"])
            if theirs["auc"] is not None:
                yield f"problem {name}, AUC", theirs["auc"], float(auc(marker, at))
            yield f"problem {name}, Brier", theirs["brier"], float(brier(marker, at))


@case(
    requirement="Agreement, kappa, AC1 and paired differences are those of R",
    method="kappa, Gwet's AC1, Clopper-Pearson, Wilson, exact McNemar, Tango",
    source="R 4.2.2, psych, binom.test, prop.test; commands in verify/data/agreement.R",
    tolerance=1e-7,
    tests=(
        "tests/stats/test_agreement.py",
        "tests/stats/test_proportions.py",
    ),
)
def agreement_of_two_tests() -> Iterator[Comparison]:
    from oncourse.stats import agreement as ag
    from oncourse.stats.proportions import wilson

    for row in json.loads(_text("agreement.json")):
        both, a_only, b_only, neither = (int(x) for x in row["table"])
        label = f"table {both}/{a_only}/{b_only}/{neither}"
        n = both + a_only + b_only + neither
        exact = ag.agreement(both, a_only, b_only, neither).ppa
        pairs: dict[str, tuple[Any, Any]] = {
            "kappa": (row["kappa"][:1], [ag.kappa(both, a_only, b_only, neither).value]),
            "AC1": (row["ac1"][:1], [ag.gwet_ac1(both, a_only, b_only, neither).value]),
            "positive agreement": (row["ppa_exact"], [exact.low, exact.high]),
            "Wilson": (row["ppa_wilson"], wilson(both, both + a_only)),
            "McNemar": ([row["mcnemar"]], [ag.mcnemar_exact(a_only, b_only)]),
            "Tango": (row["tango"][:3], ag.tango_interval(a_only, b_only, n)),
        }
        for what, (theirs, ours) in pairs.items():
            for k, (expected, obtained) in enumerate(zip(theirs, ours, strict=True)):
                yield f"{label}, {what} {k + 1}", expected, float(obtained)
