"""Forty small random problems solved by R: ties, late entry, strata, weights, competing events, separation, few
patients.

verify/data/survival.R beside the frozen numbers has the commands (R 4.2.2, survival 3.5-3, cmprsk 2.2-11,
riskRegression 2022.11.28). Tolerances are those the project promises, not those it reaches.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import oncourse.verify
from oncourse.models.metrics import auc, brier, horizon_weights
from oncourse.stats.competing import cumulative_incidence, fine_gray
from oncourse.stats.cox import fit_cox
from oncourse.stats.km import kaplan_meier
from oncourse.stats.logrank import logrank
from oncourse.stats.sandwich import small_sample_variance
from oncourse.stats.zph import proportional_hazards

FOLDER = Path(oncourse.verify.__file__).parent / "data"
R = json.loads((FOLDER / "survival.json").read_text())


def problems():
    found = {}
    with (FOLDER / "survival_problems.csv").open() as file:
        for row in csv.DictReader(file):
            found.setdefault(row["problem"], []).append({k: float(v) for k, v in row.items()})
    out = {}
    for name, rows in found.items():
        columns = {k: np.array([r[k] for r in rows]) for k in rows[0]}
        columns["x"] = np.column_stack([columns[f"x{j + 1}"] for j in range(int(columns["columns"][0]))])
        columns["late"] = columns["entry"] if columns["late"][0] else None
        out[name] = columns
    return out


PROBLEMS = problems()


def numbers(values):
    return np.array([np.nan if v is None else v for v in np.atleast_1d(np.array(values, dtype=object))], float)


def close(ours, theirs, tolerance):
    """Relative to 1 or the number, whichever is more (a null of R's is NaN here)."""
    theirs = numbers(theirs)
    assert np.allclose(np.atleast_1d(ours), theirs, rtol=tolerance, atol=tolerance * 1e-2, equal_nan=True)


def cox(p, **more):
    return fit_cox(p["time"], p["event"], p["x"], entry=p["late"], strata=p["stratum"], **more)


@pytest.mark.parametrize("name", PROBLEMS)
def test_cox_equals_r(name):
    p = PROBLEMS[name]
    for key, more in (
        ("efron", {}),
        ("breslow", {"ties": "breslow"}),
        ("cluster", {"cluster": p["cluster"]}),
    ):
        theirs = R[name].get(key)
        if theirs is None or not p["event"].any():
            continue
        fit = cox(p, weights=p["weight"], **more)
        coef, error = numbers(theirs["coef"]), numbers(theirs["se"])
        if not fit.is_infinite.any():
            close(fit.loglik, theirs["loglik"], 1e-6)
        finite = ~fit.is_infinite
        assert (np.abs(coef[finite & ~np.isnan(coef)]) < 12).all()
        told = finite & ~np.isnan(coef)
        assert np.isnan(fit.coef[finite & np.isnan(coef)]).all()
        close(fit.coef[told], coef[told], 1e-6)
        if key != "cluster" or finite.all():
            close(fit.std_err[told], error[told], 1e-6)


@pytest.mark.parametrize("name", [n for n in PROBLEMS if R[n].get("zph")])
def test_proportional_hazards_equals_r(name):
    fit = cox(PROBLEMS[name])
    if fit.is_infinite.any():
        pytest.skip("separated: the test has no finite fit to rest on")
    for transform, theirs in R[name]["zph"].items():
        if theirs is None:
            continue
        found = proportional_hazards(fit, transform=transform)
        ours = [t.statistic for t in found.terms.values() if np.isfinite(t.statistic)]
        close([*ours, found.overall.statistic], theirs, 1e-4)


@pytest.mark.parametrize("name", [n for n in PROBLEMS if R[n].get("fay_graubard")])
def test_small_sample_sandwich_equals_the_formula_written_out_in_r(name):
    fit = cox(PROBLEMS[name])
    if fit.is_infinite.any() or np.isnan(fit.coef).any():
        pytest.skip("not every coefficient is finite")
    ours = small_sample_variance(fit, PROBLEMS[name]["cluster"])
    assert np.allclose(ours, np.array(R[name]["fay_graubard"], float), rtol=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_curves_and_tests_equal_r(name):
    p = PROBLEMS[name]
    for kind, theirs in R[name]["km"].items():
        curve = kaplan_meier(p["time"], p["event"], entry=p["late"], weights=p["weight"], conf_type=kind)
        close(curve.time, theirs["time"], 1e-8)
        close(curve.survival, theirs["survival"], 1e-8)
        inner = (curve.survival > 0) & (curve.survival < 1)
        for ours, key in ((curve.std_err, "se"), (curve.ci_low, "lower"), (curve.ci_high, "upper")):
            close(ours[inner], numbers(theirs[key])[inner], 1e-8)
        close([curve.median.value], theirs["median"][:1], 1e-8)
        if kind != "plain":  # there R's upper limit falls to 0 with the curve, ours is unknown
            close(curve.median, theirs["median"], 1e-8)
    if p["event"].any():
        for rho, key in ((0, "logrank"), (1, "peto")):
            theirs = R[name].get(key)
            if theirs:  # 0 where no event tells the groups apart
                found = logrank(p["time"], p["event"], p["group"], entry=p["late"], strata=p["stratum"], rho=rho)
                close(found.statistic, theirs, 1e-6)
    theirs = R[name]["aj"]
    found = cumulative_incidence(p["time"], p["cause"].astype(int), entry=p["late"], weights=p["weight"])
    for cause in found.causes:
        if p["event"].any():
            value, error, _, _ = found.at(theirs["time"], cause)
            close(value, [row[cause - 1] for row in theirs["p"]], 1e-8)
            close(error, [row[cause - 1] for row in theirs["se"]], 1e-8)


@pytest.mark.parametrize("name", [n for n in PROBLEMS if R[n].get("fine_gray")])
def test_fine_gray_equals_r(name):
    p, theirs = PROBLEMS[name], R[name]["fine_gray"]
    found = fine_gray(p["time"], p["cause"].astype(int), p["x"])
    if np.abs(numbers(theirs["coef"])).max() > 8:
        assert not found.converged
        return
    close(found.coef, theirs["coef"], 1e-4)
    close(found.std_err, theirs["se"], 1e-4)


@pytest.mark.parametrize("name", [n for n in PROBLEMS if R[n].get("at_horizon")])
def test_auc_and_brier_at_a_horizon_equal_r(name):
    p, theirs = PROBLEMS[name], R[name]["at_horizon"]
    at, marker = horizon_weights(p["time"], p["event"], theirs["horizon"]), numbers(theirs["marker"])
    if theirs["auc"] is not None:
        assert auc(marker, at) == pytest.approx(theirs["auc"], abs=1e-6)
    assert brier(marker, at) == pytest.approx(theirs["brier"], abs=1e-6)


def test_the_problems_hold_what_they_promise():
    """Each kind of difficulty is among the problems that are compared, not only among those that are skipped."""
    seen = Counter()
    for name, p in PROBLEMS.items():
        if not p["event"].any() or R[name].get("efron") is None:
            continue
        fit = cox(p, weights=p["weight"])
        seen["infinite"] += fit.is_infinite.any()
        seen["finite beside infinite"] += fit.is_infinite.any() and (~fit.is_infinite & np.isfinite(fit.coef)).any()
        seen["late entry"] += p["late"] is not None and not fit.is_infinite.any()
        seen["strata"] += p["stratum"].any() and not fit.is_infinite.any()
        seen["weights"] += (p["weight"] != 1).any()
        seen["unidentified"] += np.isnan(fit.coef).any()
        seen["fay_graubard"] += R[name].get("fay_graubard") is not None
        seen["fine_gray"] += R[name].get("fine_gray") is not None
    assert len(seen) == 8 and min(seen.values()) >= 1, seen
