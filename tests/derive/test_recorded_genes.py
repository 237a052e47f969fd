"""A hospital's own test of a gene, written down as a marker, is a witness: alone where nothing was sequenced."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.facts.markers import marker_name, marker_readings, marker_state
from oncourse.facts.recorded import gene_records
from oncourse.study.model import Study

_MARKERS = {"patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "marker": pl.String, "value": pl.String}
_SAMPLES = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "day": pl.Int64,
    "msi_status": pl.String,
    "msi_score": pl.Float64,
}


def readings(*markers: tuple[str, str]) -> pl.DataFrame:
    rows = [("P1", None, 5, name, value) for name, value in markers]
    return marker_readings(pl.DataFrame(schema=_SAMPLES), pl.DataFrame(rows, schema=_MARKERS, orient="row"))


@pytest.mark.parametrize(
    ("marker", "value", "said"),
    [
        ("KRAS", "wt", [(("KRAS",), "", "negative")]),
        ("NRAS", "野生型", [(("NRAS",), "", "negative")]),
        ("KRAS", "p.Gly12Asp", [(("KRAS",), "G12D", "positive")]),
        ("KRAS基因突变", "阳性", [(("KRAS",), "", "positive")]),
        ("KRAS", "codon 12 mutation", [(("KRAS",), "", "positive")]),
        ("KRAS", "no mutation in exon 2", []),
        ("BRAF V600E", "negative", [(("BRAF",), "V600E", "negative")]),
        ("BRAF", "V600E", [(("BRAF",), "V600E", "positive")]),
        # "non-V600E" was V600E: two opposite treatments
        ("BRAF", "non-V600E", [(("BRAF",), "V600E", "negative"), (("BRAF",), "", "positive")]),
        ("KRAS", "除G12C外的突变", [(("KRAS",), "G12C", "negative"), (("KRAS",), "", "positive")]),
        ("BRAF", "not V600E", [(("BRAF",), "V600E", "negative")]),
        ("BRAF", "未检出非V600E突变", []),  # of V600E nothing is said
        ("KRAS", "G13D (non-G12C)", [(("KRAS",), "G13D", "positive")]),
        ("VE1", "positive", [(("BRAF",), "V600E", "positive")]),
        ("RAS", "mutant", [(("KRAS", "NRAS"), "", "positive")]),
        ("RAS", "WT", [(("KRAS",), "", "negative"), (("NRAS",), "", "negative")]),
        ("KRAS exon 2", "wild type", []),  # exons 3 and 4 were not looked at
        ("KRAS", "not tested", []),
        ("EGFR", "positive", []),  # may be the protein
        ("EGFR", "S492R", [(("EGFR",), "S492R", "positive")]),
        ("MLH1 methylation", "positive", []),
        ("HER2", "positive", []),
        ("UGT1A1", "*28/*28", []),
        ("BRCA2", "pathogenic germline variant", [(("BRCA2",), "", "positive")]),
        ("gBRCA1", "阳性", [(("BRCA1",), "", "positive")]),
        ("BRCA2", "variant of uncertain significance", []),
        ("BRCA2", "negative", []),  # of one test: a germline loss or a deletion may be there
        ("BRCA2", "c.5946delT p.Ser1982fs", [(("BRCA2",), "S1982fs", "positive")]),
    ],
)
def test_what_a_record_says_of_a_gene(marker, value, said):
    """Written from the ways hospitals write results; what is not understood says nothing."""
    assert [(r.genes, r.change, r.state) for r in gene_records(readings((marker, value)))] == said


@pytest.mark.parametrize(
    ("markers", "state"),
    [
        ([("MLH1", "(-)"), ("PMS2", "(-)"), ("MSH2", "(+)"), ("MSH6", "(+)")], "positive"),
        ([("MLH1 IHC", "lost")], "positive"),
        ([("MLH1", "+"), ("PMS2", "+"), ("MSH2", "+"), ("MSH6", "+")], "negative"),
        ([("MLH1", "阳性")], "unclear"),  # one protein kept is not four
        ([("MMR", "MLH1(+)、MSH2(+)、MSH6(+)、PMS2(+)")], "negative"),
        ([("MMR", "MLH1(-), PMS2(-), MSH2(+), MSH6(+)")], "positive"),
        ([("错配修复", "错配修复缺陷")], "positive"),
        ([("dMMR", "no")], "negative"),
        ([("pMMR", "yes")], "negative"),
    ],
)
def test_repair_proteins_are_read_as_stained(markers, state):
    """Immunohistochemistry: a protein that stains is kept, so MLH1 (+) is proficient and MLH1 (-) deficient."""
    assert readings(*markers).filter(pl.col("marker") == "MMR")["state"].unique().to_list() == [state]


def test_her2_is_read_in_every_spelling():
    written = {
        "3+": "positive",
        "（3+）": "positive",
        "+++": "positive",
        "2+": "unclear",
        "HER2(1+)": "negative",
        "0": "negative",
    }
    assert {v: marker_state(marker_name("HER2", v), v) for v in written} == written
    assert {marker_name(m) for m in ("HER2 FISH", "HER2-FISH", "ERBB2 ISH", "HER2/FISH", "HER2扩增")} == {"HER2 ISH"}
    assert marker_state("HER2 ISH", "扩增") == "positive" and marker_state("HER2 ISH", "未扩增") == "negative"


def cohort(make_study, markers, *, targets="TTN", depth=None, calls=(), variants=()) -> Cohort:
    study: Study = make_study(
        samples=[
            {"sample_id": "T1", "patient_id": "P1", "material": "tissue", "purity": 0.6, "day": 0, "assay_id": "A"}
        ],
        assays=[{"assay_id": "A", "kind": "panel", "targets": targets, "min_alt_count": 5, "min_vaf": 0.03}],
        patients=[{"patient_id": "P1", "disease": "colorectal cancer", "stage": "IV"}],
        markers=[{"patient_id": "P1", "marker": m, "value": v, "day": 5} for m, v in markers],
        coverage=[
            {"sample_id": "T1", "gene": g, "codon": c, "min_depth": depth}
            for g in ("KRAS", "NRAS", "BRAF")
            for c in (12, 13, 59, 61, 117, 146, 600)
        ]
        if depth
        else [],
        calls=list(calls) or [{"sample_id": "T1", "variant_id": "1:100:A:T", "is_called": False}],
        variants=list(variants) or [{"variant_id": "1:100:A:T", "gene": "TTN", "consequence": "synonymous"}],
        config={"genome_build": "GRCh37"},
    )
    return Cohort(study)


def state_of(cohort: Cohort, status: str) -> tuple[str, str | None]:
    row = cohort.patient_statuses.filter(pl.col("status") == status).row(0, named=True)
    return row["state"], row["basis"]


def statuses(cohort: Cohort) -> dict[str, str]:
    return {m.rule.rule_id: m.status for m in cohort.therapy.matches["P1"]}


def test_where_nothing_was_sequenced_the_record_speaks(make_study):
    """The gene was on no assay: "not assessable" though the hospital's PCR was in the table."""
    found = cohort(make_study, [("KRAS", "wild type"), ("NRAS", "WT"), ("BRAF", "V600E")])
    assert state_of(found, "RAS") == ("negative", "recorded")
    assert state_of(found, "BRAF V600E") == ("positive", "recorded")
    said = statuses(found)
    assert said["CRC-06"] == said["CRC-08"] == "matched"
    assert said["CRC-03"] == "not_matched"
    assert said["CRC-01"] != "matched"  # which codons were tested is not told: never a measured wild type


