"""Predictors of discordance and new mutations: size under the null, planted effects, counts by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.concordance.discordance import PREDICTORS, LeastData, predictor_table, upper_tail
from oncourse.errors import NotEnoughData
from oncourse.stats.cluster_logistic import cluster_logistic
from oncourse.stats.rng import generator

RULE = LeastData(min_patients=10, min_level_patients=3, min_outcome=10, min_outcome_per_term=10, clonal_ccf=0.75)
PREDICTORS_TABLE, NEW = "concordance/predictors", "concordance/new_mutations"


def clustered(rng, n_patient=20, effect=0.0):
    """Variants of patients who differ in discordance (sd 1), a predictor of the patient."""
    patient = np.repeat(np.arange(n_patient), rng.integers(5, 60, n_patient))
    x = rng.normal(size=n_patient)[patient]
    chance = 1 / (1 + np.exp(1 - effect * x - rng.normal(size=n_patient)[patient]))
    return x, (rng.random(len(x)) < chance).astype(float), patient


def expit(u):
    return 1 / (1 + np.exp(-u))


def test_fit_and_sandwich_equal_their_formulas():
    """Likelihood by another optimiser; (I - H_gg)^-1 of the rows written out, cluster by cluster."""
    rng = generator(1, "formula")
    n = 240
    patient = rng.integers(0, 15, n)
    x = np.column_stack([rng.normal(3, 2, n), rng.random(n) < 0.4])
    y = (rng.random(n) < expit(0.4 * (x[:, 0] - 3) + 0.8 * x[:, 1])).astype(float)
    w = np.where(rng.random(n) < 0.5, 0.5, 1.0)
    fit = cluster_logistic(x, y, patient, w)
    z = np.column_stack([np.ones(n), x])

    def loss(b):
        return float(np.sum(w * (np.logaddexp(0, z @ b) - y * (z @ b))))

    def slope(b):
        return z.T @ (w * (expit(z @ b) - y))

    other = minimize(loss, np.zeros(3), jac=slope, method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(fit.value, other.x, atol=1e-6)

    p = expit(z @ fit.value)
    a = z.T @ np.diag(w * p * (1 - p)) @ z
    meat = np.zeros((3, 3))
    for g in range(15):
        rows = patient == g
        zg, wg, pg = z[rows], np.diag(w[rows]), np.diag((p * (1 - p))[rows])
        hat = pg @ zg @ np.linalg.inv(a) @ zg.T @ wg
        residual = np.linalg.inv(np.eye(rows.sum()) - hat) @ (y - p)[rows]
        score = zg.T @ wg @ residual
        meat += np.outer(score, score)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(a) @ meat @ np.linalg.inv(a), rtol=1e-8)
    assert fit.df == 12


def rejections(n_study, n_patient=20):
    rng = generator(2, "null")
    p, naive = np.empty(n_study), np.empty(n_study)
    for i in range(n_study):
        x, y, patient = clustered(rng, n_patient)
        p[i] = cluster_logistic(x, y, patient).ratio(0)[3]
        naive[i] = cluster_logistic(x, y, np.arange(len(x))).ratio(0)[3]
    return p, naive


def test_size_under_the_null_where_rows_taken_as_independent_lose_it():
    p, naive = rejections(300)
    assert np.mean(p < 0.05) <= binom.ppf(0.999, 300, 0.05) / 300
    assert np.mean(naive < 0.05) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("n_patient", [10, 20, 40])
def test_size_under_the_null_in_many_studies(n_patient):
    p, _ = rejections(2000, n_patient)
    assert 0.03 <= np.mean(p < 0.05) <= 0.07


def test_separation_and_a_patient_who_decides_alone_are_not_estimated():
    x = np.repeat([0.0, 1.0], 20)
    assert np.isnan(cluster_logistic(x, x, np.arange(40) % 12).value).all()
    y = np.tile([0.0, 1.0, 1.0, 0.0], 10)
    alone = np.r_[np.arange(20) % 11, np.full(20, 99)]  # all of x = 1 is patient 99
    fit = cluster_logistic(x, y, alone)
    assert np.isfinite(fit.value).all() and np.isnan(fit.ratio(0)).all()


def frame(rng, effect, n_patient=40):
    x, y, patient = clustered(rng, n_patient, effect)
    site = np.repeat(["liver", "lung", "brain", "skin"], [20, 17, 2, 1])[:n_patient]
    known = {
        "comparison": ["primary v metastasis"] * len(x),
        "patient_id": [f"P{i:02}" for i in patient],
        "variant": np.arange(len(x)),
        "weight": np.ones(len(x)),
        "is_discordant": y == 1,
        "time gap": x,
        "therapy in between": np.where(rng.random(n_patient)[patient] < 0.5, "yes", "no"),
        "clonality": np.where(rng.random(len(x)) < 0.5, "clonal", "subclonal"),
        "depth of the other sample": rng.normal(8, 1, n_patient)[patient],
        "site": site[patient],
    }
    return pl.DataFrame(known)


def test_planted_effect_is_found_alone_and_jointly():
    table, withheld = predictor_table(frame(generator(3, "planted"), 1.5), RULE)
    gap = table.row(by_predicate=pl.col("predictor") == "time gap", named=True)
    assert gap["ci_low"] < np.exp(1.5) < gap["ci_high"] and gap["q_value"] < 0.01
    assert gap["adjusted_ci_low"] > 1.5
    assert table["predictor"].unique(maintain_order=True).to_list() == list(PREDICTORS)
    # brain (2 patients) and skin (1) are rare: pooled, three patients
    sites = table.filter(pl.col("predictor") == "site")
    assert sites["level"].to_list() == ["liver (reference)", "lung", "other"]
    assert sites["n_patients"].to_list() == [20, 17, 3]
    assert withheld == []


def test_too_little_is_withheld_with_the_reason():
    rows = frame(generator(4, "few"), 0.0, 9)
    table, withheld = predictor_table(rows, RULE)
    assert table["odds_ratio"].null_count() == table.height and table["p_value"].null_count() == table.height
    assert any("9 patients where it is known, 10 needed" in text for text in withheld)


def test_upper_tail_is_exact():
    assert upper_tail(np.full(30, 0.2), 9) == pytest.approx(binom.sf(8, 30, 0.2), rel=1e-12)
    assert upper_tail(np.array([0.5, 0.2, 0.1]), 0) == 1.0
    assert upper_tail(np.full(40, 1e-6), 3) == pytest.approx(binom.sf(2, 40, 1e-6), rel=1e-9)


def pairs_study(make_study, n=12, new=("KRAS", "KRAS", "KRAS", "TP53"), **more):
    """Primary and metastasis of n patients: ten shared mutations, and one new mutation in each of the first
    patients."""
    tables = {name: [] for name in ("patients", "lesions", "samples", "calls")}
    variants = [{"variant_id": f"1:{1000 + i}:C:T", "gene": f"G{i}", "consequence": "missense"} for i in range(10)]
    for i in range(n):
        p = f"P{i:02}"
        tables["patients"].append({"patient_id": p})
        tables["lesions"] += [
            {"lesion_id": f"{p}p", "patient_id": p, "role": "primary", "site": "colon"},
            {"lesion_id": f"{p}m", "patient_id": p, "role": "metastasis", "site": "liver"},
        ]
        tables["samples"] += [
            {
                "sample_id": f"{p}{s}1",
                "patient_id": p,
                "material": "tissue",
                "lesion_id": f"{p}{s}",
                "purity": 0.6,
                "assay_id": "panel",
                "day": 365 * k,
            }
            for k, s in enumerate("pm")
        ]
        tables["calls"] += [
            {
                "sample_id": f"{p}{s}1",
                "variant_id": v["variant_id"],
                "alt_count": 60,
                "depth": 200,
                "is_called": True,
            }
            for v in variants[:10]
            for s in "pm"
        ]
        if i < len(new):
            name = f"2:{5000 + i}:A:G"
            variants.append({"variant_id": name, "gene": new[i], "consequence": "missense"})
            tables["calls"] += [
                {"sample_id": f"{p}m1", "variant_id": name, "alt_count": 60, "depth": 200, "is_called": True},
                {"sample_id": f"{p}p1", "variant_id": name, "alt_count": 0, "depth": 200, "is_called": False},
            ]
    targets = ";".join(["KRAS", "TP53", "APC", *(f"G{i}" for i in range(10))])
    return make_study(
        **tables, variants=variants, assays=[{"assay_id": "panel", "kind": "panel", "targets": targets}], **more
    )


def test_new_mutations_by_hand(make_study):
    """Four patients with one new mutation each: the expected count is four times the gene's share of coding length."""
    from oncourse.genome.genes import coding_mb

    result = registry()["discordance"].run(Cohort(pairs_study(make_study)))
    genes = result.tables[NEW]
    row = genes.row(by_predicate=pl.col("gene") == "KRAS", named=True)
    share = coding_mb(["KRAS"]) / coding_mb(["KRAS", "TP53", "APC", *(f"G{i}" for i in range(10))])
    assert (row["n_new"], row["n_assessable"], row["patients"]) == (3, 12, "P00;P01;P02")
    assert row["expected"] == pytest.approx(4 * share, rel=1e-12)
    assert row["ratio"] == pytest.approx(3 / (4 * share), rel=1e-12)
    assert row["p_value"] == pytest.approx(binom.sf(2, 4, share), rel=1e-9)
    # three genes have a known length, so three tests: the smallest p times three
    assert row["q_value"] == pytest.approx(3 * row["p_value"], rel=1e-12)
    assert set(genes["gene"]) == {"KRAS", "TP53", "APC"}
    assert genes.row(by_predicate=pl.col("gene") == "APC", named=True)["p_value"] == 1.0


