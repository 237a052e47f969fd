"""Files whose columns name the patients alone, and whose names or folders say what they hold of them: normals, lesions,
days; lanes of one library. Two samples were one, and a normal's variants were the tumour's."""

from __future__ import annotations

import doctest

import pytest

from oncourse.io.detect import read_any
from oncourse.io.files import read_files
from oncourse.io.whose import path_words
from oncourse.io.whose.manifest import Question

from .strangers import KRAS, KRAS_ROW, MAF, calls_of, states_of, write_table, write_vcf

ROW = "12 25398284 . C T . PASS . GT:AD:DP"
TP53_ROW = ROW.replace("12 25398284", "17 7578406")
TP53 = "17:7578406:C:T"


def _write(path, columns, row, cell="0/1:70,30:100"):
    return write_vcf(path, columns, [" ".join((row, *[cell] * len(columns)))])


def _people(reading):
    return sorted(reading.tables["samples"].select("sample_id", "patient_id", "material").rows())


def test_examples():
    assert doctest.testmod(path_words).failed == 0


@pytest.mark.parametrize(
    ("first", "second", "samples"),
    [
        ("P1_tissue.vcf", "P1_plasma.vcf", [("P1", "P1", "tissue"), ("P1_plasma", "P1", "plasma")]),
        ("P1_baseline.vcf", "P1_C3D1.vcf", [("P1_C3D1", "P1", "tissue"), ("P1_baseline", "P1", "tissue")]),
        ("P1/primary/calls.vcf", "P1/liver/calls.vcf", [("P1_liver", "P1", "tissue"), ("P1_primary", "P1", "tissue")]),
        (
            "P1/2021-03-01/calls.vcf",
            "P1/2022-04-01/calls.vcf",
            [("P1_2021-03-01", "P1", "tissue"), ("P1_2022-04-01", "P1", "tissue")],
        ),
    ],
)
def test_files_of_lesions_and_days_of_one_patient_are_samples_of_his(tmp_path, first, second, samples):
    """The column of each file is P1: plasma and tissue, two lesions, two days were one sample."""
    _write(tmp_path / first, ["P1"], ROW)
    _write(tmp_path / second, ["P1"], TP53_ROW)
    reading = read_any(tmp_path)
    assert _people(reading) == samples
    assert len(calls_of(reading)) == 2


@pytest.mark.parametrize(
    ("tumour", "normal", "columns"),
    [
        ("tumor/P1.vcf", "normal/P1.vcf", ("P1", "P1")),
        ("P1/tumor/calls.vcf", "P1/normal/calls.vcf", ("P1", "P1")),
        ("tumor_P1.vcf", "normal_P1.vcf", ("P1", "P1")),
        ("P1_tumor.vcf", "P1_normal.vcf", ("P1", "P1")),
        ("T_P1.vcf", "N_P1.vcf", ("T_P1", "N_P1")),
    ],
)
def test_a_file_that_its_name_or_folder_calls_a_normal_is_one(tmp_path, tumour, normal, columns):
    """TP53 R175H of the blood was a mutation of the tumour, or the blood another patient's tumour."""
    _write(tmp_path / tumour, columns[:1], ROW)
    _write(tmp_path / normal, columns[1:], TP53_ROW)
    reading = read_any(tmp_path)
    tissue = [s for s, _, m in _people(reading) if m != "normal"]
    assert [(s, v) for s, v in calls_of(reading) if s in tissue] == [(columns[0], KRAS)]
    assert {p for _, p, _ in _people(reading)} == {"P1"}


def test_files_of_several_people_may_hold_a_lesion_of_each(tmp_path):
    people = ["P1", "P2", "P3"]
    _write(tmp_path / "vcf/primary.vcf", people, ROW)
    _write(tmp_path / "vcf/plasma.vcf", people, TP53_ROW)
    six = [f"{p}_{word}" for p in people for word in ("plasma", "primary")]
    assert [s for s, _, _ in _people(read_any(tmp_path / "vcf"))] == six
    rows = [MAF, *(KRAS_ROW.replace("\tS1\t", f"\t{p}\t") for p in people)]
    for name in ("primary", "plasma"):
        write_table(tmp_path / f"maf/{name}.maf", "\n".join(rows))
    found = _people(read_any(tmp_path / "maf"))
    assert [s for s, _, _ in found] == six
    assert {p for _, p, _ in found} == {*people}


def test_a_sample_of_the_clinical_table_in_files_of_two_lesions_is_asked_about(tmp_path):
    paths = [_write(tmp_path / f"P1_{word}.vcf", ["P1"], ROW) for word in ("primary", "liver")]
    (tmp_path / "c.tsv").write_text("sample_id\tpatient_id\nP1\tPat1\n")
    with pytest.raises(Question, match="several lesions or days"):
        read_files(paths, clinical=[tmp_path / "c.tsv"])


@pytest.mark.parametrize("names", [("P1_A", "P1_B"), ("P1_1", "P1_2"), ("P1_left", "P1_right")])
def test_files_of_one_sample_under_unlike_names_are_told(tmp_path, names):
    """They were joined, and a note among others was all that said so."""
    for name, row in zip(names, (ROW, TP53_ROW), strict=True):
        _write(tmp_path / f"{name}.vcf", ["P1"], row)
    reading = read_any(tmp_path)
    assert [p.severity for p in reading.problems if "name one sample, P1" in p.message] == ["warning"]


