"""Cox regression against R coxph: ties, strata, delayed entry, start-stop, weights, robust variance."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from oncourse.stats.cox import fit_cox, survival_data
from oncourse.stats.rng import generator

FULL = ["rx=Lev", "rx=Lev+5FU", "sex", "age", "obstruct", "perfor", "adhere", "node4", "extent", "surg"]


def columns(frame, names):
    """`a=b` is the indicator that column a is b; anything else the column itself."""
    out = []
    for name in names:
        column, _, level = name.partition("=")
        values = frame[column].cast(pl.String) == level if level else frame[column]
        out.append(values.to_numpy().astype(float))
    return np.column_stack(out)


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data("survival-reference")


@pytest.fixture(scope="module")
def reference(folder):
    return {k: v["value"] for k, v in json.loads((folder / "reference.json").read_text()).items()}


def mgus2(folder):
    frame = pl.read_csv(folder / "mgus2.csv").drop_nulls(["hgb", "mspike"])
    return frame.with_columns(exit=pl.col("age") + pl.max_horizontal("futime", pl.lit(0.5)) / 12)


# name of the reference: (file or reader, time, event, covariates, further arguments as columns or values)
MODELS = {
    "colon_death.cox_rx.efron": ("colon_death.csv", "time", "status", FULL[:2], {}),
    "colon_death.cox_full.efron": ("colon_death.csv", "time", "status", FULL, {}),
    "colon_death.cox_full.breslow": ("colon_death.csv", "time", "status", FULL, {"ties": "breslow"}),
    "colon_recurrence.cox_full.efron": ("colon_recurrence.csv", "time", "status", FULL, {}),
    "colon_death.cox_strata_node4": (
        "colon_death.csv",
        "time",
        "status",
        FULL[:2] + ["age", "sex"],
        {"strata": "node4"},
    ),
    "colon.tdc_recurrence_on_death": (
        "colon_tdc.csv",
        "tstop",
        "death",
        FULL[:2] + ["age", "node4", "recur"],
        {"entry": "tstart"},
    ),
    "heart.cox_start_stop": (
        "heart_start_stop.csv",
        "stop",
        "event",
        ["age", "transplant=1", "surgery", "year"],
        {"entry": "start"},
    ),
    "cgd.andersen_gill": (
        "cgd_recurrent.csv",
        "tstop",
        "status",
        ["treat=rIFN-g", "age"],
        {"entry": "tstart", "cluster": "id"},
    ),
    "veteran.cox": (
        "veteran.csv",
        "time",
        "status",
        ["trt", "karno", "celltype=smallcell", "celltype=adeno", "celltype=large"],
        {},
    ),
    "mgus2.cox_left_truncated_age": (mgus2, "exit", "death", ["sex=M", "hgb", "mspike"], {"entry": "age"}),
    "rotterdam.cox_iptw": ("rotterdam_nodepos_ps.csv", "dtime", "death", ["hormon"], {"weights": "iptw"}),
    "rotterdam.cox_siptw": ("rotterdam_nodepos_ps.csv", "dtime", "death", ["hormon"], {"weights": "siptw"}),
    "rotterdam.cox_ow": ("rotterdam_nodepos_ps.csv", "dtime", "death", ["hormon"], {"weights": "ow"}),
    "rotterdam.cox_att": ("rotterdam_nodepos_ps.csv", "dtime", "death", ["hormon"], {"weights": "att"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_equals_r_coxph(folder, reference, name):
    """The command is beside each value in reference.json; R stops iterating at a relative 1e-9 of the likelihood."""
    source, time, event, covariates, options = MODELS[name]
    data = source(folder) if callable(source) else pl.read_csv(folder / source)
    options = {k: v if k == "ties" else data[v].to_numpy() for k, v in options.items()}
    fit = fit_cox(data[time], data[event], columns(data, covariates), **options)
    value = reference[name]
    np.testing.assert_allclose(fit.coef, list(value["coef"].values()), rtol=1e-6)
    np.testing.assert_allclose(fit.std_err, list(value["se"].values()), rtol=1e-6)
    if value["naive_se"]:
        np.testing.assert_allclose(fit.naive_std_err, list(value["naive_se"].values()), rtol=1e-6)
    np.testing.assert_allclose(fit.loglik, value["loglik"], rtol=1e-9)
    np.testing.assert_allclose(fit.score_test, value["score_test"], rtol=1e-6)
    np.testing.assert_allclose(fit.lr_test, value["lr_test"], rtol=1e-6)
    assert fit.wald_test.statistic == pytest.approx(value["wald_test"][0], abs=0.006)  # printed with two decimals
    assert (fit.n, fit.n_event) == (value["n"], value["nevent"]) and fit.converged


def test_clustered_rows_equal_r(folder, reference):
    both = pl.concat([pl.read_csv(folder / f"colon_{e}.csv") for e in ("recurrence", "death")])
    fit = fit_cox(
        both["time"],
        both["status"],
        columns(both, FULL[:2] + ["age"]),
        strata=both["etype"],
        cluster=both["id"],
    )
    value = reference["colon_both.cox_cluster_id"]
    np.testing.assert_allclose(fit.std_err, list(value["se"].values()), rtol=1e-6)
    np.testing.assert_allclose(fit.naive_std_err, list(value["naive_se"].values()), rtol=1e-6)


def test_robust_variance_and_residuals_equal_r(folder, reference):
    lung = pl.read_csv(folder / "lung.csv").drop_nulls("ph.ecog")
    fit = fit_cox(lung["time"], lung["status"] - 1, columns(lung, ["age", "sex", "ph.ecog"]), robust=True)
    np.testing.assert_allclose(fit.std_err, list(reference["lung.cox.robust"]["se"].values()), rtol=1e-6)
    colon = pl.read_csv(folder / "colon_death.csv")
    full = fit_cox(colon["time"], colon["status"], columns(colon, FULL))
    np.testing.assert_allclose(full.martingale_residuals()[:10], reference["colon_death.martingale_first10"], atol=1e-9)
    two = fit_cox(colon["time"], colon["status"], columns(colon, ["age", "node4"]))
    np.testing.assert_allclose(np.abs(two.dfbeta()).max(0), reference["colon_death.dfbeta_max"], rtol=1e-6)
    at, hazard = two.baseline_hazard()
    assert hazard[at <= 730.5][-1] == pytest.approx(reference["colon_death.basehaz_at_730.5"], rel=1e-8)


def late_rows(n=150, seed=7):
    random = generator(seed, "cox rows")
    x = random.normal(size=(n, 2))
    entry = random.integers(0, 6, n)
    time = entry + random.integers(1, 12, n)
    return time, random.uniform(size=n) < 0.6, x, entry


def plain_terms(beta, time, event, x, entry):
    """Efron's log partial likelihood written as in the paper, row by row."""
    total = 0.0
    for t in np.unique(time[event]):
        risk = (entry < t) & (time >= t)
        dead = event & (time == t)
        r = np.exp(x @ beta)
        d = int(dead.sum())
        total += (x[dead] @ beta).sum()
        total -= sum(np.log(r[risk].sum() - k / d * r[dead].sum()) for k in range(d))
    return total


