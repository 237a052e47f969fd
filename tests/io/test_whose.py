"""Which sample of which patient each column is, and what is asked."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from click.testing import CliRunner

from oncourse.cli.import_ import import_
from oncourse.io.files import files_in, read_files
from oncourse.io.whose import columns as whose
from oncourse.io.whose import ids, sample_names
from oncourse.io.whose.columns import assign
from oncourse.io.whose.manifest import Question
from oncourse.io.whose.start import Start

RECORD = ("12", "25398284", ".", "C", "T", ".", "PASS", ".", "GT:AD:DP")


@pytest.mark.parametrize("module", [whose, ids, sample_names])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def _write(folder, name, columns, cells, *, header="", record=RECORD):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *columns)
    head = ["##fileformat=VCFv4.2", *header.splitlines(), "\t".join(names)]
    path.write_text("\n".join([*head, "\t".join((*record, *cells))]) + "\n")
    return path


def _samples(folder, **options):
    reading = read_files(files_in(folder, "vcf"), **options)
    table = reading.tables["samples"].sort("sample_id")
    return table.select("sample_id", "patient_id", "material").rows(), reading


TUMOUR, NORMAL = "0/1:70,30:100", "0/0:90,0:90"


def test_strelkas_two_files_of_a_pair_are_one_sample(tmp_path):
    """Illumina/strelka#111: columns are always NORMAL and TUMOR, a pair has a file of SNVs and one of indels."""
    for patient in ("P1", "P2"):
        for kind in ("snvs", "indels"):
            _write(
                tmp_path,
                f"{patient}_T_vs_{patient}_N.strelka.somatic_{kind}.vcf",
                ("NORMAL", "TUMOR"),
                (NORMAL, TUMOUR),
            )
    rows, _ = _samples(tmp_path)
    assert rows == [("P1_T", "P1", "tissue"), ("P2_T", "P2", "tissue")]


def test_header_says_what_tumour_is(tmp_path):
    """SciLifeLab/Sarek#197: CaVEMan's TUMOUR of two patients became one sample."""
    for name in ("PDA", "PDB"):
        header = f"##SAMPLE=<ID=NORMAL,SampleName={name}b>\n##SAMPLE=<ID=TUMOUR,SampleName={name}a>"
        _write(tmp_path, f"{name}.caveman.vcf", ("NORMAL", "TUMOUR"), (NORMAL, TUMOUR), header=header)
    rows, _ = _samples(tmp_path)
    assert [r[0] for r in rows] == ["PDAa", "PDBa"]


@pytest.mark.parametrize(
    ("name", "columns", "header", "sample"),
    [
        ("S1.vcf", ("NORMAL", "TUMOR"), "", "S1"),
        ("x.vcf", ("B7", "M1"), "##normal_sample=B7\n##tumor_sample=M1", "M1"),
        ("x.vcf", ("NORMAL", "TUMOR"), "##cmdline=x --tumorBam=/d/Q1.md.recal.bam --normalBam=/d/Q2.bam", "Q1"),
        ("x.vcf", ("TCGA-AA-0001-10A", "TCGA-AA-0001-01A"), "", "TCGA-AA-0001-01A"),
        ("x.vcf", ("Q1_N", "Q1_T"), "", "Q1_T"),
        ("x.vcf", ("CPCT01R", "CPCT01T"), "", "CPCT01T"),
        ("Q_T_vs_Q_N.freebayes.vcf.gz".removesuffix(".gz"), ("Q_Q_N", "Q_Q_T"), "", "Q_T"),
        ("T1_vs_B1/strelka/somatic.snvs.vcf", ("NORMAL", "TUMOR"), "", "T1"),
    ],
)
def test_a_normal_is_never_a_tumour(tmp_path, name, columns, header, sample):
    """oncotator#9, sarek's FreeBayes: pairs in the ways callers and pipelines name them."""
    path = _write(tmp_path, name, columns, (NORMAL, TUMOUR), header=header)
    table = read_files([path]).tables["samples"]
    assert table.select("sample_id", "material").rows() == [(sample, "tissue")]


def test_generic_names_in_several_files_are_several_samples(tmp_path):
    """maftools#781: P1.vcf and P2.vcf both with the columns primary and liver_met."""
    for patient in ("P1", "P2"):
        _write(tmp_path, f"{patient}.vcf", ("normal", "primary", "liver_met"), (NORMAL, TUMOUR, TUMOUR))
    rows, _ = _samples(tmp_path)
    assert [r[:2] for r in rows] == [(f"{p}_{c}", p) for p in ("P1", "P2") for c in ("liver_met", "primary")]


