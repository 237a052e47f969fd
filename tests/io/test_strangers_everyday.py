"""Tables as people send them every day: headers twice, notes below, ids in columns, cells and libraries, samples told by
type and time; names with blanks and in Chinese; the caller's candidates beside its filtered file."""

from __future__ import annotations

import doctest

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, states_of, write_book, write_table, write_vcf
from tests.typed import typed

from oncourse.errors import InputError
from oncourse.io.clinical import gene_columns, sample_ids
from oncourse.io.detect import read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.tabular import remarks, text
from oncourse.io.variants import specimens

CALL = "12 25398284 . C T 50 PASS . GT:AD:DP"
READS = f"{MAF}\tt_alt_count\tt_depth"


def _row(sample, alt=300, **cells):
    line = dict(zip(MAF.split("\t"), KRAS_ROW.split("\t"), strict=True)) | {"Tumor_Sample_Barcode": sample} | cells
    return "\t".join([*line.values(), str(alt), "1000"])


def _samples(reading):
    return reading.tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows()


def _maf(path, *lines, head=READS):
    return write_table(path / "a.maf", "\n".join([head, *lines]))


@pytest.mark.parametrize("module", [gene_columns, sample_ids, remarks, specimens, text])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("column", "words", "samples"),
    [
        ("Sample_Type", ("Primary", "Metastasis"), ["P1_Metastasis", "P1_Primary"]),
        ("Timepoint", ("baseline", "progression"), ["P1_baseline", "P1_progression"]),
        ("取样部位", ("原发灶", "肝转移"), ["P1_原发灶", "P1_肝转移"]),
    ],
)
def test_rows_of_one_id_are_of_the_samples_that_a_column_tells_apart(tmp_path, column, words, samples):
    """Primary and metastasis under the patient's id (maftools#255 of MesKit asks for such a column) were one sample."""
    rows = [f"{_row('P1', alt)}\t{word}" for alt, word in zip((300, 30), words, strict=True)]
    reading = read_delivery([_maf(tmp_path, *rows, head=f"{READS}\t{column}")])
    assert [s[:2] for s in _samples(reading)] == [(s, "P1") for s in samples]
    assert sorted(reading.tables["calls"]["alt_count"]) == [30, 300]


def test_a_column_of_consequences_tells_no_samples_apart(tmp_path):
    """ANNOVAR's Region holds exonic and splicing."""
    rows = [f"{_row('P1', 300)}\texonic", f"{_row('P1', 30, Start_Position='25398285')}\tintronic"]
    reading = read_delivery([_maf(tmp_path, *rows, head=f"{READS}\tRegion")])
    assert [s[0] for s in _samples(reading)] == ["P1"]


@pytest.mark.parametrize(("more", "samples"), [("", ["P1", "P2"]), ("\tRegion", ["P1_R1", "P1_R2", "P2_R1"])])
def test_rows_that_name_patients_alone_are_of_their_samples(tmp_path, more, samples):
    """Two patients without a column of samples were one sample, named after the file."""
    head = READS.replace("Tumor_Sample_Barcode", "Patient_ID") + more
    regions = zip(("P1", "P1", "P2") if more else ("P1", "P2"), ("R1", "R2", "R1"), strict=False)
    rows = [_row(p) + (f"\t{r}" if more else "") for p, r in regions]
    assert [s[0] for s in _samples(read_delivery([_maf(tmp_path, *rows, head=head)]))] == samples


def test_a_second_header_notes_and_totals_are_no_rows(tmp_path):
    """A header in Chinese below the English one was a patient 样本编号, a total one of its own, and a note below the table
    refused the workbook."""
    second = (
        "基因\t染色体\t起始位置\t终止位置\t参考碱基\t突变碱基\t样本编号\t突变类型\t氨基酸改变\t参考基因组\t深度\t总深度"
    )
    reading = read_delivery([_maf(tmp_path, second, _row("S1"), "Total\t\t\t\t\t\t1")])
    assert _samples(reading) == [("S1", "S1", "tissue")]
    assert any("2 lines are no rows of the table" in n for n in reading.notes)
    rows = [
        ["Table S2. Mutations"],
        [],
        READS.split("\t"),
        _row("S1").split("\t"),
        [],
        ["VAF, allele fraction, a note"],
    ]
    book = write_book(tmp_path / "b.xlsx", Mutations=rows)
    assert [s[0] for s in _samples(read_any(book))] == ["S1"]


