"""What the study records, its assays with their genes, its drugs as they were understood: a data manager's questions."""

from __future__ import annotations

import polars as pl
from tests.studies import study

from oncourse.analyses._overview_records import assays, drugs, recorded
from oncourse.cohort import Cohort

P = [{"patient_id": "P1"}, {"patient_id": "P2"}]
NO_CALLS: dict[str, list] = {"samples": [], "calls": [], "variants": []}


def test_rows_are_counted_by_kind_with_their_patients_and_days():
    """PSA of one patient and CEA of another are two lines, also where a row has no day."""
    labs = [
        {"patient_id": "P1", "day": -3, "analyte": "PSA", "value": 4.0, "unit": "ng/mL"},
        {"patient_id": "P1", "day": 40, "analyte": "PSA", "value": 2.0, "unit": "ng/mL"},
        {"patient_id": "P2", "day": 5, "analyte": "CEA", "value": 1.0, "unit": "ng/mL"},
    ]
    found = recorded(study(patients=P, labs=labs, **NO_CALLS))
    rows = {(r["table"], r["what"]): r for r in found.iter_rows(named=True)}
    assert rows["patients", None]["n_rows"] == 2 and rows["patients", None]["first_day"] is None
    psa = rows["labs", "PSA"]
    assert (psa["n_rows"], psa["n_patients"], psa["first_day"], psa["last_day"]) == (2, 1, -3, 40)
    assert rows["labs", "CEA"]["n_patients"] == 1


def test_calls_belong_to_the_patients_of_their_samples():
    samples = [
        {"sample_id": s, "patient_id": p, "material": "tissue"} for s, p in (("A", "P1"), ("B", "P1"), ("C", "P2"))
    ]
    variants = [{"variant_id": "1:5:A:T", "chrom": "1", "pos": 5, "ref": "A", "alt": "T", "gene": "KRAS"}]
    calls = [{"sample_id": s, "variant_id": "1:5:A:T", "alt_count": 9, "depth": 90} for s in ("A", "B")]
    found = recorded(study(patients=P, samples=samples, variants=variants, calls=calls))
    row = found.row(by_predicate=pl.col("table") == "calls", named=True)
    assert (row["n_rows"], row["n_patients"]) == (2, 1)


def test_an_assay_without_a_list_has_no_number_of_genes():
    """Every gene is taken as looked at there: that is no count of genes, and never 0."""
    samples = [
        {"sample_id": s, "patient_id": "P1", "material": "tissue", "assay_id": a}
        for s, a in (("A", "small"), ("B", "small"), ("C", "exome"), ("D", None))
    ]
    kinds = [{"assay_id": "small", "kind": "panel", "targets": "KRAS;BRAF"}, {"assay_id": "exome", "kind": "wes"}]
    made = study(patients=P, samples=samples, assays=kinds, calls=[], variants=[])
    rows = {r["assay_id"]: r for r in assays(made, Cohort(made).panels).iter_rows(named=True)}
    assert (rows["small"]["n_samples"], rows["small"]["n_genes"], rows["small"]["genes"]) == (2, 2, "BRAF;KRAS")
    assert rows["exome"]["n_genes"] is None and rows["exome"]["genes"] is None
    assert set(rows) == {"small", "exome"}  # D names none, and nothing says that it was profiled


def test_a_drug_that_nobody_knows_has_no_class_and_stays_as_written():
    given = [
        {"patient_id": "P1", "drugs": "Zytiga;prednisone", "start_day": 1},
        {"patient_id": "P2", "drugs": "abiraterone", "start_day": 1},
        {"patient_id": "P2", "drugs": "zq-117", "start_day": 50},
    ]
    rows = {r["drug"]: r for r in drugs(study(patients=P, treatments=given, **NO_CALLS)).iter_rows(named=True)}
    assert (rows["abiraterone"]["classes"], rows["abiraterone"]["n_patients"]) == ("ARPI", 2)
    assert rows["zq-117"]["classes"] is None and rows["zq-117"]["kind"] is None


def test_a_study_without_samples_and_treatments_has_none_of_them():
    empty = study(patients=P, **NO_CALLS)
    assert assays(empty, Cohort(empty).panels).is_empty() and drugs(empty).is_empty()
    assert recorded(empty)["table"].to_list() == ["patients"]
