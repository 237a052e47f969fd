"""A cBioPortal folder's further mutation tables: germline, not signed out; they were named as not read."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.io import examined

HEAD = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tVariant_Classification\t"
HEAD += "HGVSp_Short\tNCBI_Build\tTumor_Sample_Barcode\tMutation_Status\tt_alt_count\tt_ref_count\n"
KRAS = "KRAS\t12\t25398284\tC\tT\tMissense_Mutation\tp.G12D\tGRCh37\t"
BRCA2 = "BRCA2\t13\t32914437\tG\tT\tNonsense_Mutation\tp.E1982*\tGRCh37\t"
APC = "APC\t5\t112175639\tC\tT\tNonsense_Mutation\tp.R1450*\tGRCh37\t"
IDS = ("P1", "P2", "P3")


def _study(folder, counts, **files):
    texts = {
        "data_clinical_sample": "PATIENT_ID\tSAMPLE_ID\n" + "".join(f"{p}\t{p}-T01\n" for p in IDS),
        "data_clinical_patient": "PATIENT_ID\tSEX\n" + "".join(f"{p}\tMale\n" for p in IDS),
        "data_mutations": HEAD + "".join(f"{APC}{p}-T01\tSOMATIC\t{counts}\n" for p in IDS),
    }
    for name, text in (texts | files).items():
        (folder / f"{name}.txt").write_text(text)
    return examined(folder)[0]


@pytest.mark.parametrize("counts", ["300\t700", "\t"])
def test_what_a_laboratory_did_not_sign_out_is_no_call_and_forbids_wild_type(tmp_path, counts):
    """With and without its reads: a variant was seen at codon 12."""
    study = _study(tmp_path, counts, data_mutations_nonsignedout=f"{HEAD}{KRAS}P1-T01\tSOMATIC\t{counts}\n")
    row = study["calls"].filter(pl.col("variant_id").str.starts_with("12:"))
    assert row.select("sample_id", "is_called", "filter").rows() == [("P1-T01", False, "not signed out")]
    states = Cohort(study).statuses.filter(pl.col("status") == "RAS").select("sample_id", "state")
    assert dict(states.iter_rows()) == {"P1-T01": "not_assessable", "P2-T01": "negative", "P3-T01": "negative"}


def test_a_germline_table_holds_no_somatic_call_and_a_normal_is_no_tumour(tmp_path):
    """Whatever its status says; P3-N01 was a tumour of a fourth patient."""
    rows = f"{BRCA2}P2-T01\tSOMATIC\t300\t700\n{BRCA2}P3-N01\t\t300\t700\n"
    study = _study(tmp_path, "300\t700", data_mutations_germline=HEAD + rows)
    found = study["calls"].filter(pl.col("variant_id").str.starts_with("13:")).select("sample_id", "origin")
    assert found.rows() == [("P2-T01", "germline"), ("P3-N01", "germline")]
    normal = study["samples"].filter(pl.col("sample_id") == "P3-N01").select("patient_id", "material")
    assert normal.rows() == [("P3", "normal")]
    assert study["patients"]["patient_id"].to_list() == list(IDS)
    files = study.intake["intake/files"].filter(pl.col("file") == "data_mutations_germline.txt")
    assert files["state"].to_list() == ["used"]