@pytest.mark.parametrize("above", ["sep=;\n", "#", "Table S1. Mutations\n"])
def test_what_stands_above_or_before_a_header(tmp_path, above):
    """Excel's first line sep=;, a header behind #, a title: "the header has 1 column", "25398284 is there twice"."""
    body = "\n".join([READS, _row("S1")]).replace("\t", ";" if "sep" in above else "\t")
    (tmp_path / "a.csv").write_text(above + body + "\n")
    assert calls_of(read_any(tmp_path / "a.csv"), "alt_count") == [("S1", KRAS, 300)]


def test_lines_of_remarks_above_a_header_stay_remarks(tmp_path):
    """cBioPortal writes four lines of as many cells as the header has."""
    lines = ["#Patient\tSample\tAge", "#x\ty\tz", "#STRING\tSTRING\tNUMBER", "#1\t1\t1", "PATIENT_ID\tSAMPLE_ID\tAGE"]
    path = write_table(tmp_path / "c.txt", "\n".join([*lines, "P1\tS1\t60"]))
    assert text.read_table(path).frame.columns == ["PATIENT_ID", "SAMPLE_ID", "AGE"]


def test_errors_of_a_spreadsheet_are_nobody(tmp_path):
    """#N/A of a lookup was a sample's id with a wrong character."""
    with pytest.raises(InputError, match="the row has no sample"):
        reading = read_delivery([_maf(tmp_path, _row("#N/A"))])
        raise InputError([p for p in reading.problems if p.severity == "error"])


def test_a_web_page_named_as_a_workbook_is_told_the_way(tmp_path):
    """Hospital systems export web pages as .xls; "download the raw link" was the advice."""
    (tmp_path / "a.xls").write_text("<html><table><tr><td>KRAS</td></tr></table></html>")
    with pytest.raises(InputError, match=r"save it as \.xlsx"):
        read_any(tmp_path / "a.xls")


@pytest.mark.parametrize(
    ("names", "patients"),
    [
        (("P1 primary", "P1 liver met", "P2 primary"), ["P1", "P1", "P2"]),
        (("P1_T1", "P1_T2", "P2_T1"), ["P1", "P1", "P2"]),
        (("P1_pre", "P1_post", "P2_pre"), ["P1", "P1", "P2"]),
        (("P1_Tumor", "P1_Met", "P2_Tumor"), ["P1", "P1", "P2"]),
        (("1001_colon", "1001_liver", "1002_lung"), ["1001", "1001", "1002"]),
        (("王某_结肠", "王某_肝", "李某_直肠"), ["王某", "王某", "李某"]),
        (("S01_FFPE", "S01_cfDNA", "S02_FFPE"), ["S01", "S01", "S02"]),
        (("张三原发灶", "张三肝转移", "李四原发灶"), ["张三", "张三", "李四"]),
    ],
)
def test_names_of_one_beginning_are_of_one_patient(tmp_path, names, patients):
    """Regions T1 and T2, names with blanks and Chinese names without a mark were a patient each; 张三肝转移 was a name of
    nobody."""
    reading = read_delivery([_maf(tmp_path, *(_row(n) for n in names))])
    assert {s: p for s, p, _ in _samples(reading)} == dict(zip(names, patients, strict=True))


@pytest.mark.parametrize("start", ["CRC_T", "CRC_C", "S1_V", "HOSP-M"])
def test_thirty_numbers_behind_one_beginning_are_thirty_patients(tmp_path, start):
    """CRC_C01 to CRC_C30 of a cohort were thirty samples of one patient CRC."""
    names = [f"{start}{i:02}" for i in range(1, 31)]
    reading = read_delivery([_maf(tmp_path, *(_row(n) for n in names))])
    assert sorted({p for _, p, _ in _samples(reading)}) == names


