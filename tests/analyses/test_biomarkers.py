"""The biomarker scan: who is compared with whom, since when, and that it holds its level on planted truth."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from oncourse.analyses._headline import feature_words
from oncourse.analyses.biomarkers import BiomarkerParams, biomarkers
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.features import FeatureBlock, FeatureTable
from oncourse.derive.outcomes.outcome_scan import Outcome, OutcomeScan, ScanRules, detectable, scan_outcome
from oncourse.errors import NotEnoughData
from oncourse.stats.cox import fit_cox
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.stats.rng import generator

N = 160


def follow_up(seed=1, n=N):
    """Death, metastasis and its sample; gene A (in the primary) triples the hazard, M is met in metastases only."""
    random = generator(seed, "biomarker study")
    a, m = random.random(n) < 0.3, random.random(n) < 0.4
    spread = np.ceil(random.exponential(400, n))
    life = np.ceil(random.exponential(900 / np.where(a, 3.0, 1.0)))
    loss = np.ceil(random.uniform(200, 1500, n))
    return a, m, spread, np.minimum(life, loss), life <= loss, random.integers(40, 80, n)


@pytest.fixture(scope="module")
def made(make_study):
    a, m, spread, end, dead, age = follow_up()
    ids = [f"P{i:03d}" for i in range(N)]
    met = spread < end
    assays = [
        {"assay_id": "big", "kind": "panel", "targets": "TP53;KRAS;EGFR", "min_depth": 50},
        {"assay_id": "small", "kind": "panel", "targets": "TP53;EGFR", "min_depth": 50},
    ]
    variants = {"TP53": "17:7577538:C:T", "KRAS": "12:25398284:C:T"}
    samples, lesions, calls = [], [], []
    for i, p in enumerate(ids):
        assay = "small" if i % 4 == 0 else "big"
        lesions.append({"lesion_id": f"{p}-p", "patient_id": p, "role": "primary", "site": "colon", "found_day": 0})
        samples.append(
            {
                "sample_id": f"{p}-P",
                "patient_id": p,
                "material": "tissue",
                "lesion_id": f"{p}-p",
                "assay_id": assay,
                "day": 0,
                "purity": 0.6,
            }
        )
        calls.append({"sample_id": f"{p}-P", "variant_id": variants["TP53"], "alt_count": 60 * int(a[i]), "depth": 300})
        calls.append({"sample_id": f"{p}-P", "variant_id": variants["KRAS"], "alt_count": 0, "depth": 300})
        if met[i]:
            lesions.append(
                {
                    "lesion_id": f"{p}-m",
                    "patient_id": p,
                    "role": "metastasis",
                    "site": "liver",
                    "found_day": int(spread[i]),
                }
            )
            samples.append(
                {
                    "sample_id": f"{p}-M",
                    "patient_id": p,
                    "material": "tissue",
                    "lesion_id": f"{p}-m",
                    "assay_id": assay,
                    "day": int(spread[i]),
                    "purity": 0.6,
                }
            )
            has = {"TP53": a[i], "KRAS": m[i] and assay == "big"}
            for gene, present in has.items():
                call = {"sample_id": f"{p}-M", "variant_id": variants[gene], "depth": 300}
                calls.append(call | {"alt_count": 60 * int(present)})
    return make_study(
        {"design": "crc", "covariates": {"age_years": "number"}},
        patients=[{"patient_id": p, "age_years": int(x)} for p, x in zip(ids, age, strict=True)],
        follow_up=[
            {"patient_id": p, "last_contact_day": int(t), "is_dead": bool(d), "death_day": int(t) if d else None}
            for p, t, d in zip(ids, end, dead, strict=True)
        ],
        lesions=lesions,
        samples=samples,
        assays=assays,
        calls=calls,
        variants=[
            {"variant_id": v, "gene": g, "consequence": "missense_variant", "hgvs_p": "p.X1Y"}
            for g, v in variants.items()
        ],
    )


@pytest.fixture(scope="module")
def cohort(made):
    """The study of `made`, derived once."""
    return Cohort(made)


@pytest.fixture(scope="module")
def result(cohort):
    return biomarkers(cohort, BiomarkerParams(endpoints=("OS",), n_bootstrap=20, max_t_permutations=200))


def row(result, feature, endpoint="OS"):
    table = result.tables["biomarkers/scan"]
    return table.filter((pl.col("feature") == feature) & (pl.col("endpoint") == endpoint)).row(0, named=True)


def test_a_gene_of_the_primary_counts_from_the_start(result):
    a, _, _, end, dead, age = follow_up()
    fit = fit_cox(end + 1, dead, a.astype(float))
    got = row(result, "TP53")
    assert (got["n"], got["n_altered"], got["n_event"]) == (N, a.sum(), dead.sum())
    assert got["hazard_ratio"] == pytest.approx(np.exp(fit.coef[0]), rel=1e-6)
    assert got["time_rule"] == "baseline" and got["naive_hazard_ratio"] is None and got["is_prespecified"]
    adjusted = fit_cox(end + 1, dead, np.column_stack([a, age]).astype(float))
    assert got["adjusted_hazard_ratio"] == pytest.approx(np.exp(adjusted.coef[0]), rel=1e-6)
    assert got["adjusted_p_value"] == pytest.approx(adjusted.p_value[0], rel=1e-6)
    # named by the design: no discovery, so its own estimate stands first and outside the false discovery rate
    assert got["q_value"] is None and got["is_prespecified"] and got["stability"] > 0.9
    named = result.answer.split("exploratory tests")[0]
    assert result.answer.startswith("Pre-specified tests: ") and "TP53 with overall survival" in named
    assert got["max_t_p_value"] <= 0.01


def test_a_gene_of_the_metastasis_counts_from_its_sample_among_the_sampled(result):
    """Not in any primary, so KRAS is judged at the metastasis: entry that day, unknown where not on the panel."""
    _, m, spread, end, dead, _ = follow_up()
    sampled = (spread < end) & (np.arange(N) % 4 != 0)
    fit = fit_cox(end[sampled] + 1, dead[sampled], m[sampled].astype(float), entry=spread[sampled])
    for feature in ("KRAS", "new:KRAS"):
        got = row(result, feature)
        assert (got["n"], got["n_altered"]) == (sampled.sum(), m[sampled].sum())
        assert got["hazard_ratio"] == pytest.approx(np.exp(fit.coef[0]), rel=1e-6)
        assert got["time_rule"] == "delayed_entry" and got["n_delayed_entry"] == sampled.sum()
        assert got["naive_hazard_ratio"] != pytest.approx(got["hazard_ratio"], rel=1e-3)
    assert row(result, "metastasis:TP53")["n"] == (spread < end).sum()


def test_numbers_of_a_table_agree(result):
    table = result.tables["biomarkers/scan"]
    counted = ~pl.col("is_prespecified") & pl.col("same_as").is_null()
    p = table.select(pl.when(counted).then("p_value").alias("p"))["p"].fill_null(float("nan")).to_numpy()
    assert (
        table.filter(~pl.col("is_prespecified"))["same_as"].null_count()
        < table.filter(~pl.col("is_prespecified")).height
    )
    np.testing.assert_allclose(table["q_value"].fill_null(float("nan")).to_numpy(), benjamini_hochberg(p))
    known = table.drop_nulls(["ci_low", "ci_high"])
    assert ((known["ci_low"] <= known["hazard_ratio"]) & (known["hazard_ratio"] <= known["ci_high"])).all()
    assert row(result, "covariate:age_years")["kind"] == "covariate"
    assert {"forest_OS", "km_TP53_OS"} <= {f.name for f in result.figures}


def test_the_forest_shows_the_smallest_p_values_and_who_carries_them(cohort):
    """ "Smallest p-values": of all that were tested, the first two by p, TP53 with its altered of known patients."""
    found = biomarkers(cohort, BiomarkerParams(endpoints=("OS",), n_bootstrap=0, top=2))
    tested = found.tables["biomarkers/scan"].drop_nulls("hazard_ratio")
    assert tested.height > 4 and tested["p_value"].head(2).max() <= tested["p_value"].slice(2).min()
    (forest,) = (f for f in found.figures if f.name == "forest_OS")
    shown = re.findall(r">([^<>\n]+)</text>", forest.svg)
    assert [f for f in tested["feature"] if feature_words(f) in shown] == tested["feature"].head(2).to_list()
    of = row(found, "TP53")
    assert f"{of['n_altered']}/{of['n']}" in shown


def test_samples_without_a_day_are_named(made):
    tables = dict(made.tables) | {"samples": made["samples"].with_columns(pl.lit(None, pl.Int64).alias("day"))}
    study = type(made)(made.config, tables)
    result = biomarkers(Cohort(study), BiomarkerParams(endpoints=("OS",), n_bootstrap=0))
    got = row(result, "TP53")
    assert got["time_rule"] == "assumed_baseline" and got["n_assumed_baseline"] == N
    assert any(f"For {N} patients the sample has no day" in note for note in result.notes)


def test_sampling_after_the_end_is_excluded_by_name(made):
    late = pl.when(pl.col("sample_id") == "P001-P").then(5000).otherwise("day").alias("day")
    study = type(made)(made.config, dict(made.tables) | {"samples": made["samples"].with_columns(late)})
    only = study.select(without_samples=["P001-M"])
    result = biomarkers(Cohort(only), BiomarkerParams(endpoints=("OS",), n_bootstrap=0))
    rows = result.excluded.filter(pl.col("patient_id") == "P001")
    assert rows["reason"].to_list() == [
        "OS: samples with findings: event or end of follow-up before the finding was known"
    ]
    assert rows["sample_id"].to_list() == ["P001-P"] and row(result, "TP53")["n"] == N - 1


def test_too_few_events_is_said(cohort):
    with pytest.raises(NotEnoughData, match="OS"):
        biomarkers(cohort, BiomarkerParams(endpoints=("OS",), min_events=10_000))


def test_detectable_ratio_equals_the_methods_page():
    """10 % altered: 3.3 with 60 events, 2.1 with 150 (Schoenfeld, 80 %, 5 %)."""
    assert detectable(60, 0.1) == pytest.approx(3.3, abs=0.05)
    assert detectable(150, 0.1) == pytest.approx(2.14, abs=0.02)
    assert detectable(0, 0.1) is None and detectable(50, None) is None
    assert detectable(60, None, variance=0.09) == pytest.approx(detectable(60, 0.1))


def test_a_pathway_known_through_one_gene_only_is_not_tested_twice(cohort, result):
    """TP53 is the only gene of its pathway on these panels: pathway:TP53 would be the same test again."""
    names = {n for block in cohort.features.blocks for n in block.names}
    assert "TP53" in names and "pathway:TP53" not in names
    numbers = result.tables["biomarkers/scan"].filter(pl.col("feature") == "covariate:age_years")
    assert numbers["min_detectable_hr"].drop_nulls().len() == numbers.height > 0


def null_metastasis(seed: int, replicates: int, n: int = 600):
    """A mutation of the metastasis that does nothing, where metastasis raises the hazard tenfold."""
    random = generator(seed, "null metastasis")
    ours, covered, coded = [], 0, []
    for _ in range(replicates):
        spread, plain = np.ceil(random.exponential(600, n)), random.exponential(3000, n)
        death = np.where(plain < spread, plain, spread + random.exponential(300, n))
        loss = random.uniform(300, 2000, n)
        time, event = np.ceil(np.minimum(death, loss)), death <= loss
        met, mutated = spread < time, random.random(n) < 0.3
        ids = tuple(f"P{i:04d}" for i in range(n))
        block = FeatureBlock(
            ("G",),
            ("gene",),
            np.where(met, mutated, -1).astype(np.int8)[:, None],
            np.where(met, spread, np.nan),
            tuple("S" if x else None for x in met),
            "altered v not altered",
        )
        out = OutcomeScan()
        target = Outcome("OS", ids, np.zeros(n), time, event, np.zeros(n))
        scan_outcome(None, FeatureTable(ids, (block,), {}), target, {}, ScanRules(3, 0, 0, 1), out)
        ours.append(np.log(out.rows[0]["hazard_ratio"]))
        covered += out.rows[0]["ci_low"] <= 1 <= out.rows[0]["ci_high"]
        late = met & mutated
        stop = np.r_[np.where(late, spread, time), time[late]]
        rows = np.r_[event & ~late, event[late]]
        x = np.r_[np.zeros(n), np.ones(late.sum())]
        coded.append(fit_cox(stop, rows, x, entry=np.r_[np.zeros(n), spread[late]]).coef[0])
    return np.mean(ours), covered / replicates, np.exp(np.mean(coded))


def test_null_mutation_of_the_metastasis_has_no_effect():
    """60 studies of 600: bias <= .05 (standard error .016), where the 0-to-1 coding shows a hazard ratio above 2."""
    bias, _, coded = null_metastasis(1, 60)
    assert abs(bias) <= 0.05 and coded > 2


@pytest.mark.slow
def test_null_mutation_of_the_metastasis_interval_covers():
    """1,000 studies: bias <= .02 and the 95 % interval covers 93-97 % (99 % band +-1.8)."""
    bias, cover, _ = null_metastasis(2, 1000)
    assert abs(bias) <= 0.02 and 0.93 <= cover <= 0.97


def test_a_study_without_a_sample_is_scanned_for_its_covariates(make_study):
    """The clinical table alone has prognostic questions too; the hazard ratio is that of a single Cox fit."""
    _, _, _, end, dead, age = follow_up()
    ids = [f"P{i:03d}" for i in range(N)]
    study = make_study(
        {"covariates": {"age_years": "number"}},
        patients=[{"patient_id": p, "age_years": int(x)} for p, x in zip(ids, age, strict=True)],
        follow_up=[
            {
                "patient_id": p,
                "last_contact_day": int(t),
                "is_dead": bool(d),
                "death_day": int(t) if d else None,
            }
            for p, t, d in zip(ids, end, dead, strict=True)
        ],
        samples=[],
        calls=[],
    )
    scan = biomarkers(Cohort(study), BiomarkerParams(n_bootstrap=0)).tables["biomarkers/scan"]
    row = scan.filter((pl.col("feature") == "covariate:age_years") & (pl.col("endpoint") == "OS")).row(0, named=True)
    alone = fit_cox(end + 1, dead, age[:, None].astype(float))  # time_days = end - origin + 1
    step = float(age.astype(int).std())
    assert row["per"] == f"per standard deviation ({step:.3g})"
    assert row["hazard_ratio"] == pytest.approx(float(np.exp(alone.coef[0] * step)), rel=1e-6)
    assert (row["n"], row["n_event"]) == (N, int(dead.sum()))


def test_a_named_finding_whose_ratio_changes_with_time_leads_the_sentence_too(make_study):
    """Carriers die early only, so that the means are told: "no finding was associated" stood over it."""
    random = generator(11, "changing ratio")
    n = 300
    carrier = random.random(n) < 0.3
    life = np.where(carrier & (random.random(n) < 0.6), random.exponential(120, n), random.exponential(1500, n))
    ids = [f"P{i:03d}" for i in range(n)]
    study = make_study(
        {"design": "crc"},
        patients=[{"patient_id": p} for p in ids],
        follow_up=[
            {"patient_id": p, "last_contact_day": int(min(t, 1800)) + 1, "is_dead": bool(t < 1800)}
            for p, t in zip(ids, life, strict=True)
        ],
        samples=[{"sample_id": f"{p}-t", "patient_id": p, "material": "tissue", "day": 0} for p in ids],
        variants=[
            {"variant_id": "7:140453136:A:T", "gene": "BRAF", "hgvs_p": "p.V600E", "consequence": "missense_variant"},
            {
                "variant_id": "3:178952085:A:G",
                "gene": "PIK3CA",
                "hgvs_p": "p.H1047R",
                "consequence": "missense_variant",
            },
        ],
        calls=[
            {"sample_id": f"{p}-t", "variant_id": v, "alt_count": 40, "depth": 100}
            for i, p in enumerate(ids)
            for v, there in (("7:140453136:A:T", carrier[i]), ("3:178952085:A:G", i % 4 == 0))
            if there
        ],
    )
    found = biomarkers(Cohort(study), BiomarkerParams(n_bootstrap=0, curves=0))
    effect = found.estimate("hotspot:BRAF V600E OS")
    assert effect.unit == "days" and effect.ci_high < 0
    assert "showed an association, BRAF V600E: mean overall survival to day" in found.headline.text.text()


def test_a_named_finding_that_is_given_as_a_marker_is_named_too(make_study):
    """BRAF V600E of a hospital's table was one of 145 exploratory tests: pre-specified were only sequenced findings."""
    random = generator(4, "named marker")
    n = 120
    braf = random.random(n) < 0.25
    days = np.ceil(random.exponential(np.where(braf, 250.0, 900.0))).astype(int)
    rows = [("BRAF V600E", "positive" if b else "negative") for b in braf]
    other = [("XYZ", "positive" if r else "negative") for r in random.random(n) < 0.5]
    study = make_study(
        patients=[{"patient_id": f"P{i}", "disease": "colorectal cancer"} for i in range(n)],
        follow_up=[
            {"patient_id": f"P{i}", "last_contact_day": int(d), "is_dead": True, "death_day": int(d)}
            for i, d in enumerate(days)
        ],
        samples=[{"sample_id": f"S{i}", "patient_id": f"P{i}", "material": "tissue", "day": 0} for i in range(n)],
        markers=[
            {"patient_id": f"P{i}", "marker": m, "value": v, "day": 0}
            for many in (rows, other)
            for i, (m, v) in enumerate(many)
        ],
        calls=[],
        variants=[],
        config={"design": "crc"},
    )
    result = biomarkers(Cohort(study), BiomarkerParams(endpoints=("OS",), n_bootstrap=0, curves=0))
    told = dict(result.table("scan").select("feature", "is_prespecified").iter_rows())
    assert told == {"marker:BRAF V600E": True, "marker:XYZ": False}
    assert result.answer.startswith("Pre-specified tests: ") and "BRAF V600E" in result.answer.split(". ")[1]
