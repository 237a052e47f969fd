"""Where the sources of a patient contradict each other, the outputs still say one thing."""

from __future__ import annotations

import polars as pl
import pytest
from tests import claims
from tests.strange import strange_study
from tests.studies import study
from tests.test_contradictions import contradictions

from oncourse.analyses._base import registry
from oncourse.analyses._people import unclosed
from oncourse.cohort import Cohort
from oncourse.knowledge.evaluate import NO, UNKNOWN, YES, evaluate
from oncourse.knowledge.expression import parse
from oncourse.report.execute import run_one

BRCA2 = {"variant_id": "13:32914438:T:G", "gene": "BRCA2", "hgvs_p": "p.Y1655*", "consequence": "nonsense"}
TP53 = {"variant_id": "17:7578406:C:T", "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "missense"}


def _agree(design: str, n: int, seed: int) -> None:
    cohort = Cohort(strange_study(design, n, seed))
    everyone = set(cohort.study["patients"]["patient_id"])
    for key, entry in registry().items():
        done = run_one(entry, cohort, draw=False) if key != "evolution" else None
        assert done is None or done.status != "failed", f"{key}: {done.message}"
        result = done.result if done is not None else None
        claims.ANSWERED[cohort, key] = result
        assert result is None or unclosed(result.people, everyone, result.estimates) == [], key
    assert contradictions(cohort) == []


@pytest.mark.parametrize("design", ["crc", pytest.param("mcrpc", marks=pytest.mark.slow)])
def test_outputs_agree_of_patients_whose_sources_do_not(design):
    """The first draws found a recorded BRCA2 that the page called positive and the rules not assessable, and a KRAS that
    the rules called mutated and the page not assessable."""
    _agree(design, 4, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_outputs_agree_of_many_patients_whose_sources_do_not(design, seed):
    _agree(design, 34, seed)


def _one(design: str, disease: str, samples: list, calls: list, markers: list, variants: list) -> Cohort:
    return Cohort(
        study(
            {"title": "t", "design": design, "genome_build": "GRCh37"},
            patients=[{"patient_id": p, "disease": disease} for p in sorted({s["patient_id"] for s in samples})],
            samples=samples,
            calls=calls,
            markers=markers,
            variants=variants,
            assays=[
                {"assay_id": "wes", "kind": "wes"},
                {"assay_id": "ct", "kind": "panel", "targets": "KRAS;NRAS;BRCA2;TP53"},
            ],
        )
    )


def test_calls_of_a_tumour_do_not_deny_a_positive_test_of_brca():
    """What is born with is not called there: the page said BRCA positive, and olaparib was not assessable. A variant of
    plasma that may be of blood cells may be what the test found."""
    tissue = [
        {"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "assay_id": "wes"} for p in ("told", "other")
    ]
    plasma = {"sample_id": "blood-P", "patient_id": "blood", "material": "plasma", "assay_id": "ct"}
    calls = [{"sample_id": s, "variant_id": TP53["variant_id"]} for s in ("told-T", "other-T")]
    calls.append({"sample_id": "blood-P", "variant_id": BRCA2["variant_id"], "alt_count": 40, "depth": 1000})
    markers = [{"patient_id": p, "marker": "BRCA2", "value": "positive"} for p in ("told", "blood")]
    cohort = _one("mcrpc", "prostate adenocarcinoma", [*tissue, plasma], calls, markers, [BRCA2, TP53])
    truth = {p: evaluate(parse("loss(BRCA2)"), f).truth for p, f in cohort.findings.patients.items()}
    assert truth == {"told": YES, "other": UNKNOWN, "blood": UNKNOWN}
    states = dict(cohort.patient_statuses.filter(pl.col("status") == "BRCA").select("patient_id", "state").iter_rows())
    assert states == {"told": "positive", "other": "not_assessable", "blood": "not_assessable"}


def test_a_mutation_recorded_of_a_sample_whose_reads_have_none_is_no_mutation_for_rules_either():
    """Its codon was taken from the other sample, which could not see it: the rules said mutated, the page did not."""
    samples = [
        {"sample_id": "A-1", "patient_id": "A", "material": "tissue", "day": -30},
        {"sample_id": "A-2", "patient_id": "A", "material": "tissue", "day": -30, "assay_id": "wes", "purity": 0.05},
    ]
    calls = [{"sample_id": "A-2", "variant_id": TP53["variant_id"]}]
    markers = [{"patient_id": "A", "sample_id": "A-1", "marker": "KRAS", "value": "G12D", "day": 100}]
    cohort = _one("crc", "colon adenocarcinoma", samples, calls, markers, [TP53])
    (state,) = cohort.patient_statuses.filter(pl.col("status") == "RAS")["state"]
    assert state == "not_assessable"
    assert evaluate(parse("mutation(KRAS:12)"), cohort.findings.patients["A"]).truth == UNKNOWN


def test_a_wild_type_recorded_of_plasma_without_tumour_dna_is_none_of_the_tumour():
    """It was "negative, recorded" of the patient."""
    sample = {"sample_id": "A-P", "patient_id": "A", "material": "plasma", "assay_id": "ct", "tumor_fraction": 0.0}
    markers = [{"patient_id": "A", "sample_id": "A-P", "marker": m, "value": "wt"} for m in ("RAS", "MRD")]
    markers[1]["value"] = "negative"
    other = {"sample_id": "B-T", "patient_id": "B", "material": "tissue", "assay_id": "wes"}
    calls = [{"sample_id": "B-T", "variant_id": TP53["variant_id"]}]
    cohort = _one("crc", "colon adenocarcinoma", [sample, other], calls, markers, [TP53])
    row = cohort.statuses.filter((pl.col("status") == "RAS") & (pl.col("sample_id") == "A-P")).row(0, named=True)
    assert row["state"] == "not_assessable" and "RAS wt is of plasma in which no tumour DNA" in row["reason"]


def test_a_positive_hrr_without_a_gene_stands_beside_the_rules_that_ask_for_one():
    sample = {"sample_id": "A-T", "patient_id": "A", "material": "tissue", "assay_id": "wes"}
    calls = [{"sample_id": "A-T", "variant_id": TP53["variant_id"]}]
    markers = [{"patient_id": "A", "marker": "HRR", "value": "positive"}]
    cohort = _one("mcrpc", "prostate adenocarcinoma", [sample], calls, markers, [TP53])
    near = evaluate(parse("loss(ATM)"), cohort.findings.patients["A"]).near
    assert near == ("HRR recorded positive: which gene is not told",)


def test_a_change_of_a_gene_that_nobody_understands_is_no_absence_for_rules_either():
    """The page said that BRCA2 could not be judged, and olaparib was "not matched": the rules took the gene for read."""
    samples = [{"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "assay_id": "ct"} for p in "ABC"]
    samples += [{"sample_id": f"{p}-N", "patient_id": p, "material": "normal", "assay_id": "ct"} for p in "ABC"]
    unread = {"variant_id": "BRCA2:line2", "gene": "BRCA2"}
    calls = [{"sample_id": "A-T", "variant_id": "BRCA2:line2", "origin": "somatic"}]
    calls += [{"sample_id": "B-N", "variant_id": "BRCA2:line2", "origin": "germline"}]
    calls += [{"sample_id": f"{p}-T", "variant_id": TP53["variant_id"]} for p in "ABC"]
    cohort = Cohort(
        study(
            {"title": "t", "design": "mcrpc", "genome_build": "GRCh37", "report_germline": True},
            patients=[{"patient_id": p, "disease": "prostate adenocarcinoma"} for p in "ABC"],
            samples=samples,
            calls=calls,
            variants=[unread, TP53],
            assays=[{"assay_id": "ct", "kind": "panel", "targets": "BRCA2;TP53"}],
            gene_copy_number=[{"sample_id": f"{p}-T", "gene": "BRCA2", "call": 0.0} for p in "ABC"],
        )
    )
    truth = {p: evaluate(parse("loss(BRCA2)"), f).truth for p, f in cohort.findings.patients.items()}
    assert truth == {"A": UNKNOWN, "B": UNKNOWN, "C": NO}