@pytest.mark.parametrize("names", [("P1_primary", "P1_liver_met"), ("张三原发灶", "张三肝转移")])
def test_names_that_say_primary_and_metastasis_make_a_pair_of_lesions(tmp_path, names):
    """A note said of them that they "do not say primary or metastasis"."""
    reading = read_delivery([_maf(tmp_path, *(_row(n) for n in names))])
    lesions = reading.tables["lesions"].select("role", "site").sort("role").rows()
    assert [role for role, _ in lesions] == ["metastasis", "primary"] and lesions[0][1] == "liver"
    assert any("primary or metastasis by their names" in n for n in reading.notes)


def test_chinese_words_glued_to_a_column_say_normal(tmp_path):
    path = write_vcf(tmp_path / "P1.vcf", ["患者1对照", "患者1肿瘤"], [f"{CALL} 0/0:100,0:100 0/1:70,30:100"])
    assert _samples(read_delivery([path])) == [("患者1肿瘤", "患者1", "tissue")]


@pytest.mark.parametrize(
    ("table", "calls", "samples"),
    [
        (
            "Patient,Primary_sample,Metastasis_sample,Normal_sample\nP1,A1,A2,A3",
            ("A1", "A2", "A3"),
            [("A1", "P1", "tissue"), ("A2", "P1", "tissue"), ("A3", "P1", "normal")],
        ),
        ('Patient ID,Sample ID\nP1,"A1, A2"', ("A1", "A2"), [("A1", "P1", "tissue"), ("A2", "P1", "tissue")]),
        (
            "Library ID,Sample name,Patient,Tissue\nA1,P1-pri,P1,Primary\nA2,P1-met,P1,Metastasis",
            ("A1", "A2"),
            [("P1-met", "P1", "tissue"), ("P1-pri", "P1", "tissue")],
        ),
        (
            "Library No,Patient,Sample type\nA1,P1,Primary\nA2,P1,Adjacent normal",
            ("A1", "A2"),
            [("A1", "P1", "tissue"), ("A2", "P1", "normal")],
        ),
        (
            "Sample ID,Patient\nA1†,P1\nA2,P1\nNote: * after surgery,",
            ("A1", "A2"),
            [("A1†", "P1", "tissue"), ("A2", "P1", "tissue")],
        ),
        (
            "SAMPLE_ID,PATIENT_ID\nP-0000001-T01,P-0000001",
            ("P-0000001-T01-IM6",),
            [("P-0000001-T01", "P-0000001", "tissue")],
        ),
    ],
)
def test_where_a_clinical_table_holds_the_samples(tmp_path, table, calls, samples):
    """A column per lesion, several ids in a cell, a library's number, a footnote's mark, MSK's panel behind the id: every
    sample of the calls was a patient of its own, the normal too."""
    clinical = tmp_path / "c.csv"
    clinical.write_text(table + "\n")
    reading = read_delivery([_maf(tmp_path, *(_row(c) for c in calls))], clinical=[clinical])
    assert _samples(reading) == samples


@pytest.mark.parametrize("words", ["Adjacent normal", "NAT", "PBMC", "癌旁组织", "non-tumor", "normal colon"])
def test_words_of_a_type_that_say_normal(tmp_path, words):
    """They were tissue of the tumour, and every germline variant of the patient somatic."""
    clinical = write_table(tmp_path / "c.txt", f"SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\nA1\tP1\tPrimary\nA2\tP1\t{words}")
    reading = read_delivery([_maf(tmp_path, _row("A1"), _row("A2", 500))], clinical=[clinical])
    assert dict(s[::2] for s in _samples(reading)) == {"A1": "tissue", "A2": "normal"}
    assert set(reading.tables["calls"]["origin"]) == {"germline"}


