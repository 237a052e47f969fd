"""Tables and VCFs as programs and portals write them; each was a stranger's input, made after their documented columns."""

from __future__ import annotations

import pytest
from tests.io.strangers import KRAS, calls_of, write_vcf

from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.hospital.delivery import read_delivery


def _table(path, text, by="|"):
    path.write_text(text.strip("\n").replace("|", by) + "\n")
    return path


def test_dragen_says_which_tumour_only_calls_are_germline(tmp_path):
    """DRAGEN's GermlineStatus: Germline_DB, Germline_Proxi, Somatic (user guide, germline tagging)."""
    fields = "GT:AD:AF:DP 0/1:50,50:0.5:100"
    rows = [
        f"12 25398284 . C T 50 PASS DP=100;GermlineStatus=Somatic {fields}",
        f"13 32914437 . G T 50 PASS DP=100;GermlineStatus=Germline_DB {fields}",
        f"17 7578406 . C T 50 PASS GermlineStatus=Germline_Proxi;DP=100 {fields}",
    ]
    reading = read_delivery([write_vcf(tmp_path / "P1.hard-filtered.vcf", ["P1"], rows)])
    assert [origin for *_, origin in calls_of(reading, "origin")] == ["somatic", "germline", "germline"]


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
    reading = read_delivery([write_vcf(tmp_path / "pair.vcf", [normal, tumour], rows, head)])
    assert calls_of(reading, "alt_count", "depth") == [(tumour, KRAS, 30, 100)]


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
    assert calls_of(reading, "origin") == [("P10", KRAS, "somatic"), ("P10", "17:7578406:C:T", "unknown")]
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
    found = calls_of(read_any(path), "alt_count", "depth", "is_called")
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
    found = calls_of(read_any(path), "alt_count")
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


def test_reads_of_a_table_with_decimal_commas_have_dots_between_thousands(tmp_path):
    """A depth of 1.000 was one read, and the call of it one with none; 1.200 refused the file."""
    text = (
        "Sample;Chr;Pos;Ref;Alt;Gene;Depth;VAF\nS1;12;25398284;C;T;KRAS;1.000;0,30\nS1;17;7578406;C;T;TP53;1.200;0,05"
    )
    found = calls_of(read_any(_table(tmp_path / "a.csv", text)), "alt_count", "depth")
    assert found == [("S1", KRAS, 300, 1000), ("S1", "17:7578406:C:T", 60, 1200)]


REPORT = """检测报告
样本编号：ZH2024001|患者姓名：赵某
体细胞变异
基因|外显子|核苷酸变化|氨基酸变化|突变丰度|测序深度
KRAS|exon2|c.35G>A|p.G12D|30.12%|1000
胚系变异
基因|转录本|核苷酸变化|氨基酸变化|杂合性
BRCA2|NM_000059.4|c.5946del|p.S1982Rfs*22|杂合
拷贝数变异
基因|拷贝数|变异类型
ERBB2|12.3|扩增
融合
融合基因|断点|丰度
TPM3-NTRK1|chr1:154142876-chr1:156844362|5.1%
MSI：MSS
TMB：5.6 Muts/Mb
本报告仅供参考
"""


def test_a_report_of_several_tables_is_read_table_by_table(tmp_path):
    """Further headers were findings of a gene 基因, the germline variant somatic, the rest not assessable."""
    reading = read_any(_table(tmp_path / "report.txt", REPORT, "\t"))
    assert calls_of(reading, "origin") == [
        ("ZH2024001", "BRCA2:p.S1982Rfs*22", "germline"),
        ("ZH2024001", "KRAS:p.G12D", "somatic"),
    ]
    assert reading.tables["fusions"].rows() == [("ZH2024001", "TPM3", "NTRK1")]
    assert reading.tables["gene_copy_number"].rows() == [("ZH2024001", "ERBB2", "2")]
    sample = reading.tables["samples"].row(0, named=True)
    assert (sample["msi_status"], float(sample["tmb_per_mb"])) == ("MSS", 5.6)
    assert any("17 (本报告仅供参考)" in p.message for p in reading.problems)


def test_guardant_s_percentage_and_fusions(tmp_path):
    """Columns of a Guardant360 export: a number under Percentage is percent, a draw of another day another sample."""
    path = _table(
        tmp_path / "guardant.csv",
        """
GHRequestID,Patient ID,Sample Collection Date,Gene,Type,Alteration,Percentage
A1,P1,2024-01-02,KRAS,SNV,G12D,0.3
A1,P1,2024-01-02,RET,Fusion,CCDC6-RET,1.2
A2,P1,2024-03-02,KRAS,SNV,G12D,0.1
""",
    )
    reading = read_any(path)
    assert calls_of(reading, "vaf") == [("A1", "KRAS:p.G12D", 0.003), ("A2", "KRAS:p.G12D", 0.001)]
    assert reading.tables["fusions"].rows() == [("A1", "CCDC6", "RET")]


