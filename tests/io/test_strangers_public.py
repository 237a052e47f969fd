"""Small inputs rebuilt from public bug reports of the tools people use, by kind; each names the report it comes from."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.io import examined
from oncourse.io.aside import checked
from oncourse.io.clone_studies import read_clone_tables
from oncourse.io.counts import read_counts
from oncourse.io.delivery import read_delivery
from oncourse.io.detect import detect, read_any
from oncourse.io.files import read_files
from oncourse.io.fusion_callers import read_fusion_calls

KRAS = "12:25398284:C:T"
_HEAD = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t")
_CSQ = '##INFO=<ID=CSQ,Number=.,Type=String,Description="x Format: Allele|SYMBOL|Consequence|HGVSp|gnomADe_AF">'
MAF = (
    "Hugo_Symbol Chromosome Start_Position End_Position Reference_Allele Tumor_Seq_Allele2 Tumor_Sample_Barcode "
    "Variant_Classification HGVSp_Short NCBI_Build"
).replace(" ", "\t")
_KRAS_ROW = "KRAS 12 25398284 25398284 C T S1 Missense_Mutation p.G12D GRCh37".replace(" ", "\t")


def _vcf(path, columns, rows, *head, reference="GRCh37"):
    path.parent.mkdir(parents=True, exist_ok=True)
    named = [f"##reference={reference}"] if reference else []
    lines = ["##fileformat=VCFv4.2", *named, *head, "\t".join((_HEAD, *columns))]
    path.write_text("\n".join([*lines, *("\t".join(r.split()) for r in rows)]) + "\n")
    return path


def _table(path, text, by="\t"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.strip("\n").replace("|", by) + "\n")
    return path


def _calls(reading, *columns):
    return reading.tables["calls"].select("sample_id", "variant_id", *columns).sort("variant_id", "sample_id").rows()


def _states(reading, status):
    """Return sample -> state of a status."""
    from oncourse.cohort import Cohort
    from oncourse.study.model import Study

    tables, _ = checked(reading)
    found = Cohort(Study(reading.config, tables)).statuses.filter(pl.col("status") == status)
    return dict(found.select("sample_id", "state").iter_rows())


@pytest.mark.parametrize(
    ("info", "head", "origins"),
    [
        ("POPAF=0.5,7.3", (), ("unknown", "germline")),
        ("gnomAD_AF=.,0.3", (), ("germline", "unknown")),
        ("gnomAD_AF=0.3", (), ("unknown", "unknown")),  # of one of the two, and nobody knows of which
        ("CSQ=T|KRAS|missense_variant|p.G12D|0.3,A|KRAS|missense_variant|p.G12V|0", (_CSQ,), ("unknown", "germline")),
        (
            "ANNOVAR_DATE=x;gnomAD_exome_ALL=0.3;ALLELE_END;ANNOVAR_DATE=x;gnomAD_exome_ALL=.;ALLELE_END",
            (),
            ("unknown", "germline"),
        ),
    ],
)
def test_each_allele_has_its_own_population_frequency(tmp_path, info, head, origins):
    """Mutect2's POPAF, VEP and ANNOVAR give one for each: the first allele's made a somatic KRAS G12V germline."""
    rows = [f"12 25398284 . C T,A 50 PASS {info} GT:AD:DP 0/1/2:40,30,30:100"]
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["P1"], rows, *head)])
    assert _calls(reading, "origin") == [("P1", "12:25398284:C:A", origins[0]), ("P1", KRAS, origins[1])]


@pytest.mark.parametrize(
    ("ref", "alt", "variant"),
    [
        ("C", "+A", "12:25398284:-:A"),
        ("C", "-CA", "12:25398285:CA:-"),
        ("CA/C", "C", "12:25398284:C:N"),
        ("C", "T/A", "12:25398284:C:N"),
    ],
)
def test_alleles_that_are_no_bases_are_no_wild_type(tmp_path, ref, alt, variant):
    """bcbio-nextgen#134: VarScan before 2.3.6; the record was left out and the patient RAS wild type."""
    fields = "GT:DP:RD:AD:FREQ 0/1:100:70:30:30%"
    rows = [f"12 25398284 . {ref} {alt} . PASS SS=2 {fields}", f"17 7578406 . C T . PASS SS=2 {fields}"]
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["P1"], rows)])
    assert [v for _, v in _calls(reading)] == [variant, "17:7578406:C:T"]
    assert _states(reading, "RAS")["P1"] != "negative"