def test_a_file_after_the_filter_decides_on_the_candidates(tmp_path):
    """Mutect2's P1.vcf beside P1.filtered.vcf: every candidate that failed counted as a call of the first."""
    weak = "17 7578406 . C T 50 {} . GT:AD:DP 0/1:98,2:100"
    rows = {"P1.vcf": ("12 25398284 . C T 50 . . GT:AD:DP 0/1:70,30:100", weak.format("."))}
    rows["P1.filtered.vcf"] = (f"{CALL} 0/1:70,30:100", weak.format("weak_evidence"))
    for name, records in rows.items():
        write_vcf(tmp_path / "v" / name, ["P1"], records, "##source=Mutect2")
    assert calls_of(read_delivery([tmp_path / "v"]), "is_called") == [
        ("P1", KRAS, True),
        ("P1", "17:7578406:C:T", False),
    ]


def test_a_hospital_s_own_test_in_the_clinical_table_is_a_witness(tmp_path):
    """RAS mutant in the table and no RAS mutation in the file of calls was RAS wild type."""
    tp53 = _row("S2", Hugo_Symbol="TP53", Chromosome="17", Start_Position="7578406", End_Position="7578406")
    tp53 = tp53.replace("p.G12D", "p.R175H")
    clinical = write_table(
        tmp_path / "c.txt",
        "SAMPLE_ID\tPATIENT_ID\tRAS_STATUS\tBRAF_MUTATION\nS1\tP1\tWT\tYes\nS2\tP2\tMutant\tNo",
    )
    reading = read_delivery([_maf(tmp_path, _row("S1"), tp53)], clinical=[clinical])
    assert states_of(reading, "RAS") == {"S1": "positive", "S2": "not_assessable"}
    # mutated, not told how: V600E may not be assumed absent
    assert states_of(reading, "BRAF V600E") == {"S1": "not_assessable", "S2": "negative"}


def test_a_portal_s_folder_may_lie_in_another(tmp_path):
    write_table(tmp_path / "f" / "crc" / "data_clinical_sample.txt", "PATIENT_ID\tSAMPLE_ID\nP1\tS1")
    write_table(tmp_path / "f" / "crc" / "data_mutations.txt", f"{READS}\n{_row('S1')}")
    done = typed("import", "cbioportal", tmp_path / "f", tmp_path / "study")
    assert done.returncode == 0 and "the study is its folder crc" in done.stdout + done.stderr


def test_calls_where_no_copy_is_left_are_told(tmp_path):
    segments = write_table(
        tmp_path / "s.txt", "sample\tchrom\tstart\tend\ttotal_cn\tminor_cn\nS1\t12\t1\t133000000\t0\t0"
    )
    done = typed("import", "maf", _maf(tmp_path, _row("S1")), tmp_path / "study", "--segments", segments)
    assert "1 called variants lie where their sample has no copy left" in done.stdout + done.stderr


def test_msi_of_several_samples_in_one_table(tmp_path):
    table = "Sample\tTotal_Number_of_Sites\tNumber_of_Somatic_Sites\t%\nS1\t200\t60\t30.0\nS2\t200\t2\t1.0"
    found = write_table(tmp_path / "msi.txt", table)
    reading = read_delivery([_maf(tmp_path, _row("S1"), _row("S2"))], depths=[found])
    said = reading.tables["samples"].select("sample_id", "msi_score", "msi_status").sort("sample_id").rows()
    assert said == [("S1", 30.0, "MSI-H"), ("S2", 1.0, "MSS")]


def test_a_hidden_sheet_that_is_read_is_told(tmp_path):
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    for name, sample in (("new", "S1"), ("old", "S9")):
        sheet = book.add_worksheet(name)
        for i, line in enumerate((READS, _row(sample))):
            sheet.write_row(i, 0, line.split("\t"))
        if name == "old":
            sheet.hide()
    book.close()
    assert any("old: hidden in the workbook" in p.message for p in read_any(tmp_path / "a.xlsx").problems)


