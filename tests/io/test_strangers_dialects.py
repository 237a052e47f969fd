"""What further tools and tables of public reports write in their own way: counts, words, columns, lines of R."""

from __future__ import annotations

import doctest

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, states_of, write_table, write_vcf

from oncourse.errors import InputError
from oncourse.genome import effect, protein
from oncourse.io.assays import depths
from oncourse.io.assays.depths import read_depths
from oncourse.io.detect import detect, read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.reports import sections as report_sections
from oncourse.io.reports.mapping import read_panel
from oncourse.io.structural.segments import read_segments
from oncourse.io.variants import annovar, genomic_change, population, vcf_rows, whose_rows
from oncourse.io.variants.counts import read_counts
from oncourse.io.whose import ids

MODULES = (annovar, depths, effect, genomic_change, ids, population, protein, report_sections, vcf_rows, whose_rows)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("fields", "tumour", "info", "counts"),
    [
        ("GT:PP:NP:PR:NR:PU:NU", "./.:3:4:50:50:8:7", ".", (15, 100)),  # cgpPindel
        ("GT:PP:NP:XX", "./.:3:4:7", ".", (None, None)),  # keys that nobody here knows
        ("GT:TDP:TAF", ".:100:0.3", ".", (30, 100)),  # PCGR
        ("GT", "0/1", "TDP=100;TVAF=0.3;NDP=60;NVAF=0", (30, 100)),
    ],
)
def test_a_passing_record_without_a_genotype_is_a_call(tmp_path, fields, tumour, info, counts):
    """cgpPindel writes ./. for its tumour: looked at and not called, or (sigven/pcgr#268: GT:TDP:TAF) in no table."""
    row = f"12 25398284 . C T . PASS {info} {fields} {tumour}"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row])])
    assert calls_of(reading, "is_called", "alt_count", "depth") == [("P1", KRAS, True, *counts)]


def test_reads_of_the_normal_in_info_say_germline(tmp_path):
    row = "13 32914437 . G T . PASS TDP=100;TAF=0.5;NDP=60;NAF=0.5 GT 0/1"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row])])
    assert calls_of(reading, "origin") == [("P1", "13:32914437:G:T", "germline")]


def test_an_allele_with_a_bar_is_a_change_nobody_knows(tmp_path):
    """`C  T|x,A` was a traceback."""
    row = "12 25398284 . C T|x,A . PASS . GT:AD:DP 0/1:70,30,0:100"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row])])
    assert [c[1] for c in calls_of(reading)] == ["12:25398284:C:A", "12:25398284:C:N"]
    assert states_of(reading, "RAS") == {"P1": "not_assessable"}


def test_a_breakpoint_in_a_longer_transcript_is_in_its_gene(tmp_path):
    """DELLY, TMPRSS2 to 21:39880000, before the first exon of ERG's chosen transcript: TMPRSS2 with itself."""
    row = "21 39880000 . N <DEL> . PASS SVTYPE=DEL;END=42860000;CHR2=21;CT=3to5 GT:DR:DV:RR:RV 0/1:20:10:50:15"
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], [row], "##source=DELLY")])
    assert reading.tables["fusions"].select("gene_5p", "gene_3p").rows() == [("TMPRSS2", "ERG")]


ANNOVAR = (
    "Chr|Start|End|Ref|Alt|Func.refGene|Gene.refGene|GeneDetail.refGene|ExonicFunc.refGene|AAChange.refGene|Otherinfo"
)


def test_annovar_s_otherinfo_in_one_quoted_cell(tmp_path):
    """table_annovar.pl -csvout -otherinfo: the record with its tabs in one cell; its counts were passed over."""
    record = "het\t.\t100\t12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD:DP\t0/1:70,30:100"
    row = f'12|25398284|25398284|C|T|exonic|KRAS|.|nonsynonymous SNV|"KRAS:NM_004985:exon2:c.G35A:p.G12D"|"{record}"'
    path = write_table(tmp_path / "S1.hg19_multianno.csv", f"{ANNOVAR}\n{row}", by=",")
    assert calls_of(read_any(path), "alt_count", "depth") == [("S1", KRAS, 30, 100)]