@pytest.mark.parametrize(
    ("fields", "info", "counts"),
    [
        ("GT:CLCAD2:DP 0/1:70,30:100", ".", (30, 100)),  # CLC Genomics Workbench
        ("GT:GQ 0/1:99", "AC=1;AF=0.5;AN=2;DP=100", (None, 100)),  # GATK, bcftools: of genotypes
        ("GT:AD:DP 0/1:.,30:100", ".", (30, 100)),
    ],
)
def test_reads_are_those_of_the_reads(tmp_path, fields, info, counts):
    """INFO/AF beside AN is AC / AN: 50 of 100 reads were made of a heterozygous genotype."""
    row = f"12 25398284 . C T 50 PASS {info} {fields}"
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["P1"], [row])])
    assert _calls(reading, "alt_count", "depth") == [("P1", KRAS, *counts)]
    assert any("has reads" in p.message for p in reading.problems) == (counts[0] is None)


def test_the_normal_s_reads_may_stand_in_the_tumour_s_column(tmp_path):
    """ClairS writes one column, with NAD and NDP of the normal."""
    fields = "GT:DP:AD:NDP:NAD"
    rows = [
        f"12 25398284 . C T 9 PASS . {fields} 0/1:100:70,30:90:90,0",
        f"17 7578406 . C T 9 PASS . {fields} 0/1:100:50,50:90:45,45",
    ]
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["P1"], rows)])
    assert [o for *_, o in _calls(reading, "origin")] == ["unknown", "germline"]


@pytest.mark.parametrize(("status", "called"), [("SOMATIC", True), (".", False)])
def test_a_somatic_record_of_one_tumour_is_called_whatever_its_genotype(tmp_path, status, called):
    row = f"12 25398284 . C T 50 PASS {status} GT:AD:DP 0/0:100,0:100 0/0:70,30:100"
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["NORMAL", "TUMOR"], [row])])
    assert _calls(reading, "is_called") == [("P1", KRAS, called)]


_STRELKA = "GT:AD:DP 0/0:100,0:100 0/1:70,30:100"


@pytest.mark.parametrize(
    ("names", "sample"),
    [
        (("S1.chr12.strelka.somatic.snvs.vcf", "S1.chr17.strelka.somatic.snvs.vcf"), "S1"),
        (("A-01.mutect2.chr12_12-43.vcf", "A-01.mutect2.chr17_5-43.vcf"), "A-01"),  # sarek#887
        (("P1.snp.Somatic.hc.vcf", "P1.indel.Somatic.hc.vcf", "P1.snp.Germline.hc.vcf"), "P1"),  # VarScan
        (("PT-vs-PN.vcf",), "PT"),
        (("D1-T__D1-N.vcf",), "D1-T"),  # mskcc/tempo
    ],
)
def test_pieces_of_one_sample_s_file_are_one_sample(tmp_path, names, sample):
    for k, name in enumerate(names):
        _vcf(tmp_path / "in" / name, ["NORMAL", "TUMOR"], [f"{k + 1} 100 . C T 50 PASS . {_STRELKA}"])
    assert read_delivery([tmp_path / "in"]).tables["samples"]["sample_id"].to_list() == [sample]


def test_a_consensus_of_sarek_is_named_by_its_folder(tmp_path):
    """nf-core/sarek#2088: consensus/sample1/sample1_consensus/0000.vcf.gz; two people became the sample 0000."""
    for one in ("s7", "s8"):
        path = tmp_path / f"in/variant_calling/consensus/{one}/{one}_consensus/0000.vcf"
        _vcf(path, ["TUMOR"], ["12 25398284 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"])
    assert read_delivery([tmp_path / "in"]).tables["samples"]["sample_id"].to_list() == ["s7", "s8"]


@pytest.mark.parametrize(
    ("reference", "severity"), [("mm10.fa", "error"), ("chm13v2.0.fa", "warning"), ("hs37d5.fa", None)]
)
def test_another_genome_is_told_and_makes_nobody_wild_type(tmp_path, reference, severity):
    """RAS of a file on T2T-CHM13 was negative: none of its places was understood."""
    row = "chr12 25265000 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["P1"], [row], reference=reference)])
    assert [p.severity for p in reading.problems if p.column == "build"] == ([severity] if severity else [])
    if severity == "warning":
        assert _states(reading, "RAS") == {"P1": "not_assessable"}


@pytest.mark.parametrize(
    ("words", "build"), [("GRCh37.p13", "GRCh37"), ("hg19_v2", "GRCh37"), ("Homo_sapiens_assembly38", "GRCh38")]
)
def test_words_of_a_build(tmp_path, words, build):
    path = _table(tmp_path / "a.maf", f"{MAF}\n{_KRAS_ROW.replace('GRCh37', words)}")
    assert read_delivery([path]).config.genome_build == build


