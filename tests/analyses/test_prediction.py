"""The prediction analysis on small simulated studies: honest numbers, time zero, model card, new patients."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from oncourse.analyses.prediction import PredictionParams, prediction
from oncourse.cohort import Cohort
from oncourse.errors import ConfigError, InputError, NotEnoughData
from oncourse.models import fit_report
from oncourse.models.card import read_card
from oncourse.patients.predict import predict_patients
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

QUICK = PredictionParams(repeats=1, folds=3, bootstraps=12, challengers=False)


def make_study(seed=1, n=160, genes=8, *, effect=0.0, sample_day=0, covariates=("age_years", "risk")):
    """Deaths of hazard exp(.8 risk + effect x GENE0) per 900 days; everyone sequenced on `sample_day`."""
    rng = np.random.default_rng(seed)
    risk, age = rng.normal(size=n), rng.normal(65, 8, n)
    hit = rng.random((n, genes)) < 0.3
    time = rng.exponential(900 * np.exp(-0.8 * risk - effect * hit[:, 0])) + 1
    censored = rng.uniform(500, 2000, n)
    dead, last = time <= censored, np.minimum(time, censored).astype(int) + sample_day
    ids = [f"P{i:03d}" for i in range(n)]

    def table(name, **columns):
        return pl.concat([TABLES[name].empty(), pl.DataFrame(columns)], how="diagonal_relaxed")

    patients = table("patients", patient_id=ids, age_years=age).with_columns(
        pl.Series("risk", [None if i % 20 == 0 else float(v) for i, v in enumerate(risk)], dtype=pl.Float64)
    )
    rows = [(f"S{i:03d}", f"1:{1000 + j}:A:T") for i in range(n) for j in range(genes) if hit[i, j]]
    tables = {
        "patients": patients,
        "follow_up": table("follow_up", patient_id=ids, last_contact_day=last, is_dead=dead),
        "samples": table(
            "samples",
            sample_id=[f"S{i:03d}" for i in range(n)],
            patient_id=ids,
            material=["tissue"] * n,
            day=[sample_day] * n,
        ),
        "variants": table(
            "variants",
            variant_id=[f"1:{1000 + j}:A:T" for j in range(genes)],
            gene=[f"GENE{j}" for j in range(genes)],
            consequence=["missense_variant"] * genes,
        ),
        "calls": table(
            "calls",
            sample_id=[r[0] for r in rows],
            variant_id=[r[1] for r in rows],
            alt_count=[30] * len(rows),
            depth=[100] * len(rows),
            is_called=[True] * len(rows),
        ),
    }
    return Study(StudyConfig(title="simulated", covariates=dict.fromkeys(covariates, "number")), tables)


@pytest.fixture(scope="module", autouse=True)
def few_samples():
    """Forty samples for the limits of a metric: no test here asks how wide they are (the kept answers
    do), and two hundred took two thirds of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_report, "INTERVAL_SAMPLES", 40)
        yield


@pytest.fixture(scope="module")
def result():
    return prediction(Cohort(make_study()), QUICK)


def test_corrected_accuracy_is_below_apparent_and_noise_adds_nothing(result):
    table = result.tables["prediction/performance"]
    row = table.filter((pl.col("model") == "clinical") & (pl.col("metric") == "auc_24m")).row(0, named=True)
    assert row["ci_low"] < row["corrected"] < row["ci_high"]
    assert row["corrected"] < row["apparent"] + 0.01  # two clinical columns leave little room for optimism
    # The true predictor reaches an AUC of about .75.
    assert 0.65 < row["corrected"] < 0.85
    assert "no evidence that mutations add to the clinical model" in result.answer
    assert {"null", "clinical", "mutations", "clinical+mutations"} == set(table["model"])


def test_a_strong_mutation_is_said_to_add():
    result = prediction(Cohort(make_study(seed=3, n=300, effect=1.5)), replace(QUICK, bootstraps=0))
    assert "The mutations add to the clinical model." in result.answer
    added = {r["metric"]: r for r in result.tables["prediction/added"].iter_rows(named=True)}
    assert added["auc_24m"]["difference"] > 0 and added["likelihood_ratio"]["p_value"] < 0.025
    kept = result.tables["prediction/coefficients"].filter(pl.col("model") == "clinical+mutations")
    top = kept.filter(~pl.col("feature").str.starts_with("covariate:")).sort("coefficient").tail(1)
    assert top["feature"].item() == "GENE0"


def test_same_seed_same_numbers(result):
    again = prediction(Cohort(make_study()), QUICK)
    assert again.artifacts == result.artifacts
    for name, table in result.tables.items():
        assert table.equals(again.tables[name])


def test_saved_model_gives_the_same_risks(result):
    card = read_card(result.artifacts["tables/prediction/model.json"])
    study = make_study()
    found = predict_patients(card, study)
    both = result.tables["prediction/patients"].join(found.table, on="patient_id", suffix="_new")
    assert both.height == 160
    np.testing.assert_allclose(both["risk"], both["risk_new"], rtol=1e-5)
    assert (both["ci_low_new"] <= both["ci_high_new"]).all()
    assert not found.shift["is_shifted"].any()


