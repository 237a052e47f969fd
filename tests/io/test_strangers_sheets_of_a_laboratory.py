"""Sample sheets of a laboratory's system beside calls: whose samples they are was read from the samples' names alone, so
that each sample of a patient became a patient."""

from pathlib import Path

import pytest

from oncourse.io.aside import checked
from oncourse.io.files import read_files
from oncourse.io.hospital.delivery import read_delivery

HEAD = "##fileformat=VCFv4.2\n##source=strelka\n"
FORMATS = "".join(f'##FORMAT=<ID={n},Number=2,Type=Integer,Description="x">\n' for n in ("AU", "CU", "GU", "TU"))
CALLS = (
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNORMAL\tTUMOR\n"
    "chrX\t67723710\t.\tA\tG\t.\tPASS\tSOMATIC\tDP:AU:CU:GU:TU\t80:80,80:0,0:0,0:0,0\t100:40,40:0,0:60,60:0,0\n"
)
SHEET = (
    "SampleID,{},SampleType,Tissue,CollectionDate,Assay,Reference\n"
    "S001-T,S001,Tumor,Primary,2018-03-10,WES,hg38\n"
    "S001-N,S001,Normal,WBC,2022-01-11,WES,hg38\n"
    "S002-M,S002,Tumor,Bone metastasis,2022-02-14,WES,hg38\n"
    "S002-N,S002,Normal,WBC,2022-02-14,WES,hg38\n"
    "S005-P,S005,Plasma,cfDNA,2022-05-07,WES,hg38\n"
)


def _read(folder: Path, sheet: str):
    calls = folder / "vcf"
    calls.mkdir()
    (calls / "S002.strelka.somatic.snvs.vcf").write_text(HEAD + FORMATS + CALLS)
    (folder / "sheet.csv").write_text(sheet)
    return read_files([calls], clinical=[folder / "sheet.csv"])


@pytest.mark.parametrize(
    "header",
    [
        "Subject",
        "SubjectID",
        "Subject ID",
        "Patient",
        "Donor",
        "DonorID",
        "Individual",
        "individual_id",
        "ParticipantID",
    ],
)
def test_the_person_of_a_sheet_is_its_patient_by_each_name(tmp_path: Path, header: str) -> None:
    """Subject was kept as a column of its own, S002-M became a patient, and its calls those of an invented sample S002."""
    reading = _read(tmp_path, SHEET.format(header))
    assert reading.tables["patients"]["patient_id"].to_list() == ["S001", "S002", "S005"]
    samples = reading.tables["samples"]
    owners = dict(samples.select("sample_id", "patient_id").iter_rows())
    assert owners == {"S001-T": "S001", "S001-N": "S001", "S002-M": "S002", "S002-N": "S002", "S005-P": "S005"}
    assert set(reading.tables["calls"]["sample_id"]) == {"S002-M"}
    materials = dict(samples.select("sample_id", "material").iter_rows())
    assert (materials["S005-P"], materials["S001-T"]) == ("plasma", "tissue")
    assert samples.filter(sample_id="S001-T")["collection_date"].item() == "2018-03-10"
    assert any("S002: S002-M" in note for note in reading.notes)
    if header not in ("Patient", "SubjectID", "Subject ID"):
        assert any(note.startswith(f"{header} is the patient's id") for note in reading.notes)


def test_a_donor_that_is_yes_or_no_is_no_patient(tmp_path: Path) -> None:
    sheet = "SampleID,Donor,SampleType\nS002-M,no,Tumor\nS003-M,yes,Tumor\n"
    reading = _read(tmp_path, sheet)
    assert not {"yes", "no"} & set(reading.tables["patients"]["patient_id"])


def test_calls_of_a_patient_with_two_tumours_in_the_sheet_are_told(tmp_path: Path) -> None:
    """Which of the two it is nobody said: neither is chosen, and the id that does not meet is named."""
    reading = _read(tmp_path, SHEET.format("Subject") + "S002-T,S002,Tumor,Primary,2017-02-14,WES,hg38\n")
    samples = reading.tables["samples"]
    assert set(reading.tables["calls"]["sample_id"]) == {"S002"}
    assert samples.filter(sample_id="S002")["patient_id"].item() == "S002"
    assert any("S002" in str(p) and "no row in the clinical table" in str(p) for p in reading.problems)


def test_dates_of_a_sheet_that_names_no_day_0_do_not_refuse_the_study(tmp_path: Path) -> None:
    """A delivery with a sheet of samples and their days was refused for want of an index date."""
    calls = tmp_path / "vcf"
    calls.mkdir()
    (calls / "S002.strelka.somatic.snvs.vcf").write_text(HEAD + FORMATS + CALLS)
    (tmp_path / "sheet.csv").write_text(SHEET.format("Subject"))
    reading = read_delivery([calls], clinical=[tmp_path / "sheet.csv"])
    assert not [p for p in checked(reading)[1] if p.severity == "error"]
    assert set(reading.tables["samples"]["patient_id"]) == {"S001", "S002", "S005"}