def test_a_coding_change_among_the_protein_changes_is_none(tmp_path):
    """WGLab/doc-ANNOVAR#3: transcripts parted by tabs shift c.*138_*139insA into AAChange: it was p.c.*138_*139insA."""
    row = "2|215593261|215593261|-|T|UTR3|BARD1|NM_000465:c.*138_*139insA|.|NM_001282549:c.*138_*139insA|."
    reading = read_any(write_table(tmp_path / "S1.hg19_multianno.txt", f"{ANNOVAR}\n{row}"))
    assert reading.tables["variants"].select("gene", "hgvs_p", "consequence").rows() == [("BARD1", None, "utr3")]


@pytest.mark.parametrize(
    ("normal", "origin"),
    [("NORMAL", "germline"), ("PoN", "germline"), ("FROZENPOOLEDNORMAL_IMPACT505", "germline"), ("P1_N", "unknown")],
)
def test_a_pool_of_normals_is_no_matched_normal(tmp_path, normal, origin):
    """maftools#483 with Matched_Norm_Sample_Barcode PoN: TP53 P72R (gnomAD .66) was altered in every patient."""
    header = f"{MAF}|gnomADe_AF|Matched_Norm_Sample_Barcode".replace("\t", "|")
    row = f"TP53|17|7579472|7579472|G|C|S1|Missense_Mutation|p.P72R|GRCh37|0.66|{normal}"
    reading = read_any(write_table(tmp_path / "a.maf", f"{header}\n{row}"))
    assert calls_of(reading, "origin") == [("S1", "17:7579472:G:C", origin)]


@pytest.mark.parametrize(
    ("word", "origin"),
    [
        ("germline_confirmed", "germline"),
        ("SOMATIC_VERIFIED", "somatic"),
        ("Somatic;LOH", "somatic"),
        ("Unverified", "unknown"),
    ],
)
def test_words_that_confirm_an_origin(tmp_path, word, origin):
    path = write_table(tmp_path / "a.maf", f"{MAF}\tMutation_Status\n{KRAS_ROW}\t{word}")
    reading = read_any(path)
    assert calls_of(reading, "origin", "is_called") == [("S1", KRAS, origin, True)]
    assert not [p for p in reading.problems if "status" in p.message]


def test_a_word_among_counts_is_no_count(tmp_path):
    """cBioPortal/datahub#2356: t_alt_count 'Omit' or a blank stopped the import."""
    rows = [f"{KRAS_ROW.replace('S1', s)}\t{n}" for s, n in (("S1", "Omit"), ("S2", " "), ("S3", "30"))]
    reading = read_any(write_table(tmp_path / "a.maf", "\n".join([f"{MAF}\tt_alt_count", *rows])))
    assert calls_of(reading, "alt_count") == [("S1", KRAS, None), ("S2", KRAS, None), ("S3", KRAS, 30)]
    assert [p.message for p in reading.problems if p.column == "alt_count"] == [
        "'Omit' is not a read count: taken as not counted."
    ]


def test_fractions_and_percent_in_one_column_are_told(tmp_path):
    """0.3 beside 12.5 without a sign: 0.3 % or 30 %."""
    rows = [f"{KRAS_ROW.replace('S1', s)}\t1000\t{f}" for s, f in (("S1", "0.3"), ("S2", "12.5"))]
    reading = read_any(write_table(tmp_path / "a.maf", "\n".join([f"{MAF}\tt_depth\tVAF", *rows])))
    told = [p for p in reading.problems if p.column == "vaf"]
    assert [(p.severity, p.value) for p in told] == [("warning", "0.3")]


@pytest.mark.parametrize(
    ("theirs", "ours"), [("s_C_AAA111_P001_d", "C-AAA111-P001-d"), ("０４-T", "04-T"), ("P1.T", "P1-T")]
)
def test_ids_of_pipelines_and_full_width_letters_are_matched(theirs, ours):
    assert ids.matched([theirs], [ours])[0] == {theirs: ours}