def test_fit_maximises_the_plain_definition():
    time, event, x, entry = late_rows()
    fit = fit_cox(time, event, x, entry=entry)
    assert fit.loglik[1] == pytest.approx(plain_terms(fit.coef, time, event, x, entry), rel=1e-10)
    for shift in np.vstack([np.eye(2), -np.eye(2)]) * 1e-3:
        assert plain_terms(fit.coef + shift, time, event, x, entry) < fit.loglik[1]


def test_start_stop_pieces_are_the_whole_row():
    """A row cut into pieces at any days gives the same fit, and clustering the pieces the same robust variance."""
    time, event, x, entry = late_rows()
    cut = entry + np.maximum((time - entry) // 2, 1)
    long = cut < time
    whole = fit_cox(time, event, x, entry=entry, robust=True)
    pieces = fit_cox(
        np.concatenate([np.where(long, cut, time), time[long]]),
        np.concatenate([event & ~long, event[long]]),
        np.vstack([x, x[long]]),
        entry=np.concatenate([entry, cut[long]]),
        cluster=np.concatenate([np.arange(time.size), np.flatnonzero(long)]),
    )
    np.testing.assert_allclose(pieces.coef, whole.coef, rtol=1e-8)
    np.testing.assert_allclose(pieces.std_err, whole.std_err, rtol=1e-8)


def test_whole_weights_are_copies_and_scores_add_to_nothing():
    """Breslow's likelihood of a row of weight 2 is that of two rows; residuals sum to 0 at the fit."""
    time, event, x, entry = late_rows()
    copies = generator(8, "copies").integers(1, 3, time.size)
    weighted = fit_cox(time, event, x, entry=entry, weights=copies, ties="breslow")
    rows = np.repeat(np.arange(time.size), copies)
    copied = fit_cox(time[rows], event[rows], x[rows], entry=entry[rows], ties="breslow")
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-9)
    np.testing.assert_allclose(weighted.std_err, copied.std_err, rtol=1e-9)
    fit = fit_cox(time, event, x, entry=entry, strata=time % 3)
    np.testing.assert_allclose(fit.score_residuals().sum(0), 0, atol=1e-8)
    assert fit.martingale_residuals().sum() == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(fit.schoenfeld_residuals()[1].sum(0), 0, atol=1e-8)


