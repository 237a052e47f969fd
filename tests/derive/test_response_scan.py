"""Response endpoints, signatures and seeding as features: what is known when, and what comes out."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize_scalar

from oncourse.analyses.biomarkers import BiomarkerParams, biomarkers
from oncourse.analyses.psa_response import PsaResponseParams as PsaResponse
from oncourse.analyses.psa_response import psa_response
from oncourse.cohort import Cohort
from oncourse.derive.outcomes.feature_scores import score_columns
from oncourse.derive.outcomes.response_scan import response_outcome
from oncourse.stats.firth_logistic import firth_logistic
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def made(name, **columns):
    return pl.concat([TABLES[name].empty(), pl.DataFrame(columns)], how="diagonal_relaxed")


def psa_study(n=80, late=()):
    """Every second patient is AR-V7 positive (day -5; `late`: day 30); PSA falls by 70 % in 9 of 10 of the negative."""
    ids = [f"P{i:03d}" for i in range(n)]
    positive = [i % 2 == 0 for i in range(n)]
    falls = [(i % 10 != 1) if not positive[i] else (i % 10 == 0) for i in range(n)]
    labs = [
        (p, day, value)
        for p, fall in zip(ids, falls, strict=True)
        for day, value in ((-3, 100.0), (30, 30.0 if fall else 90.0), (60, 28.0 if fall else 95.0))
    ]
    days = [30 if i in late else -5 for i in range(n)]
    tables = {
        "patients": made("patients", patient_id=ids),
        "samples": made(
            "samples", sample_id=[f"{p}-1" for p in ids], patient_id=ids, material=["tissue"] * n, day=[-10] * n
        ).with_columns(SBS3=pl.Series(np.where(positive, 0.4, 0.1)), grade2=pl.lit(1.5)),
        "markers": made(
            "markers",
            patient_id=ids,
            marker=["AR-V7"] * n,
            value=["positive" if x else "negative" for x in positive],
            day=days,
        ),
        "treatments": made("treatments", patient_id=ids, drugs=["abiraterone"] * n, start_day=[0] * n, line=[1] * n),
        "follow_up": made(
            "follow_up",
            patient_id=ids,
            last_contact_day=[400 + i for i in range(n)],
            is_dead=[i % 3 == 0 for i in range(n)],
        ),
        "labs": made(
            "labs",
            patient_id=[r[0] for r in labs],
            day=[r[1] for r in labs],
            analyte=["PSA"] * len(labs),
            value=[str(r[2]) for r in labs],
            unit=["ng/mL"] * len(labs),
        ),
    }
    return Study(StudyConfig(design="mcrpc"), tables)


def response(result, feature):
    table = result.tables["biomarkers/response"]
    return table.filter((pl.col("feature") == feature) & (pl.col("endpoint") == "PSA50")).row(0, named=True)


def test_psa50_by_marker_is_an_odds_ratio_with_a_half_in_each_cell():
    result = biomarkers(Cohort(psa_study()), BiomarkerParams(n_bootstrap=0))
    row = response(result, "marker:AR-V7")
    assert (row["n"], row["n_altered"], row["n_response_altered"], row["n_response"]) == (80, 40, 8, 40)
    assert row["odds_ratio"] == pytest.approx((8.5 / 32.5) / (32.5 / 8.5))
    assert row["ci_high"] < 1 and row["p_value"] < 1e-4 and row["is_prespecified"]
    assert (
        row["q_value"] is None
        and "Pre-specified tests of response: 1. AR-V7 with PSA response, odds ratio" in result.answer
    )


def test_rows_are_those_of_single_fits():
    """Counts, the table's own fit with Fisher's p where a cell expects few, and the fit beside covariates, each alone."""
    from scipy.stats import fisher_exact

    from oncourse.derive.outcomes.response_scan import _found

    random = np.random.default_rng(6)
    x, y = random.normal(size=(70, 2)), random.random(70) < 0.4
    values = (random.random((70, 5)) < [0.5, 0.06, 0.3, 0.0, 0.01]).astype(float)
    values[random.random(values.shape) < 0.1] = np.nan
    rows = _found(values, y, x, is_binary=True, min_altered=2)
    for row, column in zip(rows, values.T, strict=True):
        known = ~np.isnan(column)
        v, r = column[known], y[known]
        cells = [[(r & (v == k)).sum(), (~r & (v == k)).sum()] for k in (1, 0)]
        assert (row["n"], row["n_altered"], row["n_response_altered"]) == (v.size, v.sum(), cells[0][0])
        if v.sum() < 2:
            assert "odds_ratio" not in row and "adjusted_odds_ratio" not in row
            continue
        fit, beside = firth_logistic(v, r), firth_logistic(np.column_stack([v, x[known]]), r)
        few = np.outer(np.sum(cells, 1), np.sum(cells, 0)).min() / v.size < 5
        assert row["odds_ratio"] == pytest.approx(np.exp(fit.coef)) and row["ci_high"] == pytest.approx(
            np.exp(fit.ci_high)
        )
        assert row["p_method"] == ("Fisher's exact" if few else "penalised likelihood ratio")
        assert row["p_value"] == pytest.approx(fisher_exact(cells).pvalue if few else fit.p_value)
        assert row["adjusted_odds_ratio"] == pytest.approx(np.exp(beside.coef))
        assert row["adjusted_p_value"] == pytest.approx(beside.p_value)
    (number,) = _found(x[:, :1], y, x[:, 1:], is_binary=False, min_altered=2)
    assert number["n_altered"] is None and number["odds_ratio"] == pytest.approx(
        np.exp(firth_logistic(x[:, 0], y).coef)
    )


def test_a_line_without_any_psa_counts_as_in_the_rates_of_response():
    """No PSA at all: a non-responder in the rate (PCWG3 analyses by intention to treat), so here too, unless set
    off."""
    study = psa_study()
    labs = study["labs"].filter(~pl.col("patient_id").is_in(["P001", "P003"]))  # responders, negative
    cohort = Cohort(Study(study.config, {**study.tables, "labs": labs}))
    result = biomarkers(cohort, BiomarkerParams(n_bootstrap=0))
    row = response(result, "marker:AR-V7")
    assert (row["n"], row["n_response"]) == (80, 39)  # P001 does not respond in either
    rate = {e.name: e for e in psa_response(cohort, PsaResponse()).estimates}["psa50_confirmed"]
    assert (rate.n, rate.value) == (80, pytest.approx(39 / 80))
    assert any("PSA50: 2 patients have no line with any PSA" in note for note in result.notes)
    without = Cohort(cohort.study, {"psa": {"missing_in_denominator": False}})
    row = response(biomarkers(without, BiomarkerParams(n_bootstrap=0)), "marker:AR-V7")
    assert (row["n"], row["n_response"]) == (78, 39)


def test_an_adjuvant_line_has_no_response():
    """Line 0 (adjuvant) has no disease to measure: whoever had nothing else is not a non-responder."""
    study = psa_study()
    only = study["treatments"].with_columns(
        line=pl.when(pl.col("patient_id") == "P000").then(0).otherwise("line").cast(pl.Int64),
        setting=pl.when(pl.col("patient_id") == "P000").then(pl.lit("adjuvant")).otherwise("setting"),
    )
    cohort = Cohort(Study(study.config, {**study.tables, "treatments": only}))
    target, missing = response_outcome(cohort.responses("PSA50")[0], "PSA50", None, missing_counts=True)
    assert len(target.patients) == 79 and "P000" not in target.patients and missing == 0


def test_a_finding_after_the_start_of_the_line_never_predicts_its_response():
    result = biomarkers(Cohort(psa_study(late=range(10))), BiomarkerParams(n_bootstrap=0))
    assert response(result, "marker:AR-V7")["n"] == 70
    left = result.excluded.filter(pl.col("reason").str.contains("finding known only after"))
    assert left["patient_id"].n_unique() == 10


def test_signature_exposures_are_features_as_given_and_other_numbers_only_when_named():
    study = psa_study()
    assert score_columns(study["samples"], ()) == [("SBS3", "signature:SBS3", True)]
    assert ("grade2", "score:grade2", False) in score_columns(study["samples"], ("grade2",))
    row = response(biomarkers(Cohort(study), BiomarkerParams(n_bootstrap=0)), "signature:SBS3")
    assert row["kind"] == "signature" and row["per"].startswith("per 10 percentage points")
    assert row["odds_ratio"] < 1


@pytest.mark.parametrize("unit", [1.0, 1e-7, 1e6])
def test_a_number_without_a_scale_is_told_per_standard_deviation_whatever_its_unit(unit):
    """A score of 0 to 1e-6 had a hazard ratio of 1.4e-07 per unit in the table, and its odds ratio another such."""
    study, rng = psa_study(), np.random.default_rng(4)
    score = rng.normal(size=80)
    tables = {
        **study.tables,
        "samples": study["samples"].with_columns(grade2=pl.Series(score * unit)),
        "patients": study["patients"].with_columns(load=pl.Series(score * unit)),
    }
    config = StudyConfig(design="mcrpc", covariates={"load": "number"})
    result = biomarkers(
        Cohort(Study(config, tables), {"features": {"scores": ["grade2"]}}), BiomarkerParams(n_bootstrap=0)
    )
    step = f"per standard deviation ({np.std(score * unit):.3g})"
    # the partial likelihood written out: patient i ends on day 400 + i, every third by death, and nobody on one day
    z, dead = score / score.std(), np.arange(80) % 3 == 0
    slope = minimize_scalar(
        lambda b: -sum(b * z[i] - np.log(np.exp(b * z[i:]).sum()) for i in np.flatnonzero(dead)), bounds=(-3, 3)
    ).x
    effects = result.tables["biomarkers/scan"].filter(pl.col("endpoint") == "OS")
    for name in ("score:grade2", "covariate:load"):
        row = effects.filter(pl.col("feature") == name).row(0, named=True)
        assert (row["per"], row["sd"]) == (step, pytest.approx(1))
        assert row["hazard_ratio"] == pytest.approx(np.exp(slope), rel=1e-4)
    row = response(result, "score:grade2")
    assert row["per"] == step and 0.5 < row["odds_ratio"] < 2


def test_seeding_is_known_from_the_last_sample_and_unknown_where_it_cannot_be_judged(monkeypatch):
    from types import SimpleNamespace

    from oncourse.derive.clones import evolution_tables
    from oncourse.derive.outcomes.clone_features import seeding_blocks

    ids = ("A", "B", "C", "D")
    study = Study(
        StudyConfig(),
        {
            "patients": made("patients", patient_id=list(ids)),
            "samples": made(
                "samples",
                sample_id=[f"{p}{k}" for p in ids for k in (1, 2)],
                material=["tissue"] * 8,
                patient_id=[p for p in ids for _ in (1, 2)],
                day=[0, 50, 0, 60, 0, 70, 0, 80],
            ),
        },
    )
    words = {
        "A": ["polyclonal", "monoclonal"],
        "B": ["monoclonal"],
        "C": ["monoclonal", "not_assessable"],  # one that was not judged may be polyclonal: it was "none" before
        "D": ["not_assessable", "polyclonal"],
    }

    def rows(patient):
        for word in words[patient.patient_id]:
            yield {"role": "metastasis", "clonality": word, "phyleticity": "not_assessable"}

    monkeypatch.setattr(evolution_tables, "seeding_rows", rows)
    trees = tuple(
        SimpleNamespace(patient_id=p, samples=study["samples"].filter(pl.col("patient_id") == p)) for p in ids
    )
    (block,) = seeding_blocks(trees, study["samples"], ids, 2, {})
    assert block.names == ("clones:polyclonal_seeding",)
    assert block.values[:, 0].tolist() == [1, 0, -1, 1]
    np.testing.assert_array_equal(block.day, [50, 60, np.nan, 80])
    assert block.sample_id == ("A2", "B2", None, "D2")


def test_a_listener_hears_how_far_the_clones_are():
    rows = [(f"P{i}", f"P{i}-{k}") for i in range(3) for k in range(2)]
    variants = [f"1:{1000 + j}:A:T" for j in range(6)]
    calls = [(s, v) for _, s in rows for v in variants]
    tables = {
        "patients": made("patients", patient_id=["P0", "P1", "P2"]),
        "samples": made(
            "samples",
            sample_id=[s for _, s in rows],
            patient_id=[p for p, _ in rows],
            material=["tissue"] * 6,
            day=[0, 90] * 3,
            purity=[0.8] * 6,
        ),
        "variants": made("variants", variant_id=variants, gene=[f"G{j}" for j in range(6)]),
        "calls": made(
            "calls",
            sample_id=[c[0] for c in calls],
            variant_id=[c[1] for c in calls],
            alt_count=[40] * len(calls),
            depth=[100] * len(calls),
            is_called=[True] * len(calls),
        ),
    }
    cohort, heard = Cohort(Study(StudyConfig(), tables)), []
    cohort.progress = heard.append
    assert cohort.features.patients == ("P0", "P1", "P2")
    assert sorted(heard) == [f"clones: {k} of 3 patients" for k in range(3)]
