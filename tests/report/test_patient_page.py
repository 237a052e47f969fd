"""The patient page: self-contained, escaped, small, says what it must and nothing it must not."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.errors import ConfigError
from oncourse.knowledge.golden import examined, variant
from oncourse.patients.page_data import germline_findings
from oncourse.plots.timeline import Bar, Line, Mark, PatientTimeline, Point, Track, timeline_svg
from oncourse.report.patient_page import patient_page, timeline_mm
from oncourse.simulate.study import simulate_study
from oncourse.study.model import Study

#: Clones of the most probable partition, in a tenth of the time: what is asked is not which clones there are.
LIKELIEST = {"evolution": {"average": False}}


@pytest.fixture(scope="module")
def cohorts():
    found = {}
    for design, seed in (("crc", 3), ("mcrpc", 7)):  # with an emerged RAS mutation, with germline carriers
        made = simulate_study(design, 8, seed=seed)
        found[design] = Cohort(Study(made.config, made.tables))
    return found


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|script).*?</\1>", "", page)))


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_every_page_is_self_contained_and_small(cohorts, design):
    for patient in cohorts[design].study["patients"]["patient_id"]:
        page = patient_page(cohorts[design], patient, clones=design == "crc")
        assert len(page.encode()) < 2_000_000
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
        assert "@import" not in page and "url(http" not in page
        assert "Decision support for research use" in page
        assert page.count("<h1>") == 1 and '<html lang="en">' in page
        assert "sha256" in page and "CIViC (CC0)" in page


def test_same_cohort_same_bytes(cohorts):
    patient = cohorts["crc"].study["patients"]["patient_id"][0]
    again = Cohort(cohorts["crc"].study)
    assert patient_page(cohorts["crc"], patient) == patient_page(again, patient)


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_page_of_one_patient_is_the_page_of_the_study(cohorts, design):
    """`oncourse patient` derives one patient only: panels and what is usual in a sample stay the study's."""
    cohort = cohorts[design]
    for patient in cohort.study["patients"]["patient_id"][::4]:
        alone = patient_page(cohort.of_patient(patient), patient, clones=design == "crc")
        assert alone == patient_page(cohort, patient, clones=design == "crc"), patient


def test_unknown_patient_is_a_users_error(cohorts):
    with pytest.raises(ConfigError, match="no such patient"):
        patient_page(cohorts["crc"], "nobody")


def test_everything_of_the_study_is_escaped(cohorts):
    """A drug, a sample and a protein change that are markup arrive as text."""
    study = cohorts["crc"].study
    patient = study["treatments"]["patient_id"][0]
    bad = "<script>alert(1)</script>"
    tables = dict(study.tables)
    tables["treatments"] = study["treatments"].with_columns(drugs=pl.lit(bad))
    tables["patients"] = study["patients"].with_columns(primary_site=pl.lit(bad), disease=pl.lit(f"colon {bad}"))
    tables["variants"] = study["variants"].with_columns(hgvs_c=pl.lit(bad))
    page = patient_page(Cohort(replace(study, tables=tables), LIKELIEST), patient)
    assert bad not in page
    assert "&lt;script&gt;alert(1)" in page


def test_emerged_ras_is_on_the_watch_list_with_the_earlier_reads(cohorts):
    cohort = cohorts["crc"]
    emerged = cohort.findings.emerged.filter(pl.col("status") == "emerged")
    assert emerged.height, "the simulated study has acquired RAS mutations"
    row = emerged.row(0, named=True)
    text = text_of(patient_page(cohort, row["patient_id"]))
    assert f"{row['gene']} {row['change']} new under treatment" in text
    assert row["earlier"] in text
    assert "half-life of 3.7 months" in text


def test_patients_without_follow_up_treatment_or_several_samples_have_a_page():
    made = simulate_study("crc", 3, seed=5)
    one = made.tables["samples"].unique("patient_id", keep="first", maintain_order=True)
    kept = {
        "patients": made.tables["patients"],
        "samples": one,
        "assays": made.tables["assays"],
        "variants": made.tables["variants"],
        "calls": made.tables["calls"].join(one.select("sample_id"), on="sample_id", how="semi"),
    }
    cohort = Cohort(Study(made.config, kept))
    for patient in kept["patients"]["patient_id"]:
        text = text_of(patient_page(cohort, patient))
        assert "Most important findings" in text
        assert "Germline not reported" in text


def test_germline_is_hidden_unless_asked_for(cohorts):
    """The simulated mCRPC study has germline BRCA2 carriers: nothing of it on the page, unless study.yaml asks."""
    cohort = cohorts["mcrpc"]
    asked = Cohort(replace(cohort.study, config=replace(cohort.study.config, report_germline=True)))
    carriers = {
        p: v.name
        for p, facts in asked.findings.patients.items()
        for v in facts.variants
        if v.origin == "germline" and v.gene == "BRCA2"
    }
    assert carriers
    for patient, name in carriers.items():
        status = {m.rule.rule_id: m.status for m in cohort.therapy.matches[patient]}
        assert (status["PC-26"], status["PC-01"]) == ("not_assessable", "not_assessable")
        assert name not in text_of(patient_page(cohort, patient, clones=False))
        status = {m.rule.rule_id: m.status for m in asked.therapy.matches[patient]}
        assert (status["PC-26"], status["PC-01"]) == ("matched", "matched")
        assert f"{name}" in text_of(patient_page(asked, patient, clones=False))