def test_a_redundant_column_has_no_coefficient():
    """As R's NA: the later of two columns that say the same, and a constant."""
    time, event, x, entry = late_rows()
    fit = fit_cox(time, event, np.column_stack([x[:, 0], np.ones(time.size), 2 * x[:, 0] + 1, x[:, 1]]), entry=entry)
    assert np.isnan(fit.coef).tolist() == [False, True, True, False]
    np.testing.assert_allclose(fit.coef[[0, 3]], fit_cox(time, event, x, entry=entry).coef, rtol=1e-9)
    assert fit.lr_test.df == 2 and not np.isnan(fit.wald_test.statistic)


def test_ridge_shrinks_and_offset_is_taken_off():
    time, event, x, entry = late_rows()
    data = survival_data(time, event, entry=entry)
    free = fit_cox(data, None, x)
    held = fit_cox(data, None, x, penalty=50.0)
    assert (np.abs(held.coef) < np.abs(free.coef)).all()
    moved = fit_cox(data, None, x, offset=x[:, 0] * 0.7)
    np.testing.assert_allclose(moved.coef, free.coef - [0.7, 0], rtol=1e-7)


def test_separation_is_seen_and_nobody_without_events_is_fitted():
    """The four of group 1 die first: the likelihood rises for ever; R warns "coefficient may be infinite"."""
    fit = fit_cox(np.arange(1, 9), np.ones(8), [1, 1, 1, 1, 0, 0, 0, 0])
    assert fit.is_infinite.all() and not fit.converged
    assert np.isnan(fit_cox([1, 2, 3], [0, 0, 0], [0.0, 1.0, 2.0]).coef).all()


def test_unknown_covariates_are_refused():
    with pytest.raises(ValueError, match="known in every row"):
        fit_cox([1, 2, 3], [1, 1, 0], [0.0, np.nan, 1.0])


def test_survival_of_a_patient_is_the_curve_when_nothing_matters():
    """With a coefficient held at 0 by an enormous ridge the Breslow curve is exp(-Nelson-Aalen)."""
    fit = fit_cox([1, 2, 3, 4], [1, 1, 0, 1], [0.0, 1.0, 0.0, 1.0], penalty=1e9)
    np.testing.assert_allclose(
        fit.survival([[5.0]], [0.5, 1, 2, 4]),
        [[1, np.exp(-1 / 4), np.exp(-1 / 4 - 1 / 3), np.exp(-1 / 4 - 1 / 3 - 1)]],
        rtol=1e-4,
    )


def test_a_redundant_column_has_no_coefficient_and_changes_no_other():
    """R prints NA for a column that is a combination of earlier ones."""
    time, event = np.arange(1.0, 13), np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1])
    x = np.column_stack([np.tile([0, 1, 1], 4), np.arange(12) % 5])
    alone = fit_cox(time, event, x)
    twice = fit_cox(time, event, np.column_stack([x, x.sum(axis=1)]))
    np.testing.assert_allclose(twice.coef[:2], alone.coef, rtol=1e-9)
    assert np.isnan(twice.coef[2]) and np.isnan(twice.std_err[2])