@pytest.mark.parametrize("column", ["Germline_Somatic", "Origin", "germline/somatic"])
def test_columns_that_say_the_origin(tmp_path, column):
    """Under these names it was not read: a germline BRCA2 counted as one of the tumour."""
    rows = (f"{_row('S1')}\tSomatic", f"{_row('S2')}\tgermline")
    reading = read_delivery([_maf(tmp_path, *rows, head=f"{READS}\t{column}")])
    assert [o for _, _, o in calls_of(reading, "origin")] == ["somatic", "germline"]


def test_names_that_share_a_beginning_are_told(tmp_path):
    """P1-A and P1-B were two patients, and a note on all names was all that said so; CRC-01 and CRC-02 are two."""
    told = [p.message for p in read_delivery([_maf(tmp_path, _row("P1-A"), _row("P1-B"))]).problems]
    assert any("2 samples share the beginning of their name (P1: P1-A, P1-B)" in m for m in told)
    told = [p.message for p in read_delivery([_maf(tmp_path, _row("CRC-01"), _row("CRC-02"))]).problems]
    assert not any("share the beginning" in m for m in told)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("1001T", "1001B", "1002T", "1002B"), True),
        (("WANG_T1", "WANG_T2", "LI_T1", "LI_T2"), True),
        (("2019-1234", "2019-1250", "2020-0011", "2020-0012"), False),  # numbers of a year
        (("CRC_T1", "CRC_T2"), False),  # patients of a cohort
    ],
)
def test_letters_right_behind_a_number_and_names_of_people_are_told(tmp_path, names, said):
    """Each was a patient of its own, in silence."""
    told = [p.message for p in read_delivery([_maf(tmp_path, *(_row(n) for n in names))]).problems]
    assert any("share the beginning" in m for m in told) is said


def test_a_row_of_two_variant_alleles_is_told(tmp_path):
    """vcf2maf#9: Tumor_Seq_Allele1 may be a second variant; it was lost without a word."""
    reading = read_delivery([_maf(tmp_path, f"{_row('S1')}\tA", head=f"{READS}\tTumor_Seq_Allele1")])
    assert any("two variant alleles: A" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    ("files", "columns"),
    [
        (("P1/pre.vcf", "P1/post.vcf", "P2/pre.vcf"), None),
        (("患者1.vcf", "患者2.vcf"), ("外周血", "原发灶", "肝转移")),
    ],
)
def test_times_and_blood_are_names_that_every_patient_has(tmp_path, files, columns):
    """pre and post of two patients were two samples, and 外周血 of two files one."""
    for name in files:
        own = columns or [(tmp_path / name).stem]
        cells = "0/0:100,0:100 " * (len(own) > 1) + "0/1:70,30:100 " * max(1, len(own) - 1)
        write_vcf(tmp_path / "v" / name, own, [f"{CALL} {cells}"])
    found = [s for s, _, _ in _samples(read_delivery([tmp_path / "v"]))]
    whole = ["患者1_原发灶", "患者1_肝转移", "患者2_原发灶", "患者2_肝转移"]
    assert found == (whole if columns else ["P1_post", "P1_pre", "P2_pre"])


def test_a_second_column_of_samples_parts_the_ids_of_the_first(tmp_path):
    """Tumor_Sample_Barcode held the patient and Sample_ID his samples: one sample."""
    rows = (f"{_row('P1')}\tA1", f"{_row('P1', 30)}\tA2")
    reading = read_delivery([_maf(tmp_path, *rows, head=f"{READS}\tSample_ID")])
    assert _samples(reading) == [("A1", "P1", "tissue"), ("A2", "P1", "tissue")]


def test_files_beside_a_workbook_are_told(tmp_path):
    """Reports beside the list of patients were passed over, and `check` found no problem."""
    write_table(tmp_path / "S1.csv", "基因,氨基酸改变,丰度,深度\nKRAS,p.G12D,12%,1000")
    write_book(tmp_path / "list.xlsx", 患者=[["患者编号", "性别"], ["P1", "男"]])
    reading = read_any(tmp_path)
    assert any("1 files lie beside the workbook and are not read (S1.csv)" in p.message for p in reading.problems)