def test_germline_findings_are_pathogenic_variants_of_predisposition_genes():
    """Reported: a truncating BRCA2 variant. Not: a missense of unknown significance, one MUTYH variant (recessive), a
    gene that is not on the list, a somatic variant; nothing with reporting off or without a normal."""
    has = (
        "BRCA2 S1982fs germline",
        "MSH2 A3V germline",
        "MUTYH Y90* germline",
        "TTN R10* germline",
        "TP53 R196*",
    )
    facts = replace(examined("prostate", frozenset()), variants=tuple(variant(text) for text in has))
    assert [(v.name, why) for v, why in germline_findings(facts)] == [("BRCA2 S1982fs", "truncating")]
    both = replace(facts, variants=(*facts.variants, variant("MUTYH E480fs germline")))
    assert [v.gene for v, _ in germline_findings(both)] == ["BRCA2", "MUTYH", "MUTYH"]
    assert germline_findings(replace(facts, reports_germline=False)) is None
    assert germline_findings(replace(facts, has_normal=False)) is None
    assert germline_findings(replace(facts, variants=())) == []


def test_timeline_draws_and_escapes():
    svg = timeline_svg(
        PatientTimeline(
            bars=(Bar(0, None, "drug <a>", "ARPI"),),
            tracks=(Track("PSA", "ng/ml", (Line("PSA", (Point(0, 10.0), Point(90, 0.02, is_limit=True))),)),),
            samples=(Mark(5, "1 liver", "metastasis"),),
            events=(Mark(400, "death", "death"),),
        )
    )
    assert svg.startswith("<svg") and "drug &lt;a&gt;" in svg and "<a>" not in svg
    assert timeline_svg(PatientTimeline()) == ""


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_page_is_the_same_bytes_alone_and_after_a_whole_run(simulated_study, design):
    """The page looked into the Cohort's cache: what had run before decided whether it had clones."""
    study = simulated_study(design)
    some = study["patients"]["patient_id"].to_list()[:2]  # one to look at, and another that teaches
    study = study.select(patients=some)
    whole = Cohort(study, LIKELIEST)
    _ = whole.evolution
    for patient in some[:1]:
        fresh = patient_page(Cohort(study, LIKELIEST), patient)
        alone = Cohort(study, LIKELIEST).of_patient(patient)
        assert patient_page(whole, patient) == patient_page(alone, patient) == fresh


def of(n_lines=2, n_matches=2, n_rules=2, fits="fits", **parts):
    """What a page is filled with, as far as its height on paper goes."""
    front = [SimpleNamespace(matches=(1,) * n_matches)]
    rules = [SimpleNamespace(setting=fits)] * n_rules
    return {"front": front, "benefit": rules, "course": [{}] * n_lines, "card": SimpleNamespace(rows=(1,) * 9)} | parts


def test_the_timeline_has_what_is_left_of_two_sides():
    """A man with twenty lines had his course as high as a stamp, above half an empty side."""
    free, full = timeline_mm(of()), timeline_mm(of(n_lines=20, n_matches=6, n_rules=6))
    assert 34 <= full < free <= 120
    assert timeline_mm(of(n_lines=20)) >= 60
    rules = {"n_rules": 8, "n_matches": 25}
    assert timeline_mm(of(fits="does_not_fit", **rules)) > timeline_mm(of(**rules))
    assert timeline_mm({}) == 120 and timeline_mm(of(grid=SimpleNamespace(rows=(1,) * 200), n_matches=40)) == 34


def test_nothing_sequenced_is_told_with_what_comes_first():
    """His page had an empty table of samples, and "a wider panel" of none as a next step."""
    person = [{"patient_id": "P1", "disease": "prostate adenocarcinoma"}]
    given = [{"patient_id": "P1", "drugs": "abiraterone", "start_day": 5, "line": 1, "setting": "mCRPC"}]
    empty = study({"design": "mcrpc"}, patients=person, samples=[], calls=[], variants=[], treatments=given)
    page = text_of(patient_page(Cohort(empty), "P1", clones=False))
    assert "1 No sample is recorded." not in page and "No sample is recorded." in page and "Mean depth" not in page
    assert "Sequencing of a tumour sample, tissue or blood : no tumour sample" in page and "Wider panel" not in page


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_page_has_two_sides_on_paper(cohorts, design):
    weasyprint = pytest.importorskip("weasyprint", reason="the extra [pdf] is not installed")
    for patient in cohorts[design].study["patients"]["patient_id"]:
        page = patient_page(cohorts[design], patient, clones=True)
        assert len(weasyprint.HTML(string=page).render().pages) <= 2, patient