def test_a_shifted_study_and_missing_columns_are_warned_about(result):
    card = read_card(result.artifacts["tables/prediction/model.json"])
    study = make_study(seed=9)
    older = study["patients"].with_columns(pl.col("age_years") + 30, pl.col("risk") + 2).drop("age_years")
    found = predict_patients(card, replace(study, tables={**study.tables, "patients": older}))
    text = " ".join(found.warnings)
    assert "covariate:risk" in text and "nobody has a value of: covariate:age_years" in text
    assert "covariate:age_years" in found.table["not_known"][0]


def test_samples_after_the_origin_are_refused_and_listed():
    """Sequenced on day 100 (two thirds) or day 0: predicted from the index date only the latter have findings."""
    study = make_study(n=300)
    early = pl.Series([0 if i % 3 == 0 else 100 for i in range(300)])
    samples = study["samples"].with_columns(early.alias("day"))
    study = replace(study, tables={**study.tables, "samples": samples})
    result = prediction(Cohort(study), replace(QUICK, origin="index", bootstraps=0))
    refused = result.excluded.filter(pl.col("reason").str.contains("after time zero"))
    assert refused.height == 200
    assert result.tables["prediction/patients"].height == 100


def test_too_few_events_say_what_is_needed():
    study = make_study()
    with pytest.raises(NotEnoughData, match="at least 10"):
        prediction(Cohort(study.select(patients=study["patients"]["patient_id"][:15])), QUICK)


def test_time_zero_is_the_sample_by_default():
    result = prediction(Cohort(make_study(sample_day=100)), replace(QUICK, bootstraps=0))
    patients = result.tables["prediction/patients"]
    assert (patients["zero_day"] == 100).all()
    assert "alive on the day of the first tumour sample" in result.answer


def test_samples_without_a_day_speak_against_the_model():
    """A finding of unknown day may be later than time zero: AR amplified after castration is no predictor at
    diagnosis."""
    study = make_study()
    undated = study["samples"].with_columns(pl.lit(None, pl.Int64).alias("day"))
    result = prediction(
        Cohort(replace(study, tables={**study.tables, "samples": undated})), replace(QUICK, bootstraps=0)
    )
    assert "alive on the index date" in result.answer and "carry no day" in result.answer
    card = read_card(result.artifacts["tables/prediction/model.json"])
    assert not card.data["use"]["may_be_used"]
    assert result.headline.light != "answered", "page one called answered what the answer says not to use"


def test_clinical_only_and_mutations_only_studies_work():
    study = make_study()
    without = Study(study.config, {k: v for k, v in study.tables.items() if k in ("patients", "follow_up")})
    clinical = prediction(Cohort(without), replace(QUICK, bootstraps=0))
    assert set(clinical.tables["prediction/performance"]["model"]) == {"null", "clinical"}
    genes = prediction(Cohort(study), replace(QUICK, bootstraps=0, covariates=("none",)))
    assert set(genes.tables["prediction/performance"]["model"]) == {"null", "mutations"}
    assert "no evidence that mutations add to the null model" in genes.answer
    assert "should not be used" in genes.answer


def test_a_wrong_model_file_is_named():
    with pytest.raises(InputError, match="not a saved model"):
        read_card(json.dumps({"format": "other"}))
    with pytest.raises(InputError, match="line 1"):
        read_card("{")


def test_a_colorectal_study_of_mostly_metastatic_patients_starts_at_the_metastasis():
    """Half of the sequenced patients or more have a metastasis: time zero is its first sample; the others are
    listed."""
    from oncourse.derive.outcomes.predictors import time_zero
    from oncourse.study.config import StudyConfig
    from oncourse.study.model import Study
    from oncourse.study.tables import TABLES

    def made(name, **columns):
        return pl.concat([TABLES[name].empty(), pl.DataFrame(columns)], how="diagonal_relaxed")

    ids = ["A", "B", "C", "D"]
    spread = ["A", "B", "C"]
    tables = {
        "patients": made("patients", patient_id=ids),
        "lesions": made(
            "lesions",
            lesion_id=[f"{p}-p" for p in ids] + [f"{p}-m" for p in spread],
            patient_id=ids + spread,
            role=["primary"] * 4 + ["metastasis"] * 3,
            found_day=[0] * 4 + [400, 500, 600],
        ),
        "samples": made(
            "samples",
            sample_id=["Ap", "Bp", "Cp", "Dp", "Am", "Bm"],
            patient_id=[*ids, "A", "B"],
            material=["tissue"] * 6,
            lesion_id=[f"{p}-p" for p in ids] + ["A-m", "B-m"],
            day=[0, 0, 0, 0, 410, 490],
        ),
        "variants": made("variants", variant_id=["17:7675088:C:T"], gene=["TP53"]),
        "calls": made("calls", sample_id=["Ap"], variant_id=["17:7675088:C:T"]),
    }
    crc = time_zero(Cohort(Study(StudyConfig(design="crc"), tables)).prediction_tables, "auto")
    # B was sampled before the record of the finding: alive with a metastasis from the later day; C has no sample of it
    assert dict(crc.table.select("patient_id", "zero_day").iter_rows()) == {"A": 410, "B": 500, "C": 600}
    assert crc.refused["patient_id"].to_list() == ["D"]
    other = time_zero(Cohort(Study(StudyConfig(), tables)).prediction_tables, "auto")
    assert set(other.table["zero_day"]) == {0} and other.table.height == 4