def test_a_deleted_exon_says_nothing_of_the_frame(tmp_path):
    """APC "Exon 4 deletion" was an in-frame deletion: no loss."""
    head = (
        "Hugo_Symbol|Chromosome|Start_Position|End_Position|Reference_Allele|Tumor_Seq_Allele2|Variant_Classification"
    )
    text = f"{head}|HGVSp_Short|Tumor_Sample_Barcode\nAPC|||||||Exon 4 deletion|S1"
    reading = read_any(write_table(tmp_path / "a.maf", text))
    assert reading.tables["variants"]["consequence"].to_list() in ([None], ["unknown"])


def test_pcgr_s_table_names_its_sample_and_place(tmp_path):
    text = (
        "SAMPLE_ID|GENOMIC_CHANGE|GENOME_VERSION|SYMBOL|CONSEQUENCE|DP_TUMOR|VAF_TUMOR\n"
        "S1|g.12:25398284:C>T|grch37|KRAS|missense_variant|100|0.3"
    )
    assert calls_of(read_any(write_table(tmp_path / "x.tsv", text)), "alt_count") == [("S1", KRAS, 30)]


def test_segments_as_r_writes_them(tmp_path):
    """write.table without arguments: quotation marks, blanks, names of rows; DNAcopy's header 'ID."""
    blanks = '"ID" "chrom" "loc.start" "loc.end" "num.mark" "seg.mean"\n"1" "P1" 1 1000000 25000000 100 -0.2'
    frame, _ = read_segments(write_table(tmp_path / "b.seg", blanks))
    assert frame.select("sample_id", "chrom", "start", "end", "log2_ratio").rows() == [
        ("P1", "1", 1000000, 25000000, -0.2)
    ]
    frame, _ = read_segments(write_table(tmp_path / "a.seg", "'ID'|chrom|loc.start|loc.end|seg.mean\nP1|23|1|1000|0.3"))
    assert frame.select("sample_id", "chrom").rows() == [("P1", "X")]


def test_bins_of_cnvkit_are_no_segments(tmp_path):
    """P1.cnr given for P1.cns: every bin was a segment."""
    text = "chromosome|start|end|gene|log2|depth|weight\nchr17|0|2200|TP53|-0.5|90|1\nchr17|2300|4200|TP53|-0.4|90|1"
    with pytest.raises(InputError, match="bins, no segments"):
        read_segments(write_table(tmp_path / "P1.cnr", text))


@pytest.mark.parametrize("where", ["above", "below"])
def test_msi_and_tmb_beside_the_table_of_a_report(tmp_path, where):
    """``微卫星状态：MSS`` below the table was a row of one cell: the rest "taken as empty", MSI and TMB lost."""
    facts = "微卫星状态：MSS\nTMB：5.6 muts/Mb\n"
    table = "基因|氨基酸变化|突变丰度\nKRAS|p.G12D|12.35%\n"
    text = f"样本编号：S1\n{facts if where == 'above' else ''}{table}{facts if where == 'below' else ''}"
    reading = read_panel(write_table(tmp_path / "p.txt", text))
    assert reading.tables["samples"].select("msi_status", "tmb_per_mb").rows() == [("MSS", "5.6")]


@pytest.mark.parametrize(
    ("contig", "state"),
    [
        ("chr17_gl000204_random", "negative"),
        ("hs37d5", "negative"),
        ("chr12_X_alt", "not_assessable"),
    ],
)
def test_a_call_on_a_decoy_or_scaffold_is_in_no_gene(tmp_path, contig, state):
    """Genome-wide calls hold some on GL000..., chrUn_ and decoys: every status of the patient was not assessable."""
    rows = [f"{c} 7578 . C T . PASS . GT:AD:DP 0/1:70,30:100" for c in ("1", contig)]
    reading = read_delivery([write_vcf(tmp_path / "P1.vcf", ["P1"], rows)])
    assert states_of(reading, "RAS") == {"P1": state}