def test_a_build_that_nobody_says_is_that_of_the_reference_bases(tmp_path):
    """Tables of places alone (intOGen, deconstructSigs, call_stats) held no mutation that was understood."""
    path = _table(tmp_path / "a.tsv", "Sample|chr|pos|ref|alt\nS1|chr12|25398284|C|T\nS1|chr7|140453136|A|T")
    reading = read_any(path)
    tables, _ = checked(reading)
    assert reading.config.genome_build == "GRCh37"
    assert tables["variants"].sort("variant_id")["hgvs_p"].to_list() == ["p.G12D", "p.V600E"]
    assert any("by the reference bases of 2 variants" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("V600", "not_assessable"),
        ("V600X", "not_assessable"),
        ("V600E/K", "not_assessable"),
        ("V600 mutation", "not_assessable"),
        ("non-V600E", "not_assessable"),
        ("V600R", "negative"),
        ("V600E(1799T>A)", "positive"),
        ("c.1799T>A;p.V600E", "positive"),
        ("p.V600E:c.1799T>A", "positive"),
        ("V599E", "positive"),  # the numbering before 2004
        ("V640E", "positive"),  # GDC's transcript
    ],
)
def test_a_change_at_a_codon_is_what_it_says_or_not_understood(tmp_path, change, state):
    """Without a place "BRAF V600" and "V600E/K" were another mutation of BRAF: V600E was negative."""
    row = f"BRAF\t\t\t\t\t\tS1\tMissense_Mutation\t{change}\tGRCh37"
    reading = read_delivery([_table(tmp_path / "a.maf", f"{MAF}\n{row}")])
    assert _states(reading, "BRAF V600E") == {"S1": state}


def test_the_same_words_in_a_report(tmp_path):
    words = {"S1": "V600E/K", "S2": "非V600E", "S3": "V600X", "S4": "V600E阳性"}
    rows = "\n".join(f"{s},BRAF,{w}" for s, w in words.items())
    reading = read_any(_table(tmp_path / "r.csv", f"样本编号,基因,氨基酸改变\n{rows}"))
    unclear = dict.fromkeys(("S1", "S3"), "not_assessable")
    assert _states(reading, "BRAF V600E") == {**unclear, "S2": "negative", "S4": "positive"}


@pytest.mark.parametrize(
    ("name", "text", "by", "calls"),
    [
        (
            "S1_variants.csv",
            "Sampleid|chr|start|REF|ALT|ML.SOMATIC|POSTERIOR.SOMATIC|AR|FLAGGED|depth|gene.symbol\n"
            "S1|chr12|25398284|C|T|TRUE|0.99|0.3|FALSE|100|KRAS\nS1|chr17|7578406|C|T|FALSE|0.01|0.5|FALSE|100|TP53",
            ",",
            [("S1", KRAS, 30, 100, "somatic"), ("S1", "17:7578406:C:T", 50, 100, "germline")],
        ),
        (
            "S1.csv",
            "Chromosome|Region|Type|Reference|Allele|Reference allele|Zygosity|Count|Coverage|Frequency\n"
            "12|25398284|SNV|C|T|No|Heterozygous|30|100|30\n12|25398284|SNV|C|C|Yes|Heterozygous|70|100|70",
            ",",
            [("S1", KRAS, 30, 100, "unknown")],
        ),
        (
            "S1.tsv",
            "Chromosome|Start|Stop|Reference|Variant|Gene Name|Tumor DNA Depth|Tumor DNA VAF|Normal VAF\n"
            "chr12|25398283|25398284|C|T|KRAS|100|0.3|0.0",
            "\t",
            [("S1", KRAS, 30, 100, "unknown")],
        ),
        (
            "mutation_analysis.tsv",
            "CGI-Sample ID|CGI-Gene|CGI-Protein Change|CHROMOSOME|POSITION|REF|ALT\nP7|KRAS|p.G12D|12|25398284|C|T",
            "\t",
            [("P7", KRAS, None, None, "unknown")],
        ),
        (
            "a.txt",
            "Project|Sample|Genome|mut_type|chrom|pos_start|pos_end|ref|alt\nX|S1|GRCh37|SNP|12|25398284|25398284|C|T",
            "\t",
            [("S1", KRAS, None, None, "unknown")],
        ),
    ],
)
def test_tables_of_tools(tmp_path, name, text, by, calls):
    """PureCN (#312), CLC Genomics Workbench, pVACtools (its normal was a patient), Cancer Genome Interpreter,
    SigProfiler."""
    reading = read_any(_table(tmp_path / name, text, by))
    assert _calls(reading, "alt_count", "depth", "origin") == calls


def test_a_column_that_ends_as_a_sample_s_name_is_asked_about(tmp_path):
    text = "Kit-Sample ID|chrom|pos|ref|alt\nS1|12|25398284|C|T\nS2|7|140453136|A|T"
    with pytest.raises(InputError, match="Kit-Sample ID"):
        read_any(_table(tmp_path / "a.tsv", text))


def _beside(tmp_path, option, name, text, by="\t"):
    calls = _table(tmp_path / "calls.maf", f"{MAF}\n{_KRAS_ROW}")
    path = _table(tmp_path / name, text, by)
    return read_delivery([calls], **{option: [path]})