def test_genes_of_a_pathway_enter_together():
    """Group penalty: at the chosen lambda a pathway's genes are all in the model, or none of them."""
    from oncourse.derive.outcomes.prediction_data import pathway_groups
    from oncourse.models.ladder import MUTATIONS, LadderSettings, PredictionData, fit_ladder

    genes = ["KRAS", "NRAS", "BRAF", "PIK3CA", "PTEN", "SPOP", "TTN"]
    labels = pathway_groups(genes)
    assert labels[5] == "SPOP" and len(set(labels[:3])) == 1
    rng = np.random.default_rng(3)
    x = (rng.random((400, 7)) < 0.3).astype(float)
    time = rng.exponential(np.exp(-x[:, :3] @ np.array([0.9, 0.7, 0.0])) * 500)
    data = PredictionData(time, time < 900, np.zeros(400), np.zeros((400, 0)), x, labels, np.arange(400))
    settings = LadderSettings(730.0, alpha=1.0, rule="1se")
    coef = fit_ladder(data, settings, np.random.default_rng(1), models=(MUTATIONS,))[MUTATIONS].coef
    assert (coef[:3] != 0).all()
    assert (coef[3:5] != 0).all() or not coef[3:5].any()


@pytest.fixture(scope="module")
def stratified():
    study = make_study(n=200)
    centre = pl.Series("centre", [None if i % 20 == 2 else "AB"[i % 2] for i in range(200)])
    patients = study["patients"].with_columns(centre)
    config = replace(study.config, covariates={**study.config.covariates, "centre": "category"})
    study = Study(config, {**study.tables, "patients": patients})
    return study, prediction(Cohort(study), replace(QUICK, strata="centre", max_genes=0))


def test_the_card_answers_the_checklist(result):
    """TRIPOD+AI, Collins BMJ 2024: an item is answered from the data, or left to the authors by name."""
    items = read_card(result.artifacts["tables/prediction/model.json"]).data["tripod_ai"]
    numbers = {int(name.split()[0].rstrip("abcde")) for name in items if name[0].isdigit()}
    assert numbers >= set(range(4, 28)) and all(items.values())
    n = result.tables["prediction/performance"]["n"][0]
    assert items["20 participants"].startswith(f"{n} patients")
    assert items["17 ethical approval"] == "to be stated by the authors"


def test_strata_have_baselines_of_their_own_in_the_card_and_for_new_patients(stratified):
    study, result = stratified
    lacking = result.excluded.filter(pl.col("reason").str.contains("centre"))
    assert lacking.height == study["patients"]["centre"].null_count() > 0
    patients = result.tables["prediction/patients"]
    assert set(patients["stratum"]) == {"A", "B"} and any("Strata of centre" in note for note in result.notes)
    assert not any("centre" in f for f in result.tables["prediction/coefficients"]["feature"])
    card = read_card(result.artifacts["tables/prediction/model.json"])
    assert card.data["version"] == 2 and card.strata["levels"] == ["A", "B"] and card.model.base_hazard.shape == (2,)
    found = predict_patients(card, study).table.join(patients, on="patient_id", how="inner", suffix="_run")
    np.testing.assert_allclose(found["risk"].to_numpy(), found["risk_run"].to_numpy(), atol=1e-6)
    unknown = predict_patients(card, study).table.filter(pl.col("note").str.contains("centre not known"))
    assert unknown.height == lacking.height and unknown["risk"].is_null().all()


def test_strata_are_refused_where_they_cannot_be(stratified):
    study, _ = stratified
    with pytest.raises(ConfigError, match="a number has no strata"):
        prediction(Cohort(study), replace(QUICK, strata="risk"))
    with pytest.raises(ConfigError, match="Did you mean centre"):
        prediction(Cohort(study), replace(QUICK, strata="center"))
    few = study["patients"].with_columns(
        pl.when(pl.int_range(pl.len()) < 6).then(pl.lit("C")).otherwise("centre").alias("centre")
    )
    with pytest.raises(NotEnoughData, match="each stratum needs 5 events"):
        prediction(Cohort(Study(study.config, {**study.tables, "patients": few})), replace(QUICK, strata="centre"))


def test_a_model_of_too_few_events_prints_no_accuracy_in_the_notes_either():
    """Own hospital study: "too few to build a reliable model" stood above "the AUC would lie between 0.06 and 0.12"."""
    few = prediction(Cohort(make_study(2, 60)), QUICK)
    assert "too few to build a reliable model" in few.answer
    told = [note for note in few.notes if "lost before 24 months" in note]
    assert told and "AUC" not in " ".join(few.notes)