def test_a_bare_mutation_is_ras_and_no_g12c(make_study):
    found = cohort(make_study, [("RAS", "突变型")])
    assert state_of(found, "RAS") == ("positive", "recorded")
    said = statuses(found)
    assert said["CRC-03"] == "matched"
    assert said["CRC-09"] == "not_assessable"
    assert found.findings.patients["P1"].variants[-1].name == "KRAS or NRAS mutated"


def test_one_gene_of_two_is_not_the_status(make_study):
    found = cohort(make_study, [("KRAS", "wt")])
    assert state_of(found, "RAS") == ("not_assessable", None)


def test_reads_and_record_that_differ_are_both_told(make_study):
    denied = cohort(make_study, [("KRAS", "G12D")], targets="KRAS;NRAS;BRAF", depth=900)
    assert state_of(denied, "RAS") == ("not_assessable", None)
    assert statuses(denied)["CRC-01"] == statuses(denied)["CRC-03"] == "not_assessable"
    g12d = {"variant_id": "12:25398284:C:T", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}
    call = {"sample_id": "T1", "variant_id": g12d["variant_id"], "alt_count": 200, "depth": 900, "is_called": True}
    seen = cohort(make_study, [("KRAS", "wt")], targets="KRAS;NRAS;BRAF", depth=900, calls=[call], variants=[g12d])
    row = seen.patient_statuses.filter(pl.col("status") == "RAS").row(0, named=True)
    assert row["state"] == "positive" and row["others"] == "record (day 5): KRAS wt"