@pytest.mark.parametrize(
    ("name", "text", "by", "rows"),
    [
        (
            "S1.bam_ratio.txt",
            "Chromosome|Start|Ratio|MedianRatio|CopyNumber|BAF|estimatedBAF|Genotype\n12|1|1.5|1.5|3|.3|.3|AAB\n"
            "12|5001|1.4|1.5|3|-1|.3|AAB\n12|10001|1|1|2|.5|.5|AB\n12|15001|-1|-1|-1|-1|-1|-",
            "\t",
            [("12", 1, 10000, 3.0, 1.0), ("12", 10001, 15000, 2.0, 1.0)],
        ),
        (
            "S1_loh.csv",
            "Sampleid|chr|start|end|arm|C|M|type|seg.mean\nS1|chr12|1|9000|p|3|1||0.2",
            ",",
            [("12", 1, 9000, 3.0, 1.0)],
        ),
        (
            "S1.cnv.output.tsv",
            "chr|start|end|cp|major_allele_cp\n12|1|9000|3|2",
            "\t",
            [("12", 1, 9000, 3.0, 1.0)],
        ),
    ],
)
def test_copies_of_further_callers(tmp_path, name, text, by, rows):
    """Control-FREEC's windows (refused), PureCN's copies (only its ratios were read), Accucopy."""
    found = _beside(tmp_path, "segments", name, text, by).tables["segments"]
    assert found.select("chrom", "start", "end", "total_cn", "minor_cn").rows() == rows


@pytest.mark.parametrize(
    ("name", "text", "by", "purity"),
    [
        ("S1.bam_info.txt", "Program_Version|v11.6\nSample_Purity|0.6\nOutput_Ploidy|3", "\t", 0.6),
        ("S1.csv", "Sampleid|Purity|Ploidy|Failed|Comment\nS1|1|2|TRUE|NON-ABERRANT", ",", None),
        ("S1.csv", "Sampleid|Purity|Ploidy|Failed|Comment\nS1|0.41|3.4|FALSE|x", ",", 0.41),
    ],
)
def test_purity_of_further_callers(tmp_path, name, text, by, purity):
    """PureCN writes 1 and 2 where its fit failed (BALSAMIC#824 shows its table)."""
    assert _beside(tmp_path, "segments", name, text, by).tables["samples"]["purity"].to_list() == [purity]


def test_purity_in_the_header_of_a_vcf_of_copies(tmp_path):
    """DRAGEN and Canvas (canvas#14): ##EstimatedTumorPurity."""
    head = ("##source=Canvas 1.3", "##OverallPloidy=2.71", "##EstimatedTumorPurity=0.41")
    row = "12 1 x N <CNV> 50 PASS SVTYPE=CNV;END=100000 RC:BC:CN:MCC 140:90:3:2"
    calls = _table(tmp_path / "calls.maf", f"{MAF}\n{_KRAS_ROW}")
    reading = read_delivery([calls], segments=[_vcf(tmp_path / "S1.cnv.vcf", ["S1"], [row], *head)])
    assert reading.tables["samples"].select("purity", "ploidy").rows() == [(0.41, 2.71)]


def test_copies_under_the_name_of_a_ratio_and_of_another_build_are_refused(tmp_path):
    head = "ID|chrom|loc.start|loc.end|num.mark|seg.mean\n"
    reading = _beside(
        tmp_path, "segments", "x.seg", head + "\n".join(f"S1|{c}|1|90|9|{v}" for c, v in ((1, 2), (2, 2.1), (3, 3)))
    )
    assert any("these are copies" in p.message for p in reading.problems)
    reading = _beside(tmp_path, "segments", "y.seg", head + "S1|17|1|83257441|9|0.1")
    _, problems = checked(reading)
    assert any("GRCh38" in p.cure for p in problems if p.severity == "error")


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("S1.depth.txt", "12|100|500\n12|101|510\n12|102|20", [("12", 100, 101, 500), ("12", 102, 102, 20)]),
        ("depth.tsv", "#CHROM|POS|/x/S1.bam\n12|100|500", [("12", 100, 100, 500)]),
        ("S1.cov", "Locus|Total_Depth|Depth_for_S1\n12:100|500|500", [("12", 100, 100, 500)]),
        ("S1.bedcov.txt", "12|99|101|KRAS|1|500\n12|99|101|KRAS|2|501", [("12", 100, 101, 500)]),
        (
            "S1_read_cov_report.bed",
            "#chrom|start|end|name|mean_cvg|min_cvg\n12|99|200|K|500|300",
            [("12", 100, 200, 300)],
        ),
        (
            "S1.sample_interval_summary",
            "Target|S1_%_above_15|S1_%_above_50\n12:100-200|100.0|90.0",
            [("12", 100, 200, 15)],
        ),
    ],
)
def test_depths_of_further_programs(tmp_path, name, text, rows):
    """samtools depth, GATK DepthOfCoverage, bedtools coverage -d, DRAGEN."""
    found = _beside(tmp_path, "depths", name, text).tables["coverage"]
    assert found.select("sample_id", "chrom", "start", "end", "min_depth").rows() == [("S1", *row) for row in rows]