@pytest.mark.parametrize(
    ("change", "word", "consequence"),
    [
        ("p.Q100*", "Missense_Mutation", "nonsense"),
        ("p.S1982Rfs*22", "Silent", "frameshift"),
        ("p.R175H", "Intron", "missense"),
        ("p.R175H", "Missense_Mutation", "missense"),
        ("p.X125_splice", "Splice_Site", "splice_site"),
    ],
)
def test_without_a_place_the_change_says_what_the_effect_denies(tmp_path, change, word, consequence):
    """BRCA2 p.Q100* called a missense mutation, without a place: no loss of BRCA2, and nothing said."""
    head = "Hugo_Symbol|Chromosome|Start_Position|Reference_Allele|Tumor_Seq_Allele2|Variant_Classification|HGVSp_Short"
    text = f"{head}|Tumor_Sample_Barcode\nBRCA2|||||{word}|{change}|S1"
    reading = read_any(write_table(tmp_path / "a.maf", text))
    assert reading.tables["variants"]["consequence"].to_list() == [consequence]
    told = [p for p in reading.problems if "another kind than their effect" in p.message]
    assert bool(told) == (word not in ("Missense_Mutation", "Splice_Site") or consequence == "nonsense")


def test_counts_under_names_without_underscores(tmp_path):
    text = "Sample|Chrom|Pos|Ref|Alt|RefCount|AltCount|Depth\nS1|12|25398284|C|T|970|30|1000"
    found = read_counts(write_table(tmp_path / "c.tsv", text))
    assert found.calls.select("alt_count", "depth").rows() == [(30, 1000)]


def test_bedpe_of_structural_variants(tmp_path):
    """Headerless as svtools, headed as PCAWG; a row without strands joins nobody knows what."""
    rows = [
        "2|42522655|42522656|2|29446393|29446394|e|50|+|+",
        "21|39817543|39817544|21|42880007|42880008|e|5|+|-",
        "7|1|2|8|1|2|x|1|.|.",
    ]
    head = "chrom1|start1|end1|chrom2|start2|end2|sv_id|pe_support|strand1|strand2"
    calls = write_vcf(tmp_path / "T1.vcf", ["T1"], ["17 7578406 . C T . PASS . GT:AD:DP 0/1:70,30:100"])
    for name, lines in (("T1.bedpe", rows), ("T1.sv.txt", [head, *rows])):
        fusions = write_table(tmp_path / "x" / name, "\n".join(lines))
        reading = read_delivery([calls], fusions=[fusions])
        pairs = reading.tables["fusions"].select("sample_id", "gene_5p", "gene_3p").sort("gene_5p").rows()
        assert pairs == [("T1", "EML4", "ALK"), ("T1", "TMPRSS2", "ERG")]
        assert ["names no second place" in said for said in reading.ledger.lost()] == [True]
        assert reading.tables["samples"]["sv_assay_id"].to_list() == ["structural_variants"]


def test_depths_of_sambamba(tmp_path):
    """depth region: percent of the bases from a depth on; depth base counts positions from 0."""
    head = "# chrom|chromStart|chromEnd|F3|readCount|meanCoverage|percentage20|percentage200|sampleName"
    region = write_table(tmp_path / "x.bed", f"{head}\nchr12|25398200|25398330|g|800|512|100|99.2|T1")
    assert read_depths(region)[0].rows() == [("T1", "12", 25398201, 25398330, 20)]
    bases = "\n".join(f"chr12|{25398283 + i}|300|0|300|0|0|0|0|T1" for i in range(3))
    base = write_table(tmp_path / "y.txt", f"REF|POS|COV|A|C|G|T|DEL|REFSKIP|SAMPLE\n{bases}")
    assert read_depths(base)[0].rows() == [("T1", "12", 25398284, 25398286, 300)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@HD\tVN:1.6\n@SQ\tSN:12\tLN:1\nCONTIG\tSTART\tEND\tCOUNT\n12\t1\t2\t3", "CollectReadCounts"),
        ("@HD\tVN:1.6\nCONTIG\tPOSITION\tREF_COUNT\tALT_COUNT\tREF_NUCLEOTIDE\tALT_NUCLEOTIDE", "import counts"),
        ("# chrom\tchromStart\tchromEnd\treadCount\tmeanCoverage\n1\t1\t2\t3\t4", "--coverage"),
        ("chrom1\tstart1\tend1\tchrom2\tstart2\tend2\n1\t1\t2\t3\t4\t5", "--fusions"),
    ],
)
def test_tables_that_are_no_calls_are_told_where_they_go(tmp_path, text, said):
    """Below a SAM header: "row 2 has 3 cells, the header has 2"."""
    with pytest.raises(InputError, match=said):
        detect(write_table(tmp_path / "x.tsv", text))
