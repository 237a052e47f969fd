"""Structural variants and copy numbers of VCF files: which genes are joined, in which order, and what is left out."""

from __future__ import annotations

import doctest

import pytest

from oncourse.io.files import read_files
from oncourse.io.native import read_native, write_study
from oncourse.io.structural import junctions, large
from oncourse.io.tree import look_into
from oncourse.io.whose import columns as whose
from oncourse.study.validate import validate

MANTA = ("##source=GenerateSVCandidates 1.6.0", "##reference=hg19")
SEEN, CLEAN = "25,12:15,9", "30,0:20,0"


@pytest.mark.parametrize("module", [junctions, large, whose])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def _vcf(folder, name, *records, header=MANTA, columns=("N1", "T1")):
    head = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *columns)
    path = folder / name
    path.write_text(
        "\n".join(["##fileformat=VCFv4.2", *header, "\t".join(head), *("\t".join(r) for r in records)]) + "\n"
    )
    return path


def _manta(chrom, pos, alt, info, *, filters="PASS", normal=CLEAN, tumour=SEEN):
    return (chrom, pos, "x", "A", alt, ".", filters, info, "PR:SR", normal, tumour)


def _fusions(path, **options):
    return read_files([path], **options).tables["fusions"].select("gene_5p", "gene_3p", "support").rows()


DEL = "SVTYPE=DEL;END=42880000;SOMATIC"


@pytest.mark.parametrize(
    ("record", "genes"),
    [
        # both genes on the minus strand: the deletion joins the beginning of the right one to the end of the left one
        (_manta("chr21", "39800000", "<DEL>", DEL), ("TMPRSS2", "ERG")),
        (_manta("21", "39800000", "A[21:42880000[", "SVTYPE=BND"), ("TMPRSS2", "ERG")),
        # EML4 forward, ALK backward on chromosome 2: an inversion (Soda 2007, Nature 448:561)
        (_manta("2", "29446394", "A]2:42522656]", "SVTYPE=BND"), ("EML4", "ALK")),
        (_manta("2", "29446394", "<INV>", "SVTYPE=INV;END=42522656;INV3"), ("EML4", "ALK")),
        # tandem duplication on chromosome 4: both forward, FGFR3 right of TACC3 would be a deletion
        (_manta("4", "1741000", "]4:1808800]A", "SVTYPE=BND"), ("FGFR3", "TACC3")),
        # ETV6 (12, forward) and NTRK3 (15, backward)
        (_manta("12", "12022900", "A]15:88576000]", "SVTYPE=BND"), ("ETV6", "NTRK3")),
    ],
)
def test_a_junction_joins_the_beginning_of_one_gene_to_the_end_of_another(tmp_path, record, genes):
    """SnpEff#97: TMPRSS2-ERG of a Manta file was not read at all."""
    assert _fusions(_vcf(tmp_path, "T1.somaticSV.vcf", record)) == [(*genes, 21)]


def test_two_records_of_one_junction_are_one_fusion(tmp_path):
    mates = [
        _manta("2", "29446394", "A]2:42522656]", "SVTYPE=BND;MATEID=b"),
        _manta("2", "42522656", "A]2:29446394]", "SVTYPE=BND;MATEID=a"),
    ]
    assert _fusions(_vcf(tmp_path, "T1.somaticSV.vcf", *mates)) == [("EML4", "ALK", 21)]


def test_two_beginnings_joined_are_a_break_of_both_and_no_fusion(tmp_path):
    path = _vcf(tmp_path, "T1.somaticSV.vcf", _manta("2", "29446394", "[2:42522656[A", "SVTYPE=BND"))
    assert {(f, t) for f, t, _ in _fusions(path)} == {("ALK", "EML4")}  # the reciprocal junction
    path = _vcf(tmp_path, "T1.somaticSV.vcf", _manta("2", "29446394", "A[2:42522656[", "SVTYPE=BND"))
    assert {(f, t) for f, t, _ in _fusions(path)} == {("ALK", "ALK"), ("EML4", "EML4")}