def test_what_lies_beside_may_name_the_patient_of_one_sample(tmp_path):
    """P1.seg beside P1_plasma.vcf of the column P1."""
    _write(tmp_path / "P1_plasma.vcf", ["P1"], ROW)
    write_table(tmp_path / "P1.seg", "ID|chrom|loc.start|loc.end|num.mark|seg.mean\nP1|17|37800000|37900000|20|2.1")
    assert read_any(tmp_path).tables["segments"]["sample_id"].to_list() == ["P1_plasma"]


def test_lanes_of_a_library_are_one_sample(tmp_path):
    """bcl2fastq's P1_S1_L001 and P1_S1_L002 were two patients."""
    _write(tmp_path / "P1_S1_L001.vcf", ["P1_S1_L001"], ROW)
    _write(tmp_path / "P1_S1_L002.vcf", ["P1_S1_L002"], TP53_ROW)
    assert calls_of(read_any(tmp_path)) == [("P1_S1", KRAS), ("P1_S1", TP53)]


def test_names_in_front_of_which_stands_what_they_are(tmp_path):
    """N_P1 and N_P2 of a merged file were tumours."""
    path = write_vcf(
        tmp_path / "m.vcf",
        ["N_P1", "T_P1", "N_P2", "T_P2"],
        [f"{ROW} 0/0:90,0:90 0/1:70,30:100 0/0:90,0:90 0/0:90,0:90"],
    )
    assert [s for s, _, _ in _people(read_any(path))] == ["T_P1", "T_P2"]


def test_the_type_of_a_row_may_say_normal(tmp_path):
    """A row of Blood Derived Normal was a patient's tumour."""
    rows = [
        f"{MAF}\tSample_Type",
        f"{KRAS_ROW}\tPrimary Tumor",
        KRAS_ROW.replace("\tS1\t", "\tS2\t") + "\tBlood Derived Normal",
    ]
    reading = read_any(write_table(tmp_path / "m.maf", "\n".join(rows)))
    assert [(s, m) for s, _, m in _people(reading)] == [("S1", "tissue"), ("S2", "normal")]


def test_uuids_name_the_samples_where_the_barcodes_are_empty(tmp_path):
    """Two samples were one, named after the file."""
    one, two = (f"{c * 8}-1111-2222-3333-444444444444" for c in "ab")
    rows = [f"{MAF}\tTumor_Sample_UUID", *(KRAS_ROW.replace("\tS1\t", "\t\t") + f"\t{u}" for u in (one, two))]
    assert calls_of(read_any(write_table(tmp_path / "m.maf", "\n".join(rows)))) == [(one, KRAS), (two, KRAS)]


def test_pcawg_s_consensus_has_its_reads_in_info(tmp_path):
    """The file of an aliquot without sample columns was refused: "the VCF holds no sample"."""
    name, row = (
        "f7f3e156-0ddf-154c-e040-11ac0d4857dc",
        "12 25398284 . C T . . Callers=broad;t_alt_count=30;t_ref_count=70",
    )
    for kind, where in (("snv_mnv", "25398284"), ("indel", "25398281")):
        path = tmp_path / f"{name}.consensus.20160830.somatic.{kind}.vcf"
        lines = [
            "##fileformat=VCFv4.2",
            "##reference=GRCh37",
            "#CHROM POS ID REF ALT QUAL FILTER INFO",
            row.replace("25398284", where),
        ]
        path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
    reading = read_any(tmp_path)
    assert calls_of(reading, "alt_count", "depth") == [(name, "12:25398281:C:T", 30, 100), (name, KRAS, 30, 100)]
    assert states_of(reading, "RAS") == {name: "positive"}


def test_molecules_of_tagged_libraries_are_counted_and_not_their_reads(tmp_path):
    """Ion Torrent's TagSeq: 20 of 2,000 molecules were 480 of 40,000 reads."""
    path = write_vcf(
        tmp_path / "P1.vcf",
        ["P1"],
        ["12 25398284 . C T . PASS . GT:DP:RO:AO:MDP:MAO:MRO 0/1:40000:39500:480:2000:20:1980"],
    )
    assert calls_of(read_any(path), "alt_count", "depth") == [("P1", KRAS, 20, 2000)]


def test_a_column_of_t_that_r_took_for_true_is_one_of_bases(tmp_path):
    """The calls lost their places."""
    path = write_table(tmp_path / "m.maf", f"{MAF}\n{KRAS_ROW}".replace("\tC\tT\t", "\tC\tTRUE\t"))
    assert calls_of(read_any(path)) == [("S1", KRAS)]


def test_the_header_says_what_derives_from_what_and_of_whom(tmp_path):
    """VCF 4.1's PEDIGREE was asked about; Individual of the lines ##SAMPLE was no patient."""
    row = f"{ROW} 0/0:90,0:90 0/1:70,30:100"
    path = write_vcf(tmp_path / "a.vcf", ["A1", "B1"], [row], "##PEDIGREE=<Derived=B1,Original=A1>")
    assert [s for s, _, _ in _people(read_any(path))] == ["B1"]
    lines = [f"##SAMPLE=<ID={c},SampleName={s},Individual=P7>" for c, s in (("NORMAL", "x_blood"), ("TUMOR", "x_met"))]
    assert _people(read_any(write_vcf(tmp_path / "b.vcf", ["NORMAL", "TUMOR"], [row], *lines))) == [
        ("x_met", "P7", "tissue")
    ]
