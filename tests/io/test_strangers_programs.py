"""Tables and VCFs as programs and portals write them; each was a stranger's input, made after their documented columns."""

from __future__ import annotations

import pytest

from oncourse.io.aside import checked
from oncourse.io.delivery import read_delivery
from oncourse.io.detect import read_any

KRAS = "12:25398284:C:T"
_HEAD = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t")


def _vcf(path, columns, rows, *head):
    lines = ["##fileformat=VCFv4.2", "##reference=GRCh37", *head, "\t".join((_HEAD, *columns))]
    path.write_text("\n".join([*lines, *("\t".join(r.split()) for r in rows)]) + "\n")
    return path


def _table(path, text, by="|"):
    path.write_text(text.strip("\n").replace("|", by) + "\n")
    return path


def _calls(reading, *columns):
    return reading.tables["calls"].select("sample_id", "variant_id", *columns).sort("variant_id").rows()


def test_dragen_says_which_tumour_only_calls_are_germline(tmp_path):
    """DRAGEN's GermlineStatus: Germline_DB, Germline_Proxi, Somatic (user guide, germline tagging)."""
    fields = "GT:AD:AF:DP 0/1:50,50:0.5:100"
    rows = [
        f"12 25398284 . C T 50 PASS DP=100;GermlineStatus=Somatic {fields}",
        f"13 32914437 . G T 50 PASS DP=100;GermlineStatus=Germline_DB {fields}",
        f"17 7578406 . C T 50 PASS GermlineStatus=Germline_Proxi;DP=100 {fields}",
    ]
    reading = read_delivery([_vcf(tmp_path / "P1.hard-filtered.vcf", ["P1"], rows)])
    assert [origin for *_, origin in _calls(reading, "origin")] == ["somatic", "germline", "germline"]


@pytest.mark.parametrize(
    ("normal", "tumour", "head"),
    [
        ("T11-match", "T11", "##source=VarDict_v1.8.2"),  # var2vcf_paired's name of a normal that was given none
        ("NB1", "TB1", '##octopus=<version=0.7.4,command="octopus -I n.bam t.bam --normal-sample NB1">'),
        ("germline_P1", "tumor_P1", "##source=x"),
        ("P1_Normal_DNA", "P1_Tumor_DNA", "##source=x"),
    ],
)
def test_the_normal_is_known_by_command_line_or_by_the_one_word_that_differs(tmp_path, normal, tumour, head):
    rows = ["12 25398284 . C T 50 PASS . GT:AD:DP 0/0:100,0:100 0/1:70,30:100"]
    reading = read_delivery([_vcf(tmp_path / "pair.vcf", [normal, tumour], rows, head)])
    assert _calls(reading, "alt_count", "depth") == [(tumour, KRAS, 30, 100)]


def test_cosmic_s_export_has_its_places_in_one_column(tmp_path):
    """COSMIC's mutant export: the accession is the transcript's, no sample's; the gene bears its transcript."""
    path = _table(
        tmp_path / "CosmicMutantExport.tsv",
        """
Gene name|Accession Number|Sample name|Mutation CDS|Mutation AA|GRCh|Mutation genome position|Mutation somatic status|HGVSG
KRAS_ENST00000256078|ENST00000256078.10|P10|c.35G>A|p.G12D|37|12:25398284-25398284|Confirmed somatic variant|12:g.25398284C>T
TP53|ENST00000269305.4|P10|c.524G>A|p.R175H|37|17:7578406-7578406|Variant of unknown origin|17:g.7578406C>T
""",
        "\t",
    )
    reading = read_any(path)
    assert _calls(reading, "origin") == [("P10", KRAS, "somatic"), ("P10", "17:7578406:C:T", "unknown")]
    tables, _ = checked(reading)
    assert tables["variants"]["gene"].sort().to_list() == ["KRAS", "TP53"]


def test_variantstudio_writes_reference_and_genotype_and_percent(tmp_path):
    """Illumina VariantStudio: Variant is C>C/T, Alt Variant Freq percent; HGVSp and Exonic became two samples."""
    path = _table(
        tmp_path / "P15_S1.tsv",
        """
Gene|Variant|Chr|Coordinate|Genotype|Exonic|Filters|Alt Variant Freq|Read Depth|Alt Read Depth|HGVSc|HGVSp
KRAS|C>C/T|12|25398284|het|yes|PASS|30.0|100|30|NM_033360.3:c.35G>A|NP_203524.1:p.Gly12Asp
TP53|C>C/T|17|7578406|het|yes|LowVariantFreq|1.0|100|1|NM_000546.5:c.524G>A|NP_000537.3:p.Arg175His
""",
        "\t",
    )
    found = _calls(read_any(path), "alt_count", "depth", "is_called")
    assert found == [("P15_S1", KRAS, 30, 100, True), ("P15_S1", "17:7578406:C:T", 1, 100, False)]


def test_sophia_s_percent_and_places(tmp_path):
    path = _table(
        tmp_path / "P16.csv",
        """
category;gene;c.DNA;protein;depth;var.percent;chr;genome_position;ref;alt
A;KRAS;c.35G>A;p.Gly12Asp;1000;30,5;12;25398284;C;T
A;TP53;c.524G>A;p.Arg175His;1000;0,5;17;7578406;C;T
""",
    )
    found = _calls(read_any(path), "alt_count")
    assert found == [("P16", KRAS, 305), ("P16", "17:7578406:C:T", 5)]


def test_chinese_and_plain_words_of_consequences_in_a_maf(tmp_path):
    words = {
        "错义突变": "missense",
        "无义突变": "nonsense",
        "移码突变": "frameshift",
        "剪接突变": "splice_site",
        "同义突变": "synonymous",
        "启动子区": "upstream",
        "Nonsynonymous mutation": "missense",
    }
    head = "Hugo_Symbol|Chromosome|Start_Position|Reference_Allele|Tumor_Seq_Allele2|Consequence|Sample_ID"
    rows = [f"GENE{i}|1|{i}00|C|T|{w}|S1" for i, w in enumerate(words, 1)]
    reading = read_any(_table(tmp_path / "a.maf", "\n".join([head, *rows]), "\t"))
    assert reading.tables["variants"].sort("gene")["consequence"].to_list() == list(words.values())