def test_counts_of_reads_are_no_depth_and_dragen_tells_msi(tmp_path):
    with pytest.raises(InputError, match="CollectReadCounts"):
        _beside(tmp_path, "depths", "S1.counts.tsv", "@HD|VN:1.6\nCONTIG|START|END|COUNT\n12|100|200|500")
    said = json.dumps({"PercentageUnstableSites": "12.5", "ResultIsValid": "true"})
    reading = _beside(tmp_path, "depths", "S1.microsat_output.json", said)
    assert reading.tables["samples"]["msi_score"].to_list() == [12.5]


@pytest.mark.parametrize(
    ("name", "text", "by"),
    [
        ("jaffa_results.csv", "sample,fusion genes,spanning reads\nS1,TMPRSS2:ERG,10", ","),
        ("S1.fusions.csv", "Fusion;Score\nTMPRSS2--ERG;0.8", ";"),
        ("S1.results.tsv", "GeneName1|GeneName2|crossingreads\nTMPRSS2|ERG|5", "\t"),
    ],
)
def test_fusions_of_further_callers(tmp_path, name, text, by):
    """JAFFA, nf-core/rnafusion's fusion-report, EricScript."""
    found, _ = read_fusion_calls(_table(tmp_path / name, text, by))
    assert found.select("sample_id", "gene_5p", "gene_3p").rows() == [("S1", "TMPRSS2", "ERG")]


def test_a_list_of_mutations_for_clones_makes_nobody_wild_type(tmp_path):
    """PyClone-VI's own example names CRUK0001:12:25398284:T; its patients were RAS negative (assumed), as every one of a
    Pairtree table."""
    head = "mutation_id|sample_id|ref_counts|alt_counts|normal_cn|major_cn|minor_cn\n"
    rows = "CRUK0001:12:25398284:T|R1|70|30|2|1|1\nCRUK0001:12:25398284:T|R2|80|20|2|1|1\ns0|R1|70|30|2|1|1"
    reading = read_clone_tables("pyclone", _table(tmp_path / "P1.tsv", head + rows))
    assert [v for _, v in _calls(reading)] == ["12:25398284:N:T", "12:25398284:N:T", "1:1:A:C"]
    assert set(_states(reading, "RAS").values()) == set(_states(reading, "BRAF V600E").values()) == {"not_assessable"}


def test_a_name_before_a_place_with_chr_is_no_part_of_it(tmp_path):
    head = "mutation_id|sample_id|ref_counts|alt_counts|normal_cn|major_cn|minor_cn\n"
    rows = "\n".join(f"{m}|R1|70|30|2|1|1" for m in ("chr12:25398284:C:T", "TP53_chr17:7578406:C:T", "7_140453136_A_T"))
    reading = read_clone_tables("pyclone", _table(tmp_path / "P1.tsv", head + rows))
    assert [v for _, v in _calls(reading)] == [KRAS, "17:7578406:C:T", "7:140453136:A:T"]


@pytest.mark.parametrize(
    ("header", "row", "what"),
    [
        ("id|gene|a|d|mu_r|mu_v", "s0|KRAS|70|100|0.999|0.5", "PhyloWGS"),  # it was two patients, mu_r and mu_v
        ("mutation_id|sample_id|cluster_id|cellular_prevalence", "m1|S1|0|0.9", "PyClone-VI's result"),
    ],
)
def test_tables_that_hold_no_calls_are_named(tmp_path, header, row, what):
    with pytest.raises(InputError, match=what):
        detect(_table(tmp_path / "x.txt", f"{header}\n{row}"))


def test_a_folder_with_one_table_is_that_table(tmp_path):
    _table(tmp_path / "in" / "mutations.tsv", f"{MAF}\n{_KRAS_ROW}")
    (tmp_path / "in" / "README.txt").write_text("Mutations of our patients\n")
    study, _ = examined(tmp_path / "in")
    assert study["calls"]["variant_id"].to_list() == [KRAS]
    _table(tmp_path / "in" / "clinical.tsv", "SAMPLE_ID|PATIENT_ID\nS1|P1")
    with pytest.raises(InputError, match=r"mutations.tsv holds the calls.*--clinical .*clinical.tsv"):
        detect(tmp_path / "in")


def test_callers_columns_of_events_are_one_sample(tmp_path):
    """SURVIVOR merges Manta and DELLY: P1_manta and P1_delly were asked about as tumour and normal."""
    row = "21 42880008 . N N[21:39817544[ . PASS SVTYPE=TRA GT:PSV 0/1:NA 0/1:NA"
    reading = read_delivery([_vcf(tmp_path / "P1.vcf", ["P1_manta", "P1_delly"], [row])])
    assert reading.tables["samples"]["sample_id"].to_list() == ["P1"]


