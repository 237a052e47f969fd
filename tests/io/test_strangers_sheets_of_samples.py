"""Columns of a sheet of samples beside calls: stains, the share of tumour, quality control, status at the last visit."""

from __future__ import annotations

import doctest

import pytest
from tests.studies import study

from oncourse.io.clinical import own_genes, quality, words
from oncourse.io.hospital.delivery import read_delivery

_MAF = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build"


def _read(folder, header, rows):
    calls = [f"KRAS\t12\t25398284\tC\tT\t{row[0]}\tGRCh37" for row in rows]
    (folder / "calls.maf").write_text("\n".join([_MAF, *calls, ""]), "utf-8")
    lines = ["\t".join(r) for r in (("Sample ID", "Patient ID", "Sample Type", *header), *rows)]
    (folder / "clin.tsv").write_text("\n".join([*lines, ""]), "utf-8")
    return read_delivery([folder / "calls.maf"], clinical=[folder / "clin.tsv"])


def test_examples():
    assert all(doctest.testmod(module).failed == 0 for module in (own_genes, quality, words))


@pytest.mark.parametrize("header", ["HER2 IHC", "HER2_IHC", "HER2(IHC)", "ERBB2 IHC", "HER2 IHC score"])
def test_a_stain_under_any_of_its_names_is_a_marker(tmp_path, header):
    reading = _read(tmp_path, (header,), [("A_P", "A", "Primary", "3+")])
    assert reading.tables["markers"].select("patient_id", "marker", "value").rows() == [("A", "HER2 IHC", "3+")]


@pytest.mark.parametrize(
    "header", ["Tumour purity (%)", "Tumor content", "Tumor cellularity", "Tumour cell content (%)"]
)
def test_the_share_of_tumour_under_its_everyday_names(tmp_path, header):
    reading = _read(tmp_path, (header,), [("A_P", "A", "Primary", "60"), ("A_M", "A", "Met - liver", "30")])
    assert reading.tables["samples"]["purity"].round(6).to_list() == [0.6, 0.3]
    assert sorted(reading.tables["lesions"]["role"].to_list()) == ["metastasis", "primary"]


def test_a_sample_of_failed_quality_is_no_wild_type(tmp_path):
    """RAS of a sample whose sheet says "FAIL - low coverage" was negative, assumed."""
    rows = [("A_P", "A", "Primary", "pass"), ("A_M", "A", "Metastasis", "FAIL - low coverage")]
    reading = _read(tmp_path, ("QC",), rows)
    assay = dict(reading.tables["samples"].select("sample_id", "assay_id").rows())
    assert assay == {"A_P": None, "A_M": "not_profiled"}
    assert [p.message for p in reading.problems if p.column == "assay_id"] == [
        "1 samples failed their quality control (A_M: FAIL - low coverage): no wild type of theirs."
    ]


def test_status_at_the_last_visit_and_a_date_of_death_alone(tmp_path):
    header = ("Date of diagnosis", "Date of last follow-up", "Date of death", "Status at last follow-up")
    rows = [("A_P", "A", "Primary", "2020-01-05", "2022-05-01", "", "dead")]
    rows += [("B_P", "B", "Primary", "2020-01-05", "2022-05-01", "", "alive")]
    follow_up = _read(tmp_path, header, rows).tables["follow_up"].select("patient_id", "is_dead").rows()
    assert follow_up == [("A", "dead"), ("B", "alive")]
    made = study(
        patients=[{"patient_id": p} for p in "AB"],
        samples=[{"sample_id": "S", "patient_id": "A", "material": "tissue"}],
        calls=[],
        follow_up=[
            {"patient_id": "A", "is_dead": None, "death_day": 878, "last_contact_day": 878},
            {"patient_id": "B", "is_dead": False, "death_day": None, "last_contact_day": 847},
        ],
    )
    assert made["follow_up"].select("patient_id", "is_dead").rows() == [("A", True), ("B", False)]