def test_counts_by_hand_and_models_without_data_are_withheld(make_study):
    result = registry()["discordance"].run(Cohort(pairs_study(make_study)))
    table = result.tables[PREDICTORS_TABLE]
    gap = table.row(by_predicate=pl.col("predictor") == "time gap", named=True)
    assert (gap["n_variants"], gap["n_patients"], gap["n_discordant"]) == (124, 12, 4)
    assert gap["odds_ratio"] is None
    notes = " ".join(result.notes)
    assert "4 discordant and 120 shared variants, 10 of each needed" in notes
    assert "therapy in between: withheld, it is not recorded" in notes


def test_therapy_counts_only_between_the_two_days(make_study):
    """Days 0 and 365: a course from 10 to 90 lies between, one that ends on day 0 or starts on day 365 does not."""
    courses = [("P00", 10, 90), ("P01", -50, 0), ("P02", 365, 400), ("P03", 300, None)]
    treatments = [
        {"patient_id": p, "drugs": "FOLFOX", "start_day": start, "stop_day": stop} for p, start, stop in courses
    ]
    result = registry()["discordance"].run(Cohort(pairs_study(make_study, treatments=treatments)))
    table = result.tables[PREDICTORS_TABLE].filter(pl.col("predictor") == "therapy in between")
    assert dict(table.select("level", "n_patients").iter_rows()) == {"no (reference)": 10, "yes": 2}


