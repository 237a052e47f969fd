"""Log-rank, restricted means and the proportional-hazards test against R survival and survRM2."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from oncourse.stats.cox import fit_cox
from oncourse.stats.km import kaplan_meier
from oncourse.stats.logrank import logrank
from oncourse.stats.rmst import compare_restricted_means, restricted_mean
from oncourse.stats.rng import generator
from oncourse.stats.zph import proportional_hazards


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data("survival-reference")


@pytest.fixture(scope="module")
def reference(folder):
    return {k: v["value"] for k, v in json.loads((folder / "reference.json").read_text()).items()}


def check(ours, value):
    order = [next(k for k in value["n"] if k.split("=")[1] == str(g)) for g in ours.groups]
    position = [list(value["n"]).index(k) for k in order]
    np.testing.assert_allclose(ours.observed, np.array(value["obs"])[position], rtol=1e-9)
    np.testing.assert_allclose(ours.expected, np.array(value["exp"])[position], rtol=1e-9)
    assert ours.statistic == pytest.approx(value["chisq"], rel=1e-9)
    assert ours.p_value == pytest.approx(value["p"], rel=1e-8)


def test_equals_r_survdiff(folder, reference):
    death, recurrence = (pl.read_csv(folder / f"colon_{e}.csv") for e in ("death", "recurrence"))
    check(logrank(death["time"], death["status"], death["rx"]), reference["colon_death.logrank"])
    check(
        logrank(recurrence["time"], recurrence["status"], recurrence["rx"]),
        reference["colon_recurrence.logrank"],
    )
    check(logrank(death["time"], death["status"], death["rx"], rho=1), reference["colon_death.peto"])
    check(
        logrank(death["time"], death["status"], death["rx"], strata=death["node4"]),
        reference["colon_death.logrank_stratified_node4"],
    )
    two = death.filter(pl.col("rx") != "Lev")
    check(logrank(two["time"], two["status"], two["rx"]), reference["colon_death.logrank_lev5fu_vs_obs"])
    lung, veteran = pl.read_csv(folder / "lung.csv"), pl.read_csv(folder / "veteran.csv")
    check(logrank(lung["time"], lung["status"] - 1, lung["sex"]), reference["lung.logrank_sex"])
    check(
        logrank(veteran["time"], veteran["status"], veteran["celltype"]),
        reference["veteran.logrank_celltype"],
    )


def test_is_the_cox_score_test_also_with_late_entry():
    """Without ties the log-rank chi-square is the Cox model's score test."""
    random = generator(11, "late")
    entry = random.uniform(0, 2, 120)
    time = entry + random.exponential(2, 120)
    event = random.uniform(size=120) < 0.7
    group = random.integers(0, 3, 120)
    ours = logrank(time, event, group, entry=entry)
    cox = fit_cox(time, event, np.column_stack([group == 1, group == 2]).astype(float), entry=entry)
    assert ours.statistic == pytest.approx(cox.score_test.statistic, rel=1e-9)
    assert np.isnan(logrank([1, 2], [0, 0], [0, 1]).statistic)


@pytest.mark.parametrize(
    "name, frame, event, group, horizon",
    [
        ("colon_death.rmst_2y_lev5fu_vs_obs", "colon_death.csv", 0, ("rx", "Lev+5FU", "Obs"), 730.5),
        ("colon_death.rmst_5y_lev5fu_vs_obs", "colon_death.csv", 0, ("rx", "Lev+5FU", "Obs"), 1826.25),
        ("lung.rmst_365_sex", "lung.csv", 1, ("sex", 2, 1), 365),
    ],
)
def test_equals_survrm2(folder, reference, name, frame, event, group, horizon):
    column, one, zero = group
    data = pl.read_csv(folder / frame).filter(pl.col(column).is_in([one, zero]))
    result = compare_restricted_means(data["time"], data["status"] - event, data[column] == one, horizon)
    value = reference[name]
    np.testing.assert_allclose(result.group[:4], value["arm1"], rtol=1e-9)
    np.testing.assert_allclose(result.reference[:4], value["arm0"], rtol=1e-9)
    ours = [result.difference, result.ratio]
    for row, theirs in zip(ours, value["contrast"], strict=False):
        np.testing.assert_allclose([row.value, row.ci_low, row.ci_high, row.p_value], theirs, rtol=1e-8)


def test_mean_past_the_end_of_follow_up_is_unknown():
    curve = kaplan_meier([1, 2, 3], [1, 0, 0])
    assert np.isnan(restricted_mean(curve, 4).value)
    assert restricted_mean(curve, 3).value == pytest.approx(1 + 2 * 2 / 3)


def test_proportional_hazards_equals_r_cox_zph(folder, reference):
    data = pl.read_csv(folder / "colon_death.csv")
    names = ["sex", "age", "obstruct", "perfor", "adhere", "node4", "extent", "surg"]
    x = np.column_stack([data["rx"] == "Lev", data["rx"] == "Lev+5FU", *(data[n] for n in names)]).astype(float)
    fit = fit_cox(data["time"], data["status"], x)
    terms = {"rx": [0, 1]} | {name: [j + 2] for j, name in enumerate(names)}
    for key, transform in (
        ("colon_death.coxzph_full", "km"),
        ("colon_death.coxzph_full_identity", "identity"),
    ):
        ours = proportional_hazards(fit, transform=transform, terms=terms)
        for row in reference[key]:
            test = ours.overall if row["_row"] == "GLOBAL" else ours.terms[row["_row"]]
            assert (test.statistic, test.p_value) == pytest.approx((row["chisq"], row["p"]), rel=1e-5)
            assert test.df == row["df"]


def test_proportional_hazards_in_lung_and_veteran(folder, reference):
    lung = pl.read_csv(folder / "lung.csv").drop_nulls("ph.ecog")
    x = np.column_stack([lung[c] for c in ("age", "sex", "ph.ecog")]).astype(float)
    fit = fit_cox(lung["time"], lung["status"] - 1, x, names=["age", "sex", "ph.ecog"])
    ours = proportional_hazards(fit)
    for row in reference["lung.coxzph"]:
        test = ours.overall if row["_row"] == "GLOBAL" else ours.terms[row["_row"]]
        assert test.statistic == pytest.approx(row["chisq"], rel=1e-5)
    veteran = pl.read_csv(folder / "veteran.csv")
    cells = [veteran["celltype"] == c for c in ("smallcell", "adeno", "large")]
    x = np.column_stack([veteran["trt"], veteran["karno"], *cells]).astype(float)
    ours = proportional_hazards(
        fit_cox(veteran["time"], veteran["status"], x),
        terms={"trt": [0], "karno": [1], "celltype": [2, 3, 4]},
    )
    for row in reference["veteran.coxzph"]:
        test = ours.overall if row["_row"] == "GLOBAL" else ours.terms[row["_row"]]
        assert test.statistic == pytest.approx(row["chisq"], rel=1e-5)


def test_transforms_keep_their_size():
    """600 null data sets: each transform rejects 5 % (99 % band 2.7 to 7.3)."""
    random = generator(12, "zph size")
    hits = dict.fromkeys(("km", "log", "rank"), 0)
    for _ in range(600):
        x = random.normal(size=60)
        life, loss = random.exponential(np.exp(-0.5 * x)), random.exponential(2, 60)
        fit = fit_cox(np.minimum(life, loss), life <= loss, x)
        for name in hits:
            hits[name] += proportional_hazards(fit, transform=name).overall.p_value < 0.05
    assert all(0.027 <= h / 600 <= 0.073 for h in hits.values()), hits
