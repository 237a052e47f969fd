"""A table of samples with their days given beside files of calls: days, follow-up and deaths are read as of a workbook."""

from __future__ import annotations

import pytest

from oncourse.io.hospital.delivery import is_clinical_workbook, read_delivery
from oncourse.io.hospital.sample_table import sheets_of_samples

_MAF = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build"


def _read(folder, header, rows):
    calls = [f"KRAS\t12\t25398284\tC\tT\t{row[0]}\tGRCh37" for row in rows]
    (folder / "calls.maf").write_text("\n".join([_MAF, *calls, ""]), "utf-8")
    (folder / "clin.tsv").write_text("\n".join("\t".join(r) for r in (header, *rows)) + "\n", "utf-8")
    return read_delivery([folder / "calls.maf"], clinical=[folder / "clin.tsv"])


@pytest.mark.parametrize("header", ["day", "Day", "采样日期", "Collection date", "Sample date", "Date of collection"])
def test_the_days_of_samples_are_read(tmp_path, header):
    """`day` was source_day, dates further columns: monitoring had no days, and nothing said so."""
    is_day = header.lower() == "day"
    when = ("0", "60") if is_day else ("2021-01-01", "2021-03-02")
    rows = [("S1_d0", "S1", "Plasma", when[0]), ("S1_d60", "S1", "Plasma", when[1])]
    reading = _read(tmp_path, ("Sample ID", "Patient ID", "Sample Type", header), rows)
    samples = reading.tables["samples"].select("sample_id", "material", "day").rows()
    assert samples == [("S1_d0", "Plasma", "0"), ("S1_d60", "Plasma", "60")]  # of dates alone, from the first of them


def test_what_is_known_of_the_patients_is_read_and_contradictions_are_told(tmp_path):
    header = ("Sample ID", "Patient ID", "Sample Type", "Collection date", "Date of diagnosis", "Sex", "ward")
    header += ("Date of last follow-up", "Vital status", "Date of death")
    one = ("2020-01-05", "F", "3", "2022-05-01", "Dead", "2022-05-01")
    rows = [("A_P", "A", "Primary", "2020-01-10", *one), ("A_M", "A", "Metastasis", "2022-03-01", *one)]
    rows += [("B_P", "B", "Primary", "2020-03-01", "2020-02-20", "M", "4", "2021-12-01", "Alive", "")]
    rows += [("B_M", "B", "Metastasis", "2021-02-01", "2020-02-20", "F", "4", "2021-12-01", "Alive", "")]
    reading = _read(tmp_path, header, rows)
    assert reading.tables["follow_up"].select("patient_id", "is_dead", "death_date").rows() == [
        ("A", "Dead", "2022-05-01"),
        ("B", "Alive", None),
    ]
    assert reading.tables["patients"].select("patient_id", "index_date", "sex", "ward").rows() == [
        ("A", "2020-01-05", "F", "3"),
        ("B", "2020-02-20", None, "4"),
    ]
    assert [p.message for p in reading.problems if p.column == "Sex"] == [
        "1 patients have several values of Sex (first: B): not known."
    ]
    roles = dict(reading.tables["lesions"].select("lesion_id", "role").rows())
    assert sorted(roles.values()) == ["metastasis", "metastasis", "primary", "primary"]


@pytest.mark.parametrize(
    "text",
    [
        "SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\tOS_MONTHS\nA\tP\tPrimary\t3\n",  # cBioPortal's: no day
        "#Sample\tday\nSAMPLE_ID\tPATIENT_ID\tDAY\nA\tP\t3\n",
        "sample_id\tpatient_id\tday\nA\tP\t3\nA\tP\t4\n",  # a sample twice
        "sample_id\tday\nA\t3\n",  # nobody's
        "sample_id\tpatient_id\tday\nA\tP\t3\n\tP\t4\n",
    ],
)
def test_others_are_read_as_before(tmp_path, text):
    (tmp_path / "t.tsv").write_text(text, "utf-8")
    assert sheets_of_samples(tmp_path / "t.tsv") == ([], [])
    assert not is_clinical_workbook(tmp_path / "t.tsv")


def test_a_clinical_table_of_tcga_is_read_as_one(tmp_path):
    """[Not Applicable] under the days of death refused the study, once the table was taken for a sheet of samples."""
    from oncourse.io.hospital.sample_table import sheets_of_samples

    head = "Tumor_Sample_Barcode\tpatient_id\tdays_to_death\tdays_to_last_followup\tvital_status"
    row = "TCGA-2A-A8VL-01A\tTCGA-2A-A8VL\t[Not Applicable]\t621\tAlive"
    (tmp_path / "c.tsv").write_text(f"{head}\n{row}\n")
    assert sheets_of_samples(tmp_path / "c.tsv") == ([], [])