def test_hybridisation_answers_for_amplification(make_study):
    """MOUNTAINEER: HER2 2+ with in situ hybridisation positive is HER2-positive."""
    found = cohort(make_study, [("HER2", "2+"), ("HER2 FISH", "扩增")])
    assert statuses(found)["CRC-13"] == "matched"
    assert statuses(cohort(make_study, [("HER2 FISH", "未扩增")]))["CRC-13"] == "not_matched"


@pytest.mark.parametrize(
    ("marker", "value", "said"),
    [
        ("HER2 IHC", "2+ / ISH positive", [("HER2 IHC", "unclear"), ("HER2 ISH", "positive")]),
        ("HER2", "2+（FISH 未扩增）", [("HER2 IHC", "unclear"), ("HER2 ISH", "negative")]),
        ("C-erbB-2", "3+", [("HER2 IHC", "positive")]),
        ("HER2 status", "1+, FISH not done", [("HER2 IHC", "negative"), ("HER2 ISH", "unclear")]),
    ],
)
def test_a_score_and_hybridisation_in_one_cell_are_two_results(marker, value, said):
    """HER2 2+ is decided by in situ hybridisation (Valtorta 2015); in one cell both were unclear."""
    assert readings((marker, value)).select("marker", "state").rows() == said


@pytest.mark.parametrize(
    ("marker", "value", "reported", "brca", "hrr"),
    [
        ("BRCA2", "p.Ser1982fs", False, "positive", "positive"),
        ("BRCA2", "pathogenic germline variant", True, "positive", "positive"),
        ("BRCA2", "pathogenic germline variant", False, None, None),
        ("BRCA1", "positive", False, "positive", "positive"),
        ("BRCA2", "p.K3326*", False, None, None),  # harmless
        ("BRCA2", "p.A2345T", False, None, None),  # no list decides
        ("ATM", "p.R3008C", False, None, "positive"),  # listed
    ],
)
def test_a_recorded_loss_of_a_repair_gene_counts_in_statuses_and_rules_alike(marker, value, reported, brca, hrr):
    """A hospital's own BRCA test met the rule of olaparib and left the status "not assessable"."""
    from tests.studies import study

    made = study(
        {"design": "mcrpc", "disease": "prostate cancer", "report_germline": reported},
        patients=[{"patient_id": "P1"}],
        samples=[],
        calls=[],
        markers=[{"patient_id": "P1", "marker": marker, "value": value, "day": 1}],
        treatments=[{"patient_id": "P1", "drugs": "abiraterone", "start_day": 0, "line": 1, "setting": "mCRPC"}],
    )
    cohort = Cohort(made)
    found = dict(cohort.statuses.select("status", "state").iter_rows())
    assert (found.get("BRCA"), found.get("HRR")) == (brca, hrr)
    met = {m.rule.rule_id for m in cohort.therapy.matches.get("P1", ()) if m.status == "matched"}
    assert ("PC-01" in met) == (brca == "positive")