def test_the_clinical_table_goes_before_a_name(tmp_path):
    """A plasma sample named blood is what the clinical table says, no normal."""
    clinical = tmp_path / "clin.txt"
    clinical.write_text("SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\nprimary\tP1\tPrimary\nblood\tP1\tcfDNA\n")
    _write(tmp_path, "P1.vcf", ("PBMC", "primary", "blood"), (NORMAL, TUMOUR, TUMOUR), header="##normal_sample=PBMC")
    rows, _ = _samples(tmp_path, clinical=[clinical])
    assert rows == [("blood", "P1", "plasma"), ("primary", "P1", "tissue")]


def test_two_nameless_columns_are_asked_and_the_manifest_answers(tmp_path):
    """bcbio#1305: a pair without ##normal_sample; neither column may be guessed."""
    source = tmp_path / "calls"
    _write(source, "x.vcf", ("S17", "S18"), (NORMAL, TUMOUR))
    with pytest.raises(Question, match="S17, S18"):
        _samples(source)
    first = CliRunner().invoke(import_, ["vcf", str(source), str(tmp_path / "out")])
    manifest = tmp_path / "out.files.tsv"
    assert isinstance(first.exception, Question)
    assert manifest.read_text().splitlines()[1].endswith("\tS17\tS17\t\t")
    rows = [line.split("\t") for line in manifest.read_text().splitlines()]
    answered = [rows[0], [*rows[1][:4], "normal"], [*rows[2][:3], "P9", "tumour"]]
    manifest.write_text("\n".join("\t".join(r) for r in answered) + "\n")
    second = CliRunner().invoke(import_, ["vcf", str(source), str(tmp_path / "out"), "--files", str(manifest)])
    assert second.exit_code == 0, second.output
    lines = (tmp_path / "out" / "samples.tsv").read_text().splitlines()
    assert [line.split("\t")[:2] for line in lines[1:]] == [["S18", "P9"]]


def test_one_generic_sample_of_the_clinical_table_is_not_two_files(tmp_path):
    clinical = tmp_path / "clin.txt"
    clinical.write_text("SAMPLE_ID\tPATIENT_ID\nprimary\tP1\n")
    for patient in ("P1", "P2"):
        _write(tmp_path / "v", f"{patient}.vcf", ("primary",), (TUMOUR,))
    with pytest.raises(Question, match="several files"):
        _samples(tmp_path / "v", clinical=[clinical])


def test_files_of_two_callers_are_one_sample():
    """nf-core/sarek#738, and sarek's own names: PATIENT_SAMPLE in Mutect2's header, SAMPLE in the pair's file name."""
    starts = [
        Start(Path("P1_T_vs_P1_N.strelka.somatic_snvs.vcf"), ("NORMAL", "TUMOR")),
        Start(
            Path("P1.mutect2.filtered.vcf"),
            ("P1_P1_N", "P1_P1_T"),
            ("##normal_sample=P1_P1_N", "##tumor_sample=P1_P1_T"),
        ),
    ]
    assert {c.sample_id for c in assign(starts) if c.role == "tumour"} == {"P1_T"}


def _maf(tmp_path, *samples):
    head = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
    path = tmp_path / "a.maf"
    path.write_text(head + "".join(f"KRAS\t12\t25398284\tC\tT\t{s}\n" for s in samples))
    return path


def _with_clinical(tmp_path, calls, listed):
    clinical = tmp_path / "clin.txt"
    clinical.write_text("SAMPLE_ID\tPATIENT_ID\n" + "".join(f"{s}\tQ{i}\n" for i, s in enumerate(listed)))
    reading = read_files([_maf(tmp_path, *calls)], clinical=[clinical])
    return sorted(reading.tables["samples"]["sample_id"]), reading