def test_mismatch_repair_among_the_biomarkers_of_a_report_is_no_variant(tmp_path):
    """Caris lists it between genes: it was a call of a gene of that name."""
    text = "Patient ID,Biomarker,Result,Variant\nP1,KRAS,Pathogenic,p.G12D\nP1,Mismatch Repair Status,Proficient,"
    reading = read_any(_table(tmp_path / "caris.csv", text))
    assert calls_of(reading) == [("P1", "KRAS:p.G12D")]
    assert reading.tables["markers"].select("marker", "value").rows() == [("Mismatch Repair Status", "Proficient")]


CALLS = """
Hugo_Symbol|Chromosome|Start_Position|Reference_Allele|Tumor_Seq_Allele2|HGVSp_Short|Tumor_Sample_Barcode|NCBI_Build
KRAS|12|25398284|C|T|p.G12D|P1T|GRCh37
"""
FITS = {
    "P1T.facets.out": ("# INPUT PARAMETERS GIVEN\n# Purity = 0.72\n# Ploidy = 2.9\n", (0.72, 2.9)),
    "P1T.params.txt": (
        "Sample\tTumor Fraction\tPloidy\nP1T\t0.12\t2.1\n\nTumor Fraction:\t0.12\nPloidy:\t2.1\n",
        (0.12, 2.1),
    ),
    # Sequenza: low, best and high of its interval
    "P1T_confints_CP.txt": (
        "cellularity\tploidy.estimate\tploidy.mean.cn\n0.7\t2.9\t3\n0.72\t3.0\t3\n0.75\t3.1\t3\n",
        (0.72, 3.0),
    ),
}


@pytest.mark.parametrize("file", FITS)
def test_purity_that_a_fit_writes_as_text(tmp_path, file):
    text, expected = FITS[file]
    (tmp_path / file).write_text(text)
    calls = _table(tmp_path / "calls.maf", CALLS, "\t")
    samples = read_delivery([calls], segments=[tmp_path / file]).tables["samples"]
    assert samples.select("purity", "ploidy").row(0) == expected


def test_the_list_of_control_freec_has_no_header(tmp_path):
    (tmp_path / "P1T.bam_CNVs").write_text("17\t0\t22000000\t1\tloss\n12\t60000\t30000000\t4\tgain\n")
    reading = read_delivery([_table(tmp_path / "calls.maf", CALLS, "\t")], segments=[tmp_path / "P1T.bam_CNVs"])
    found = reading.tables["segments"].select("sample_id", "chrom", "start", "end", "total_cn").rows()
    assert found == [("P1T", "17", 1, 22000000, 1.0), ("P1T", "12", 60000, 30000000, 4.0)]


@pytest.mark.parametrize(("word", "status"), [("Unstable", "MSI-H"), ("Stable", "MSS")])
def test_mantis_says_stable_or_unstable(tmp_path, word, status):
    """MANTIS 1.0.4: the third of its three metrics decides nothing; the step-wise difference does."""
    lines = ["Average\tMetric Value\tThreshold\tMSI Status", f"Step-Wise Difference (DIF)\t0.68\t0.4000\t{word}"]
    (tmp_path / "P1T.mantis.status").write_text("\n".join([*lines, "Cosine Dissimilarity (COS)\t0\t0.07\tStable"]))
    reading = read_delivery([_table(tmp_path / "calls.maf", CALLS, "\t")], depths=[tmp_path / "P1T.mantis.status"])
    assert reading.tables["samples"]["msi_status"].to_list() == [status]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("##content=strelka germline small-variant calls", "strelka"),
        ('##GATKCommandLine=<ID=HaplotypeCaller,CommandLine="HaplotypeCaller --input T1.bam">', "HaplotypeCaller"),
        ("##content=strelka somatic snv calls", None),
    ],
)
def test_calls_of_a_germline_caller_are_told(tmp_path, head, told):
    """sarek's germline VCFs of a tumour: every germline variant counted as an alteration, unsaid."""
    rows = ["12 25398284 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"]
    reading = read_delivery([write_vcf(tmp_path / "T1.vcf", ["T1"], rows, head)])
    said = [p.message for p in reading.problems if "does not tell somatic from germline" in p.message]
    assert [m.split(" calls are ")[1].split("'s")[0] for m in said] == ([told] if told else [])