def _book(path, **sheets):
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    book.close()
    return path


def test_sheets_of_a_report_say_by_their_names_what_they_hold(tmp_path):
    """胚系 was somatic, 融合 a table of fusions without a column of ours; 肿瘤细胞含量 of the form was not read."""
    path = _book(
        tmp_path / "r.xlsx",
        样本信息=[["样本编号", "S1"], ["住院号", "77"], ["样本类型", "FFPE组织"], ["肿瘤细胞含量", "40%"]],
        SNV=[["基因", "氨基酸变化", "变异丰度"], ["KRAS", "p.Gly12Asp", "12.3%"]],
        融合=[["融合基因", "断点", "丰度"], ["EML4-ALK", "E13:A20", "5.2%"]],
        胚系=[["基因", "氨基酸变化"], ["BRCA2", "p.Ser1982fs"]],
    )
    reading = read_any(path)
    assert _calls(reading, "origin") == [("S1", "BRCA2:p.S1982fs", "germline"), ("S1", "KRAS:p.G12D", "unknown")]
    assert reading.tables["fusions"].select("gene_5p", "gene_3p").rows() == [("EML4", "ALK")]
    assert reading.tables["samples"].select("patient_id", "material", "purity").rows() == [("77", "tissue", "0.4")]


def test_codons_of_ras_in_several_rows_are_the_whole_of_it(tmp_path):
    """Kits name exon and codons; the patient with six wild types was not assessable."""
    parts = ("2号外显子(12/13密码子)", "3号外显子(59/61密码子)", "4号外显子(117/146密码子)")
    rows = [f"{s},{g}基因{p},野生型" for s, g in (("S1", "KRAS"), ("S1", "NRAS"), ("S2", "KRAS")) for p in parts]
    reading = read_any(_table(tmp_path / "r.csv", "\n".join(["样本编号,检测项目,检测结果", *rows])))
    assert _states(reading, "RAS") == {"S1": "negative", "S2": "not_assessable"}


def test_an_assay_that_a_mapping_names_is_an_assay(tmp_path):
    """The how-to's own example was refused: there was no table assays."""
    from oncourse.io.mapping import read_mapped

    path = _table(tmp_path / "r.csv", "标本,靶点,突变描述\nR1,KRAS,p.G12D\nR2,KRAS,未检出")
    (tmp_path / "m.yaml").write_text(
        "table: panel\ncolumns: {sample_id: 标本, gene: 靶点, hgvs_p: 突变描述}\nconstants: {assay_id: 八基因}\n",
        "utf-8",
    )
    reading = read_mapped(path, tmp_path / "m.yaml")
    assert not [p for p in checked(reading)[1] if p.severity == "error"]
    assert reading.tables["samples"]["assay_id"].to_list() == ["八基因_1", "八基因_1"]


def test_a_folder_of_reports_is_one_study(tmp_path):
    """A file per report, as laboratories send them: the folder was refused."""
    head = ["病案号", "样本编号", "样本类型", "送检日期", "基因", "氨基酸改变", "突变丰度"]
    (tmp_path / "in").mkdir()
    _book(tmp_path / "in/a.xlsx", 报告=[head, ["77", "S1", "组织", "2024-03-01", "KRAS", "p.G12D", "12%"]])
    _table(
        tmp_path / "in/b.csv",
        ",".join(head) + "\n77,S2,血浆,2024-05-30,KRAS,p.G12D,0.5%\n78,S3,组织,2024-05-30,NRAS,未检出,",
    )
    reading = read_any(tmp_path / "in")
    tables, _ = checked(reading)
    assert tables["samples"].select("sample_id", "patient_id", "material", "day").rows() == [
        ("S1", "77", "tissue", 0),
        ("S2", "77", "plasma", 90),
        ("S3", "78", "tissue", 0),
    ]
    assert _calls(reading) == [("S1", "KRAS:p.G12D"), ("S2", "KRAS:p.G12D")]


def test_dragen_names_its_pair_on_the_command_line(tmp_path):
    """DRAGEN writes ``--RGSM-tumor T --RGSM N`` and calls the columns by these names, the normal first."""
    head = '##DRAGENCommandLine=<ID=dragen,CommandLineOptions="-r ref --RGSM-tumor CD34 --RGSM AB12">'
    row = "12 25398284 . C T 50 PASS . GT:AD:DP 0/0:100,0:100 0/1:70,30:100"
    reading = read_any(_vcf(tmp_path / "x.hard-filtered.vcf", ["AB12", "CD34"], [row], head))
    assert _calls(reading, "alt_count") == [("CD34", KRAS, 30)]


