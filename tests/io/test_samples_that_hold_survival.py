"""Clinical tables beside calls with a row per sample that hold the survival of the patients, too."""

from __future__ import annotations

import pytest

from oncourse.io.hospital.delivery import read_delivery

_MAF = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tNCBI_Build"
_SAMPLES = ("S1", "S2", "S3")


@pytest.fixture
def read(tmp_path):
    def of(*rows: str):
        calls = [f"KRAS\t12\t25398284\tC\tT\t{s}\tGRCh37" for s in _SAMPLES]
        (tmp_path / "calls.maf").write_text("\n".join([_MAF, *calls, ""]), "utf-8")
        (tmp_path / "clin.txt").write_text(
            "\n".join(r.replace(" ", "\t").replace("~", " ") for r in rows) + "\n", "utf-8"
        )
        return read_delivery([tmp_path / "calls.maf"], clinical=[tmp_path / "clin.txt"])

    return of


@pytest.mark.parametrize("head", ["Tumor_Sample_Barcode Patient_ID", "sample_id patient_id", "样本编号 患者编号"])
def test_a_row_per_sample_with_overall_survival_is_of_samples_and_patients(read, head):
    """mafSurvival (maftools#422): of one sample a patient the table was one of patients only: 6 patients for 3, plasma
    was tissue, the metastasis was lost, and nobody had calls and follow-up both."""
    rows = ["S1 P1 plasma . 10 DECEASED", "S2 P2 tissue metastasis 20 LIVING", "S3 P3 plasma . 20 LIVING"]
    tables = read(f"{head} material role OS_MONTHS OS_STATUS", *(r.replace(".", "") for r in rows)).tables
    assert tables["samples"].select("sample_id", "patient_id", "material").rows() == [
        ("S1", "P1", "plasma"),
        ("S2", "P2", "tissue"),
        ("S3", "P3", "plasma"),
    ]
    assert tables["lesions"]["role"].to_list() == ["metastasis"]
    assert tables["patients"]["patient_id"].to_list() == ["P1", "P2", "P3"]
    assert tables["follow_up"].select("patient_id", "death_day").rows() == [("P1", 304), ("P2", None), ("P3", None)]


def test_a_row_per_barcode_with_days_of_contact_is_of_both(read):
    """Beside Tumor_Sample_Barcode is_dead and last_contact_day were kept as words of the samples; without a column of the
    material such a table named sample_id refused the study."""
    head = "Tumor_Sample_Barcode Patient is_dead last_contact_day"
    tables = read(head, "S1 P1 false 400", "S2 P2 false 300", "S3 P3 false 200").tables
    assert tables["follow_up"].select("patient_id", "last_contact_day").rows() == [
        ("P1", "400"),
        ("P2", "300"),
        ("P3", "200"),
    ]
    assert tables["samples"]["material"].to_list() == ["tissue"] * 3


def test_patients_with_survival_whose_samples_stand_in_another_column_keep_them(read):
    """A library's number, or a column each of tumour and normal, beside OS: every sample was a patient of its own."""
    rows = [f"P{n} S{n} 10 DECEASED" for n in (1, 2, 3)]
    tables = read("patient_id library OS_MONTHS OS_STATUS", *rows).tables
    assert tables["samples"].select("sample_id", "patient_id").rows() == [("S1", "P1"), ("S2", "P2"), ("S3", "P3")]
    rows = [f"P{n} S{n} N{n} 10 DECEASED" for n in (1, 2, 3)]
    tables = read("Patient Tumor Normal OS_MONTHS OS_STATUS", *rows).tables
    assert sorted(tables["samples"].select("sample_id", "patient_id").rows()) == [
        *((f"N{n}", f"P{n}") for n in (1, 2, 3)),
        *((f"S{n}", f"P{n}") for n in (1, 2, 3)),
    ]
    assert tables["patients"].height == 3


@pytest.mark.parametrize("end", ["DFS", "RFS", "PFS", "DSS", "EFS"])
def test_an_end_point_without_overall_survival_beside_samples_is_read(read, end):
    """cbioportal#7292, datahub#1122: DFS_MONTHS and DFS_STATUS without OS stayed columns of the samples, unsaid."""
    tables = read(
        f"sample_id patient_id {end}_MONTHS {end}_STATUS", "S1 P1 10 1:Yes", "S2 P2 20 0:No", "S3 P3 5 0:No"
    ).tables
    published = tables["published_endpoints"].select("patient_id", "endpoint", "time_days", "is_event")
    assert published.rows() == [("P1", end, 304, True), ("P2", end, 609, False), ("P3", end, 152, False)]


def test_samples_of_a_patient_that_differ_in_survival_leave_it_unknown(read):
    """The first sample's time stood for the patient, and nothing said so."""
    head = "sample_id patient_id OS_MONTHS OS_STATUS"
    reading = read(head, "S1 P1 10 0:LIVING", "S2 P1 20 0:LIVING", "S3 P3 5 0:LIVING")
    assert reading.tables["published_endpoints"]["patient_id"].to_list() == ["P3"]
    told = [p.message for p in reading.problems if "different things" in p.message]
    assert told == ["OS_MONTHS: the samples of 1 patients say different things (first: P1): not known."]


@pytest.mark.parametrize(
    ("header", "days"),
    [
        *(
            (h, 913)
            for h in ("OS~(years)", "OS_YEARS", "OS(年)", "OS~in~years", "Overall~survival~[years]", "总生存期(年)")
        ),
        *((h, 18) for h in ("OS~weeks", "OS_WEEKS", "OS(周)")),
        *((h, 2) for h in ("OS_DAYS", "OS(天)", "OS~time~(days)")),
        *((h, 76) for h in ("OS(月)", "OS~(mo)", "OS~[months]")),
    ],
)
@pytest.mark.parametrize("head", ["sample_id patient_id", "SAMPLE_ID PATIENT_ID"])
def test_a_time_of_survival_is_in_the_unit_of_its_name(read, head, header, days):
    """OS (years) was "a time without a unit"; OS_YEARS and OS weeks stayed columns, and nothing said so."""
    rows = [f"S{n} P{n} 2.5 DECEASED" for n in (1, 2, 3)]
    tables = read(f"{head} {header} OS_STATUS", *rows).tables
    assert tables["published_endpoints"]["time_days"].to_list() == [days] * 3


def test_999_months_of_survival_are_not_known(read):
    """A code of 999 months was 83 years of follow-up."""
    rows = ["S1 P1 999 0:LIVING", "S2 P2 20 0:LIVING", "S3 P3 999 1:DECEASED"]
    reading = read("sample_id patient_id OS_MONTHS OS_STATUS", *rows)
    assert reading.tables["follow_up"].select("patient_id", "last_contact_day").rows() == [("P2", 609)]
    assert any(p.message.startswith("2 values are codes where a day is not known (999)") for p in reading.problems)