def test_depth_is_relative_to_its_side(make_study):
    """Primaries at 100x and metastases at 100x or 400x: primaries all read 0, metastases -1 or 1 doubling."""
    from oncourse.derive.concordance.discordance import discordance_rows

    study = pairs_study(make_study)
    depth = (
        pl.when(pl.col("sample_id").str.contains("m1") & (pl.int_range(pl.len()) % 4 == 1)).then(400.0).otherwise(100.0)
    )
    cohort = Cohort(replace(study, tables={**study.tables, "samples": study["samples"].with_columns(mean_depth=depth)}))
    rows = discordance_rows(cohort.study, cohort.presence, cohort.pairs, cohort.pairs.pairs.filter("is_main"), 0.75)
    shared = rows.filter(~pl.col("is_discordant"))["depth of the other sample"]
    assert dict(shared.value_counts().iter_rows()) == {0.0: 120, -1.0: 60, 1.0: 60}


def test_few_patients_with_new_mutations_are_not_tested(make_study):
    result = registry()["discordance"].run(Cohort(pairs_study(make_study, new=("KRAS", "KRAS"))))
    genes = result.tables[NEW]
    assert genes["p_value"].null_count() == genes.height
    assert genes.row(by_predicate=pl.col("gene") == "KRAS", named=True)["n_new"] == 2


def test_no_pair_is_not_enough_data(make_study):
    study = make_study(patients=[{"patient_id": "A"}], samples=[], calls=[])
    with pytest.raises(NotEnoughData):
        registry()["discordance"].run(Cohort(study))