def test_tcga_barcodes_match_by_their_parts(tmp_path):
    """maftools#422: the clinical table ends at -01, the MAF names aliquots."""
    calls = ["TCGA-AA-0001-01A-11D-A10X-10", "TCGA-AA-0001-01B-02D-A10X-10", "TCGA-AA-0002-06A-11D-A10X-10"]
    samples, reading = _with_clinical(tmp_path, calls, ["TCGA-AA-0001-01", "TCGA-AA-0002-01"])
    assert samples == ["TCGA-AA-0001-01", "TCGA-AA-0002-01", "TCGA-AA-0002-06A-11D-A10X-10"]  # -06 is a metastasis
    assert any("further aliquots" in note for note in reading.notes)
    assert [p.value for p in reading.problems if p.table == "calls"] == [
        "TCGA-AA-0002-06A-11D-A10X-10",
        "TCGA-AA-0002-01",
    ]


def test_ids_are_matched_by_spelling_or_named_with_the_nearest(tmp_path):
    """maftools#66: a blank at the end, capitals and separators; a suffix is only named."""
    samples, reading = _with_clinical(tmp_path, ["P1-T ", "p2_t", "P3-T_S4"], ["P1-T", "P2-T", "P3-T"])
    assert samples == ["P1-T", "P2-T", "P3-T", "P3-T_S4"]
    told = " ".join(str(p) for p in reading.problems)
    assert "P3-T_S4 (nearest: P3-T)" in told
    assert "no row in the calls: P3-T" in told


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("1234N", "normal"),
        ("P1_N", "normal"),
        ("P1_blood", "normal"),
        ("9876T", "tumour"),
        ("JOHN", "tumour"),
        ("SUN1", "tumour"),
    ],
)
def test_a_germline_callers_file_of_a_normal_alone_is_no_tumours(column, role):
    """nf-core/sarek's test data: Strelka's germline files of 1234N and of 9876T, a column each."""
    header = ("##content=strelka germline small-variant calls",)
    assert [c.role for c in assign([Start(Path("Strelka_variants.vcf"), (column,), header)])] == [role]
    assert [c.role for c in assign([Start(Path("Strelka_variants.vcf"), ("1234N",))])] == ["tumour"]


def test_normals_with_files_of_their_own_are_of_their_tumour_or_of_nobody():
    """sarek's germline files: 1234N was a patient of its own beside 9876T, and 12N beside 12T."""
    head = ("##content=strelka germline variant calls",)
    starts = [Start(Path(f"in/{n}.vcf"), (n,), head) for n in ("12N", "12T", "1234N", "9876T")]
    found = {c.sample_id: (c.patient_id, c.role) for c in assign(starts)}
    assert found == {
        "12N": ("12", "normal"),
        "12T": ("12", "tumour"),
        "1234N": (None, "ignore"),
        "9876T": (None, "tumour"),
    }


def test_partners_are_those_found_by_comparing_every_two_names():
    """Plain slow definition; of 2,000 names such as P-0000001-T01 it took 15 s, and four times that of 4,000."""
    import itertools
    import re

    from oncourse.io.whose.sample_names import NORMAL_WORD, ROLE_END, Partners

    def is_normal(found):
        return bool(re.fullmatch(rf"N|R|{NORMAL_WORD}", found["role"], re.I))

    def slow(name, names):
        mine = ROLE_END.match(name)
        for found in filter(None, map(ROLE_END.match, names)) if mine else ():
            if found["stem"] == mine["stem"] and is_normal(found) != is_normal(mine):
                is_apart = not name[len(mine["stem"])].isalnum()
                return (is_normal(mine), mine["stem"]) if is_apart or all(map(ROLE_END.match, names)) else None
        return None

    words = ["P1_T", "P1_N", "P1_blood", "P2_T1", "A01T", "A01R", "S7", "P-0000001-T01", "P-0000001-N01"]
    for n in range(1, 5):
        for names in itertools.combinations(words, n):
            partners = Partners(names)
            assert [partners.of(name) for name in names] == [slow(name, names) for name in names]


def test_beginnings_of_a_column_are_those_of_each_name():
    words = [
        "liver_met",
        "PRIMARY",
        "met2",
        "T1",
        "t1",
        "M12",
        "ffpe-3",
        "pre",
        "C1D1",
        "Baseline",
        "肝转移",
        "cfDNA",
        "x",
    ]
    names = [
        f"{stem}{mark}{word}"
        for stem in ("P1", "CRC", "张三", "A-1")
        for mark in ("_", "-", " ", ".", "")
        for word in words
    ]
    each = {name: found for name in names if (found := sample_names.beginning(name))}
    assert sample_names.beginnings(names) == each
    assert len(each) > 100