def test_what_is_in_no_table_is_counted_with_its_reason(tmp_path):
    records = [
        _manta("21", "39800000", "<DEL>", DEL, filters="MinSomaticScore"),
        _manta("21", "39800000", "<DEL>", DEL, normal="20,9:9,9"),
        _manta("10", "89700000", "<DEL>", "SVTYPE=DEL;END=89700100"),
        _manta("10", "89690000", "<DEL>", "SVTYPE=DEL;END=89693000"),
        _manta("1", "9", "<INS>", "SVTYPE=INS;END=9"),
    ]
    reading = read_files([_vcf(tmp_path, "T1.somaticSV.vcf", *records)])
    rows = reading.ledger.tables()["intake/rows"]
    left = {why.removeprefix("structural variant: "): n for why, n in rows.select("why", "n").iter_rows() if why}
    assert left == {
        "failed its FILTER": 1,
        "in the normal too: germline": 1,
        "cuts no gene known here, or only within an intron": 1,
        "names no second place (insertion, single breakend)": 1,
    }
    assert reading.tables["fusions"].select("gene_5p", "gene_3p").rows() == [("PTEN", "PTEN")]


def test_dellys_connection_type_and_snpeffs_partner_are_read(tmp_path):
    delly = (
        "10",
        "43609000",
        "x",
        "A",
        "<INV>",
        ".",
        "PASS",
        "SVTYPE=INV;END=61665879;CT=5to5",
        "GT:DR:DV:RR:RV",
        "0/1:30:8:20:7",
    )
    assert _fusions(_vcf(tmp_path, "T1.delly.vcf", delly, columns=("T1",), header=MANTA[1:])) == [("CCDC6", "RET", 15)]
    ann = "SVTYPE=BND;ANN=A|gene_fusion|HIGH|RET&FKBP15|x"
    named = _manta("10", "43609000", "[9:115960000[A", ann)
    assert _fusions(_vcf(tmp_path, "T1.sv.vcf", named)) == [("FKBP15", "RET", 21)]


def test_a_file_without_an_event_makes_nobody_wild_type(tmp_path):
    """An empty somaticSV.vcf looked at structural variants alone."""
    samples = read_files([_vcf(tmp_path, "T1.somaticSV.vcf")]).tables["samples"]
    assert samples.select("sample_id", "assay_id", "sv_assay_id").rows() == [
        ("T1", "not_profiled", "structural_variants")
    ]


def test_an_assay_without_genes_stays_one_when_written_and_read(tmp_path):
    """Its ';' became an empty cell, and a sample that was not looked at became one looked at in every gene."""
    reading = read_files([_vcf(tmp_path, "T1.somaticSV.vcf", _manta("21", "39800000", "<DEL>", DEL))])
    tables, _ = validate(reading.tables, reading.config, reading.first_row)
    write_study(tmp_path / "study", tables, reading.config)
    again = read_native(tmp_path / "study").tables["assays"]
    assert dict(again.select("assay_id", "targets").iter_rows())["not_profiled"] == ";"


@pytest.mark.parametrize(
    ("form", "cells", "info", "expected"),
    [
        ("GT:CN:MCN", "0/1:1:0", "SVTYPE=CNV;END=22000000", (1.0, 0.0)),  # DRAGEN
        ("GT:GQ:CN:CNQ", "0/1:5:3:5", "SVTYPE=DUP;END=22000000;FOLD_CHANGE_LOG=0.5", (3.0, None)),  # CNVkit
        ("RC:BC:CN:MCC", "1:2:3:3", "SVTYPE=CNV;END=22000000", (3.0, 0.0)),  # Canvas
    ],
)
def test_copy_numbers_of_a_vcf_are_segments(tmp_path, form, cells, info, expected):
    record = ("17", "1", ".", "N", "<CNV>", "50", "PASS", info, form, cells)
    segments = read_files([_vcf(tmp_path, "T1.cnv.vcf", record, columns=("T1",), header=MANTA[1:])]).tables["segments"]
    assert segments.select("start", "end", "total_cn", "minor_cn").rows() == [(2, 22000000, *expected)]


def test_mantas_results_folder_is_its_somatic_file(tmp_path):
    for name in ("somaticSV.vcf", "diploidSV.vcf", "candidateSV.vcf", "candidateSmallIndels.vcf"):
        _vcf(tmp_path, name)
    assert [p.name for p in look_into(tmp_path).calls] == ["somaticSV.vcf"]


def test_hcc1954_of_manta(shared_data):
    """Illumina/manta demo: HCC1954 with its blood line HCC1954_BL; the junctions of COST16011 lie outside known
    genes."""
    reading = read_files([shared_data("reads-hcc1954-manta", "somaticSV.vcf.gz")], build="GRCh37")
    assert reading.tables["samples"]["sample_id"].to_list() == ["HCC1954"]
    rows = reading.ledger.tables()["intake/rows"]
    assert rows.filter(rows["state"] == "left out")["n"].to_list() == [6]
