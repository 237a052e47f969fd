"""A delivery with folders (EDC/, vcf/, cfdna/, sample_sheet.csv): plasma became tissue of patients of its own, and tables of
patients were left out without a word on the terminal."""

from pathlib import Path

import pytest

from oncourse.io.detect import read_any

HEAD = '##fileformat=VCFv4.2\n##source=Mutect2\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
SHEET = (
    "SampleID,Subject,SampleType,Tissue,CollectionDate\nS006-M,S006,Tumor,Lymph node metastasis,2022-06-10\n"
    "S005-P,S005,Plasma,cfDNA,2022-05-07\n"
)


def _vcf(path: Path, sample: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}{COLUMNS}{sample}\nchr17\t7674220\t.\tC\tT\t.\tPASS\t.\tAD\t60,40\n")


def _delivery(folder: Path, plasma: str = "cfdna") -> Path:
    _vcf(folder / "NGS" / "vcf" / "S006-M.vcf", "S006-M")
    _vcf(folder / "NGS" / plasma / "S005-P.vcf", "S005-P")
    params = "Sample\tTumor Fraction\tPloidy\nS005-P\t0.32\t2.4\n\nGender:\tmale\nTumor Fraction:\t0.32\nPloidy:\t2.4\n"
    (folder / "NGS" / plasma / "S005-P.params.txt").write_text(params)
    return folder


@pytest.mark.parametrize("plasma", ["cfdna", "cfDNA", "plasma", "ctDNA", "02_血浆检测"])
@pytest.mark.parametrize("has_sheet", [True, False])
def test_plasma_is_of_its_patient_as_the_sheet_or_the_folder_says(tmp_path: Path, plasma: str, has_sheet: bool) -> None:
    folder = _delivery(tmp_path, plasma)
    if has_sheet:
        (folder / "NGS" / "sample_sheet.csv").write_text(SHEET)
    reading = read_any(folder)
    mine = reading.tables["samples"].filter(sample_id="S005-P").row(0, named=True)
    assert (mine["patient_id"], mine["material"], mine["tumor_fraction"]) == ("S005", "plasma", 0.32)
    assert "S005" in reading.tables["patients"]["patient_id"].to_list()
    assert reading.tables["samples"].filter(sample_id="S006-M")["material"].item() == "tissue"
    told = "sample_sheet.csv is read as the table" if has_sheet else "1 samples are plasma, as their folder says"
    assert any(told in note for note in reading.notes)


def test_no_tumour_fraction_is_no_purity(tmp_path: Path) -> None:
    folder = _delivery(tmp_path)
    params = folder / "NGS" / "cfdna" / "S005-P.params.txt"
    params.write_text(params.read_text().replace("0.32", "0.0"))
    mine = read_any(folder).tables["samples"].filter(sample_id="S005-P").row(0, named=True)
    assert (mine["tumor_fraction"], mine["purity"]) == (0.0, None)


@pytest.mark.parametrize("header", ["Subject", "Patient ID", "患者编号", "USUBJID"])
def test_tables_of_patients_that_nobody_reads_are_named(tmp_path: Path, header: str) -> None:
    folder = _delivery(tmp_path)
    (folder / "EDC").mkdir()
    for name in ("LB", "CM_anticancer", "RECIST_TL"):
        (folder / "EDC" / f"{name}.csv").write_text(f"{header},Visit,Result\nS006,W8,3\n")
    (folder / "EDC" / "versions.csv").write_text("tool,version\nbwa,0.7\n")
    told = [p for p in read_any(folder).problems if p.table == "EDC"]
    assert [p.severity for p in told] == ["warning"]
    assert "3 tables of patients are not read (CM_anticancer.csv, LB.csv, RECIST_TL.csv)" in told[0].message
    assert "patients.csv" in told[0].cure


def test_tables_named_as_ours_in_a_folder_beside_the_calls_are_read(tmp_path: Path) -> None:
    folder = _delivery(tmp_path)
    (folder / "EDC").mkdir()
    (folder / "EDC" / "patients.csv").write_text(
        "patient_id,sex,index_date\nS005,male,2022-01-01\nS006,male,2022-02-01\n"
    )
    (folder / "EDC" / "labs.csv").write_text("patient_id,date,analyte,value,unit\nS006,2022-03-01,PSA,3,ng/mL\n")
    reading = read_any(folder)
    assert reading.tables["labs"]["value"].to_list() == ["3"]
    assert not [p for p in reading.problems if "not read" in p.message]


def test_a_list_of_lanes_is_no_sheet_of_samples(tmp_path: Path) -> None:
    """It says a sample twice: which row would count nobody knows, so that it is named and not read."""
    folder = _delivery(tmp_path)
    rows = "patient,sample,lane\nS006,S006-M,L1\nS006,S006-M,L2\n"
    (folder / "NGS" / "samplesheet.csv").write_text(rows)
    reading = read_any(folder)
    assert any(p.table == "NGS" and "samplesheet.csv" in p.message for p in reading.problems)
    assert set(reading.tables["samples"]["sample_id"]) == {"S005-P", "S006-M"}
