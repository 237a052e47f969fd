"""Files of further tools, rebuilt small after what their users ask in public: each is read, or asked about.

Sources are named beside each; every id and number is made up.
"""

from __future__ import annotations

import doctest

import pytest

from oncourse.errors import InputError
from oncourse.genome import protein
from oncourse.io.assays import covered
from oncourse.io.files import read_files
from oncourse.io.reports import layout as report_layout
from oncourse.io.reports.mapping import read_panel
from oncourse.io.variants import dialects, genomic_change, maf_columns
from oncourse.io.whose import columns as whose
from oncourse.io.whose import ids
from oncourse.io.whose.manifest import Question

VCF = "##fileformat=VCFv4.2\n##contig=<ID=chr12,length=133275309>\n"
KRAS = ("chr12", "25245350", ".", "C", "T", ".", "PASS")
TABLE = "chrom\tpos\tref\talt\tt_alt_count\tt_ref_count"


def _vcf(path, columns, *records, head=""):
    rows = ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(columns), *map("\t".join, records)]
    path.write_text(VCF + head + "\n".join(rows) + "\n")
    return path


def _of(reading, table, *columns):
    return reading.tables[table].select(columns).sort(columns).rows()


@pytest.mark.parametrize("module", [covered, dialects, genomic_change, ids, maf_columns, protein, report_layout, whose])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_renamed_columns_are_what_the_header_names(tmp_path):
    """genome/analysis-workflows#687 renames the columns to TUMOR and NORMAL; Mutect2's header keeps the samples."""
    head = "##normal_sample=P1N\n##tumor_sample=P1T\n"
    path = _vcf(tmp_path / "x.vcf", ["NORMAL", "TUMOR"], [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30"], head=head)
    assert _of(read_files([path]), "samples", "sample_id", "material") == [("P1T", "tissue")]


def test_the_command_line_names_tumour_and_normal(tmp_path):
    """Sentieon TNscope writes no ##tumor_sample; its command line says --tumor_sample P1T --normal_sample P1B."""
    head = '##SentieonCommandLine.TNscope=<ID=TNscope,CommandLine="--tumor_sample P1T --normal_sample P1B x.vcf">\n'
    path = _vcf(tmp_path / "x.vcf", ["P1B", "P1T"], [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30"], head=head)
    assert _of(read_files([path]), "samples", "sample_id", "material") == [("P1T", "tissue")]


def test_columns_of_several_callers_are_one_sample(tmp_path):
    """GATK 3 CombineVariants writes TUMOR.mutect and TUMOR.strelka: they were two patients, and their normals two more."""
    columns = ["NORMAL.mutect", "NORMAL.strelka", "TUMOR.mutect", "TUMOR.strelka"]
    cells = [*KRAS, ".", "GT:AD", "0/0:50,0", "./.:50,0", "0/1:70,30", "./.:70,30"]
    reading = read_files([_vcf(tmp_path / "P1.vcf", columns, cells)])
    assert _of(reading, "samples", "sample_id", "material") == [("P1", "tissue")]
    assert _of(reading, "calls", "alt_count", "depth") == [(30, 100)]


def test_numbered_columns_of_a_merge_are_a_question(tmp_path):
    """bcftools merge --force-samples (bcftools#54): 2:TUMOR is another caller's column, or another person's."""
    cells = [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30", "./.:.", "./.:."]
    path = _vcf(tmp_path / "x.vcf", ["NORMAL", "TUMOR", "2:NORMAL", "2:TUMOR"], cells)
    with pytest.raises(Question, match="several people") as asked:
        read_files([path])
    assert asked.value.manifest.select("column", "role").rows() == [
        ("NORMAL", "normal"), ("TUMOR", ""), ("2:NORMAL", "normal"), ("2:TUMOR", "")
    ]  # fmt: skip


def test_each_allele_has_its_own_filter(tmp_path):
    """Mutect2 passes a record where any of its alleles passes; AS_FilterStatus says which."""
    cells = [*KRAS[:4], "A,T", ".", "PASS", "AS_FilterStatus=weak_evidence|SITE", "GT:AD", "0/1/2:65,5,30"]
    calls = read_files([_vcf(tmp_path / "P1.vcf", ["P1"], cells)]).tables["calls"]
    assert dict(calls.select("variant_id", "is_called").rows()) == {
        "12:25245350:C:A": False,
        "12:25245350:C:T": True,
    }


def test_calls_that_were_never_filtered_are_told(tmp_path):
    """sarek#786: Mutect2 without FilterMutectCalls leaves every FILTER empty."""
    path = _vcf(tmp_path / "P1.vcf", ["P1"], [*KRAS[:6], ".", ".", "GT:AD", "0/1:70,30"], head="##source=Mutect2\n")
    assert any("not filtered" in p.message for p in read_files([path]).problems)


def test_records_without_a_variant_are_depth(tmp_path):
    """Pisces and TSO 500 write a record per base, GATK blocks with END and MIN_DP; one that fails for its depth says it."""
    rows = [
        ["chr7", "10", ".", "A", ".", ".", "PASS", ".", "GT:DP", "0/0:500"],
        ["chr7", "11", ".", "C", ".", ".", "PASS", ".", "GT:DP", "0/0:510"],
        ["chr7", "12", ".", "C", ".", ".", "LowDP", ".", "GT:DP", "0/0:8"],
        ["chr7", "20", ".", "G", "<NON_REF>", ".", ".", "END=29", "GT:DP:MIN_DP", "0/0:90:60"],
        [*KRAS, ".", "GT:AD:DP", "0/1:70,30:100"],
    ]
    reading = read_files([_vcf(tmp_path / "P1.vcf", ["P1"], *rows)])
    assert _of(reading, "coverage", "sample_id", "chrom", "start", "end", "min_depth") == [
        ("P1", "7", 10, 11, 500),
        ("P1", "7", 12, 12, 8),
        ("P1", "7", 20, 29, 60),
    ]
    assert reading.tables["calls"].height == 1


def test_the_version_of_an_accession_is_the_build(tmp_path):
    """NC_000012.12 is chromosome 12 of GRCh38, NC_000012.11 that of GRCh37 (NCBI)."""
    path = tmp_path / "P1.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\n"
        "NC_000012.12\t25245350\t.\tC\tT\t.\tPASS\t.\tGT:AD\t0/1:70,30\n"
    )
    assert read_files([path]).config.genome_build == "GRCh38"


def test_vep_without_hgvs_says_residue_and_place(tmp_path):
    """VEP writes HGVSp only with --hgvs; Amino_acids and Protein_position are always there."""
    head = '##INFO=<ID=CSQ,Description="Format: Allele|Consequence|Gene|Amino_acids|Protein_position">\n'
    csq = "CSQ=T|missense_variant|ENSG00000133703|G/D|12/189"
    path = _vcf(tmp_path / "P1.vcf", ["P1"], [*KRAS, csq, "GT:AD", "0/1:70,30"], head=head)
    assert _of(read_files([path]), "variants", "hgvs_p") == [("p.G12D",)]


@pytest.mark.parametrize(
    "text",
    [
        # DepMap: capitals without underscores; the sample is DepMap_ID
        "Chrom,Pos,Ref,Alt,RefCount,AltCount,HugoSymbol,ProteinChange,DepMap_ID\nchr12,25245350,C,T,70,30,KRAS,p.G12D,S1\n",
        # PCGR: depth and share in DP_TUMOR and VAF_TUMOR, the build in GENOME_VERSION
        "SAMPLE_ID\tGENOME_VERSION\tCHROM\tPOS\tREF\tALT\tSYMBOL\tHGVSp_short\tDP_TUMOR\tVAF_TUMOR\n"
        "S1\tgrch38\t12\t25245350\tC\tT\tKRAS\tp.G12D\t100\t0.3\n",
        # Ion Reporter's full.tsv: the header is a comment, place and alleles are in locus and genotype
        "##Sample=S1\n# locus\ttype\tref\tgenotype\tfilter\tcoverage\tallele_coverage\tmaf\tgene\tfunction\tprotein\n"
        "chr12:25245350\tSNV\tC\tC/T\tPASS\t100\tC=70,T=30\t\tKRAS\tmissense\tp.Gly12Asp\n",
        # the Torrent variant caller's alleles.xls
        "Chrom\tPosition\tRef\tVariant\tAllele Call\tGene ID\tCoverage\tAllele Cov\tSample Name\n"
        "chr12\t25245350\tC\tT\tHeterozygous\tKRAS\t100\t30\tS1\n",
    ],
)
def test_tables_of_further_tools_are_read_as_a_maf(tmp_path, text):
    path = tmp_path / "x.maf"
    path.write_text(text)
    reading = read_files([path])
    assert _of(reading, "calls", "sample_id", "variant_id", "alt_count", "depth", "is_called") == [
        ("S1", "12:25245350:C:T", 30, 100, True)
    ]
    assert _of(reading, "variants", "gene") == [("KRAS",)]


def test_a_hotspot_that_the_torrent_caller_calls_absent_was_looked_at(tmp_path):
    """The variant caller lists its hotspots whatever was seen (Allele Call: Absent, No Call)."""
    path = tmp_path / "x.maf"
    path.write_text(
        "Chrom\tPosition\tRef\tVariant\tAllele Call\tGene ID\tCoverage\tAllele Cov\tSample Name\n"
        "chr12\t25245350\tC\tT\tAbsent\tKRAS\t900\t0\tS1\nchr12\t25245350\tC\tA\tNo Call\tKRAS\t900\t3\tS1\n"
    )
    assert read_files([path]).tables["calls"]["is_called"].to_list() == [False, False]


@pytest.mark.parametrize(
    ("column", "cells"), [("Patient code", ("P1", "P2")), ("note", ("a", "b"))], ids=["a name", "two counts"]
)
def test_rows_of_an_unknown_sample_column_are_not_one_sample(tmp_path, column, cells):
    """Two people became one sample named after the file where the column of the sample had an unknown name."""
    path = tmp_path / "x.maf"
    rows = [f"12\t25245350\tC\tT\t{n}\t70\t{cell}" for n, cell in zip((30, 40), cells, strict=True)]
    path.write_text("\n".join([f"{TABLE}\t{column}", *rows]) + "\n")
    with pytest.raises(InputError, match=r"name the sample of a row|names the sample of a row"):
        read_files([path])


def test_a_table_of_one_sample_says_whose_it_is(tmp_path):
    path = tmp_path / "P7.maf"
    path.write_text(f"{TABLE}\n12\t25245350\tC\tT\t30\t70\n")
    reading = read_files([path])
    assert any("no sample column" in note and "P7" in note for note in reading.notes)


def test_guardant_s_share_of_cfdna_is_percent_and_its_sample_plasma(tmp_path):
    """`% cfDNA` 0.35 is 0.0035 of the reads; `Sample Type` says plasma (it was read as tissue)."""
    path = tmp_path / "g.csv"
    path.write_text("Sample ID,Sample Type,Gene,Alteration,% cfDNA,Depth\nA1,plasma,KRAS,G12D,0.35,10000\n")
    reading = read_panel(path)
    assert _of(reading, "calls", "alt_count", "depth") == [(35, 10000)]
    assert _of(reading, "samples", "material") == [("plasma",)]


def test_the_reads_of_the_portal_s_table_of_mutations_are_kept(tmp_path):
    """cBioPortal's downloaded table of mutations: Variant Reads and Ref Reads, no depth."""
    path = tmp_path / "m.tsv"
    path.write_text("Sample ID\tGene\tProtein Change\tVariant Reads\tRef Reads\nS1\tKRAS\tG12D\t30\t70\n")
    assert _of(read_panel(path), "calls", "alt_count", "depth") == [(30, 100)]


def test_a_fraction_without_depth_is_kept_and_told(tmp_path):
    """UCSC Xena's dna_vaf has no depth beside it: the share was lost without a word, or could have become 0 reads."""
    path = tmp_path / "x.maf"
    path.write_text("Sample_ID\tgene\tchrom\tstart\tref\talt\tdna_vaf\nS1\tKRAS\tchr12\t25245350\tC\tT\t0.3\n")
    reading = read_files([path])
    assert _of(reading, "calls", "alt_count", "depth", "vaf", "is_called") == [(None, None, 0.3, True)]
    assert any("without a depth: kept" in p.message for p in reading.problems)


def test_a_fraction_of_a_vcf_without_depth_is_kept(tmp_path):
    path = _vcf(tmp_path / "P1.vcf", ["P1"], [*KRAS, ".", "GT:AF", "0/1:0.3"])
    assert _of(read_files([path]), "calls", "alt_count", "depth", "vaf") == [(None, None, 0.3)]


@pytest.mark.parametrize(
    ("vaf", "depth", "found"),
    [
        ("12%(120/1000)", "", (120, 1000, None)),
        ("0.12（1000X）", "", (120, 1000, None)),
        ("~5%", "1500×", (75, 1500, None)),
        ("120/1000", "", (120, 1000, None)),
        ("12.5%", "1,600", (200, 1600, None)),
        ("12%", "/", (None, None, 0.12)),
        ("<1%", "2000X", (None, 2000, None)),
        ("杂合", "", (None, None, None)),
    ],
)
def test_numbers_of_a_report_are_read_with_their_words(tmp_path, vaf, depth, found):
    """`1000X` and `12%(120/1000)`, as laboratories write them, left no read and no word."""
    path = tmp_path / "r.csv"
    path.write_text(f'样本编号,基因,氨基酸改变,突变丰度,测序深度\nS1,KRAS,p.G12D,"{vaf}","{depth}"\n')
    reading = read_panel(path)
    assert _of(reading, "calls", "alt_count", "depth", "vaf") == [found]
    assert any("no number" in p.message for p in reading.problems) == (vaf in ("<1%", "杂合"))


def test_a_dash_in_the_filter_fails_nothing(tmp_path):
    """The Torrent variant caller writes `-` where no filter failed: every call of it was none."""
    path = tmp_path / "x.maf"
    path.write_text(f"{TABLE}\tFILTER\tsample\n12\t25245350\tC\tT\t30\t70\t-\tS1\n")
    assert read_files([path]).tables["calls"]["is_called"].to_list() == [True]


def test_a_name_of_nobody_in_a_merged_file_is_refused(tmp_path):
    """vcf2maf writes TUMOR where --tumor-id is not given; merged, several people were one sample of that file."""
    path = tmp_path / "x.maf"
    row = "12\t25245350\tC\tT\t{}\t70\tTUMOR\n"
    path.write_text(f"{TABLE}\tTumor_Sample_Barcode\n" + row.format(30) + row.format(50))
    with pytest.raises(InputError, match="name of nobody"):
        read_files([path])


def test_columns_of_reads_of_each_sample_are_no_maf(tmp_path):
    """GATK VariantsToTable: P1.AD and P1.DP were passed over, and the table was a sample named after the file."""
    path = tmp_path / "x.maf"
    path.write_text("CHROM\tPOS\tREF\tALT\tP1.AD\tP1.DP\n12\t25245350\tC\tT\t70,30\t100\n")
    with pytest.raises(InputError, match="import counts"):
        read_files([path])


@pytest.mark.parametrize(
    ("columns", "tumour"),
    [
        (("P1-N1-DNA1", "P1-T1-DNA1"), "P1-T1-DNA1"),
        (("张三-癌旁", "张三-肿瘤"), "张三-肿瘤"),
        (("BLD01", "LIV01"), "LIV01"),
    ],
)
def test_which_column_is_the_tumour(tmp_path, columns, tumour):
    """snappy-pipeline#628: libraries are named P1-N1-DNA1-WES1 and P1-T1-DNA1-WES1."""
    path = _vcf(tmp_path / "x.vcf", columns, [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30"])
    assert _of(read_files([path]), "samples", "sample_id", "material") == [(tumour, "tissue")]


@pytest.mark.parametrize("normal", ["N", "GL", "BL", "germline"])
def test_a_letter_for_the_normal_beside_several_lesions(tmp_path, normal):
    """P1_N beside P1_primary and P1_liver was a third tumour of the patient, and without a mutation."""
    columns = [f"P1_{normal}", "P1_primary", "P1_liver"]
    cells = [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30", "0/1:60,40"]
    reading = read_files([_vcf(tmp_path / "x.vcf", columns, cells)])
    assert _of(reading, "samples", "sample_id", "patient_id") == [("P1_liver", "P1"), ("P1_primary", "P1")]


def test_lesions_of_a_sarek_tree_are_of_the_patient_before_their_names(tmp_path):
    """sarek writes A1_vs_A0 and A2_vs_A0 with the columns P1_A0, P1_A1: they were two patients."""
    paths = [
        _vcf(tmp_path / f"{t}_vs_A0.vcf", ["P1_A0", f"P1_{t}"], [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30"])
        for t in ("A1", "A2")
    ]
    assert _of(read_files(paths), "samples", "sample_id", "patient_id") == [("A1", "P1"), ("A2", "P1")]
    bare = [
        _vcf(tmp_path / f"{t}_vs_B0.vcf", ["NORMAL", "TUMOR"], [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30"])
        for t in ("B1", "B2")
    ]
    with pytest.raises(Question, match="one patient"):
        read_files(bare)


def test_tumours_beside_one_normal_are_asked_about(tmp_path):
    """Mutect2 calls the lesions of one patient together: each became a patient of its own."""
    cells = [*KRAS, ".", "GT:AD", "0/0:50,0", "0/1:70,30", "0/1:60,40"]
    path = _vcf(tmp_path / "P7.vcf", ["N9", "A", "B"], cells, head="##normal_sample=N9\n")
    with pytest.raises(Question, match="one patient") as asked:
        read_files([path])
    assert asked.value.manifest["patient_id"].to_list() == ["", "P7", "P7"]
    asked.value.manifest.write_csv(tmp_path / "files.tsv", separator="\t")
    samples = read_files([path], manifest=tmp_path / "files.tsv").tables["samples"]
    assert samples["patient_id"].unique().to_list() == ["P7"]


def test_a_column_without_a_read_of_any_variant_may_be_a_normal(tmp_path):
    rows = [
        ["chr1", str(n), ".", "C", "T", ".", "PASS", ".", "GT:AD", "0/1:70,30", "0/1:60,40", "0/0:50,0"]
        for n in range(9, 15)
    ]
    reading = read_files([_vcf(tmp_path / "x.vcf", ["A", "B", "C"], *rows)])
    assert [p.value for p in reading.problems if "a normal?" in p.message] == ["C"]


def test_ids_of_msk_s_plasma_and_normals(tmp_path):
    """MSK-ACCESS: C-AAA111-L001-d is cell-free DNA, C-AAA111-N001-d the normal of the same patient."""
    path = tmp_path / "x.maf"
    rows = [f"12\t25245350\tC\tT\t{n}\t900\tC-AAA111-{i}001-d" for n, i in ((3, "L"), (0, "N"))]
    path.write_text("\n".join([f"{TABLE}\tTumor_Sample_Barcode", *rows]) + "\n")
    assert _of(read_files([path]), "samples", "patient_id", "material") == [
        ("C-AAA111", "normal"),
        ("C-AAA111", "plasma"),
    ]


def test_a_report_that_names_genes_and_changes_in_one_cell(tmp_path):
    """`检测结果` holds KRAS p.G12D (30%)；TP53 p.R175H; 未检出 alone names no gene: nobody is wild type by it."""
    path = tmp_path / "r.csv"
    path.write_text(
        "样本编号,患者编号,检测结果\nS1,1,KRAS p.G12D (30%)；TP53 p.R175H 45%\nS2,2,未检出\nS3,3,NRAS Q61K 5.2%\n"
    )
    reading = read_panel(path)
    assert _of(reading, "calls", "sample_id", "variant_id", "vaf") == [
        ("S1", "KRAS:p.G12D", 0.3),
        ("S1", "TP53:p.R175H", 0.45),
        ("S3", "NRAS:p.Q61K", 0.052),
    ]
    assays = dict(_of(reading, "samples", "sample_id", "assay_id"))
    assert assays["S2"] == "r_none" and assays["S1"] == "r_1"  # the genes with a finding were looked at
    assert any("name no gene in any row" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("HGVSg", "NC_000012.12:g.25245350C>T"),
        ("HGVSg", "12:g.25245350C>T"),
        ("Genomic_Change", "chr12:25245350:C:T"),
        ("variant_key", "12-25245350-C-T"),
        ("Chromosome\tPosition\tChange", "chr12\t25245350\tC>T"),
    ],
)
def test_place_and_bases_in_one_cell_are_read(tmp_path, header, cell):
    """Portals and annotators write HGVSg alone; panels write the bases as C>T."""
    path = tmp_path / "x.maf"
    path.write_text(f"Hugo_Symbol\tTumor_Sample_Barcode\t{header}\nKRAS\tS1\t{cell}\n")
    assert _of(read_files([path]), "calls", "sample_id", "variant_id") == [("S1", "12:25245350:C:T")]