def test_a_sample_is_of_the_listed_patient_its_id_begins_with(tmp_path):
    """A clinical table of patients only: the samples were patients of their own, without follow-up."""
    rows = "\n".join(_KRAS_ROW.replace("S1", s) for s in ("P1_T", "P1-2-T", "P10_T", "P1_9"))
    maf = _table(tmp_path / "a.maf", f"{MAF}\n{rows}")
    clinical = _table(tmp_path / "c.txt", "PATIENT_ID|OS_MONTHS|OS_STATUS\nP1|12|1:DECEASED\nP1-2|20|0:LIVING")
    reading = read_files([maf], clinical=[clinical])
    owners = dict(reading.tables["samples"].select("sample_id", "patient_id").iter_rows())
    assert owners == {"P1_T": "P1", "P1-2-T": "P1-2", "P10_T": "P10_T", "P1_9": "P1_9"}
    assert any("2 samples are of the patient their id begins with" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("word", "status", "told"),
    [
        ("MSI-H (32%)", "MSI-H", False),
        ("MSS, PCR", "MSS", False),
        ("MSI-H?", None, True),
        ("10.5", None, True),
        ("Do not report", None, False),
    ],
)
def test_words_of_msi_in_a_clinical_table(tmp_path, word, status, told):
    """A share behind the word made the status unknown, and nothing said so."""
    maf = _table(tmp_path / "a.maf", f"{MAF}\n{_KRAS_ROW}\n{_KRAS_ROW.replace('S1', 'S2')}")
    clinical = _table(tmp_path / "c.txt", f"SAMPLE_ID|PATIENT_ID|MSI_TYPE\nS1|P1|{word}\nS2|P2|MSS")
    reading = read_files([maf], clinical=[clinical])
    assert reading.tables["samples"].sort("sample_id")["msi_status"][0] == status
    assert any("microsatellite status" in p.message for p in reading.problems) == told


def _cbioportal(folder, **files):
    _table(folder / "meta_study.txt", "type_of_cancer: crc\ncancer_study_identifier: x\nname: x\ndescription: x")
    for name, text in files.items():
        _table(folder / f"{name}.txt", text)
    return folder


def test_fusions_among_the_rows_of_a_maf(tmp_path):
    """cBioPortal's older studies: rows of class Fusion, one per partner (they were calls that nobody understands)."""
    fusion = "\n".join(f"{gene}||||||S1|Fusion|EML4-ALK fusion|GRCh37" for gene in ("EML4", "ALK"))
    text = f"{MAF}\n{_KRAS_ROW}\n{_KRAS_ROW.replace('S1', 'S2')}\n{fusion}"
    nobody = f"{_KRAS_ROW.replace('S1', '')}\nALK||||||||EML4-ALK fusion|GRCh37".replace("||||||||", "|||||||Fusion|")
    maf = _table(tmp_path / "a.maf", f"{text}\n{nobody}")
    reading = read_any(maf)
    assert _calls(reading) == [("S1", KRAS), ("S2", KRAS)]
    assert [p.row for p in reading.problems if "no sample" in p.message] == [6, 7]
    assert reading.tables["fusions"].select("sample_id", "gene_5p", "gene_3p").rows() == [("S1", "EML4", "ALK")]
    looked = dict(reading.tables["samples"].select("sample_id", "sv_assay_id").iter_rows())
    assert looked == {"S1": "structural_variants", "S2": "not_profiled"}
    clinical = "PATIENT_ID|SAMPLE_ID\nP1|S1\nP2|S2"
    folder = _cbioportal(tmp_path / "study", data_mutations=text, data_clinical_sample=clinical)
    found = read_any(folder).tables["fusions"]
    assert found.select("sample_id", "gene_5p", "gene_3p").rows() == [("S1", "EML4", "ALK")]


def test_ids_of_copy_numbers_as_r_writes_them_are_the_same_samples(tmp_path):
    """R's make.names: X001.T for 001-T was a further patient, and RAS negative; so was a column nothing else names."""
    folder = _cbioportal(
        tmp_path / "study",
        data_mutations=f"{MAF}\n{_KRAS_ROW.replace('S1', '001-T')}",
        data_clinical_sample="PATIENT_ID|SAMPLE_ID\nP1|001-T\nP2|002-T",
        data_cna="Hugo_Symbol|Entrez_Gene_Id|X001.T|X002.T|ZZ9\nERBB2|2064|2|0|2\nPTEN|5728|-2|NA|0",
    )
    reading = read_any(folder)
    assert _states(reading, "RAS") == {"001-T": "positive", "002-T": "negative", "ZZ9": "not_assessable"}
    copies = _states(reading, "HER2 amplification")
    assert copies == {"001-T": "positive", "002-T": "negative", "ZZ9": "positive"}


def test_a_tumour_that_another_was_compared_with_is_no_normal(tmp_path):
    """A relapse called against the primary, which has a normal of its own: the primary was a normal, its calls
    germline; two samples that name each other were both."""
    head = f"{MAF}\tMatched_Norm_Sample_Barcode"
    rows = [f"{_KRAS_ROW.replace('S1', s)}\t{n}" for s, n in (("P1_rel", "P1_pri"), ("P1_pri", "P1_N"))]
    reading = read_any(_table(tmp_path / "a.maf", "\n".join([head, *rows])))
    assert reading.tables["samples"]["material"].to_list() == ["tissue", "tissue"]
    assert reading.tables["samples"]["patient_id"].unique().to_list() == ["P1_pri"]
    assert _calls(reading, "origin") == [("P1_pri", KRAS, "unknown"), ("P1_rel", KRAS, "unknown")]
    assert any("taken as tumours (P1_pri (of P1_rel))" in note for note in reading.notes)
    rows = [f"{_KRAS_ROW.replace('S1', s)}\t{n}" for s, n in (("S1", "S2"), ("S2", "S1"))]
    reading = read_any(_table(tmp_path / "b.maf", "\n".join([head, *rows])))
    assert reading.tables["samples"]["material"].to_list() == ["tissue", "tissue"]


@pytest.mark.parametrize("name", ["S1.vcf.bgz", "S1.txt", "S1.vcf.txt"])
def test_a_vcf_is_one_by_its_first_line(tmp_path, name):
    """Downloads saved as .txt, bgzip's own ending: "the column . is there twice"."""
    row = "12 25398284 . C T 50 PASS . GT:AD:DP 0/1:70,30:100"
    path = _vcf(tmp_path / name, ["S1"], [row])
    if name.endswith("bgz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert _calls(read_any(path), "alt_count") == [("S1", KRAS, 30)]


def test_counts_whose_cells_name_their_numbers(tmp_path):
    """GBCMS's fillout: the samples' columns were not read, and the calling sample had a call without reads."""
    text = (
        "Sample|Chrom|Start|Ref|Alt|Gene|S1|S2\nS1|12|25398284|C|T|KRAS|DP=100;RD=70;AD=30;VF=0.3|DP=90;RD=90;AD=0;VF=0"
    )
    found = read_counts(_table(tmp_path / "fillout.txt", text))
    assert found.calls.select("sample_id", "alt_count", "depth").rows() == [("S1", 30, 100), ("S2", 0, 90)]
    with pytest.raises(InputError, match="no column with counts of reads"):
        read_counts(_table(tmp_path / "no.txt", "Sample|Chrom|Start|Ref|Alt\nS1|12|25398284|C|T"))


def test_segments_of_a_sample_named_by_the_path_of_its_file(tmp_path):
    maf = _table(tmp_path / "a.maf", f"{MAF}\n{_KRAS_ROW}")
    text = "ID|chrom|loc.start|loc.end|num.mark|seg.mean\n/data/S1.recal.bam|12|1|100000|50|0.5"
    reading = read_files([maf], segments=[_table(tmp_path / "s.seg", text)])
    assert reading.tables["segments"]["sample_id"].to_list() == ["S1"]


def test_the_ledger_says_what_became_of_columns_of_segments_purity_and_fusions(tmp_path):
    maf = _table(tmp_path / "a.maf", f"{MAF}\n{_KRAS_ROW}")
    segments = _table(tmp_path / "s.tsv", "sample|chrom|start|end|cn1|cn2|weight\nS1|12|1|100000|1|2|9")
    purity = _table(tmp_path / "p.tsv", "sample|purity|ploidy|diploidProportion\nS1|0.6|2.1|0.2")
    fusions = _table(tmp_path / "f.tsv", "sample|gene1|gene2|split_reads1|type\nS1|EML4|ALK|8|inversion")
    reading = read_files([maf], segments=[segments, purity], fusions=[fusions])
    told = {(row[0], row[1]): (row[2], row[3]) for row in reading.ledger.columns if row[0] != "a.maf"}
    assert told == {
        ("s.tsv", "sample"): ("used", "segments.sample_id"),
        ("s.tsv", "chrom"): ("used", "segments.chrom"),
        ("s.tsv", "start"): ("used", "segments.start"),
        ("s.tsv", "end"): ("used", "segments.end"),
        ("s.tsv", "cn1"): ("used", "segments.minor_cn"),
        ("s.tsv", "cn2"): ("used", "segments.minor_cn"),
        ("s.tsv", "weight"): ("not read", ""),
        ("p.tsv", "sample"): ("used", "samples.sample_id"),
        ("p.tsv", "purity"): ("used", "samples.purity"),
        ("p.tsv", "ploidy"): ("used", "samples.ploidy"),
        ("p.tsv", "diploidProportion"): ("not read", ""),
        ("f.tsv", "sample"): ("used", "fusions"),
        ("f.tsv", "gene1"): ("used", "fusions.gene_5p"),
        ("f.tsv", "gene2"): ("used", "fusions.gene_3p"),
        ("f.tsv", "split_reads1"): ("used", "fusions.support"),
        ("f.tsv", "type"): ("not read", ""),
    }
