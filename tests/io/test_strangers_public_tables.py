"""Tables and reports of public bug reports of the tools people use, rebuilt small; each names the report it comes from."""

from __future__ import annotations

import pytest
from tests.io.strangers import KRAS, KRAS_ROW, MAF, calls_of, states_of, write_book, write_table

from oncourse.errors import InputError
from oncourse.io import examined
from oncourse.io.aside import checked
from oncourse.io.clones.studies import read_clone_tables
from oncourse.io.detect import detect, read_any
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.variants.counts import read_counts


@pytest.mark.parametrize(
    ("words", "build"), [("GRCh37.p13", "GRCh37"), ("hg19_v2", "GRCh37"), ("Homo_sapiens_assembly38", "GRCh38")]
)
def test_words_of_a_build(tmp_path, words, build):
    path = write_table(tmp_path / "a.maf", f"{MAF}\n{KRAS_ROW.replace('GRCh37', words)}")
    assert read_delivery([path]).config.genome_build == build


def test_a_build_that_nobody_says_is_that_of_the_reference_bases(tmp_path):
    """Tables of places alone (intOGen, deconstructSigs, call_stats) held no mutation that was understood."""
    path = write_table(tmp_path / "a.tsv", "Sample|chr|pos|ref|alt\nS1|chr12|25398284|C|T\nS1|chr7|140453136|A|T")
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
    reading = read_delivery([write_table(tmp_path / "a.maf", f"{MAF}\n{row}")])
    assert states_of(reading, "BRAF V600E") == {"S1": state}


def test_the_same_words_in_a_report(tmp_path):
    words = {"S1": "V600E/K", "S2": "非V600E", "S3": "V600X", "S4": "V600E阳性"}
    rows = "\n".join(f"{s},BRAF,{w}" for s, w in words.items())
    reading = read_any(write_table(tmp_path / "r.csv", f"样本编号,基因,氨基酸改变\n{rows}"))
    unclear = dict.fromkeys(("S1", "S3"), "not_assessable")
    assert states_of(reading, "BRAF V600E") == {**unclear, "S2": "negative", "S4": "positive"}


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
    reading = read_any(write_table(tmp_path / name, text, by))
    assert calls_of(reading, "alt_count", "depth", "origin") == calls


def test_a_column_that_ends_as_a_sample_s_name_is_asked_about(tmp_path):
    text = "Kit-Sample ID|chrom|pos|ref|alt\nS1|12|25398284|C|T\nS2|7|140453136|A|T"
    with pytest.raises(InputError, match="Kit-Sample ID"):
        read_any(write_table(tmp_path / "a.tsv", text))


def test_a_list_of_mutations_for_clones_makes_nobody_wild_type(tmp_path):
    """PyClone-VI's own example names CRUK0001:12:25398284:T; its patients were RAS negative (assumed), as every one of a
    Pairtree table."""
    head = "mutation_id|sample_id|ref_counts|alt_counts|normal_cn|major_cn|minor_cn\n"
    rows = "CRUK0001:12:25398284:T|R1|70|30|2|1|1\nCRUK0001:12:25398284:T|R2|80|20|2|1|1\ns0|R1|70|30|2|1|1"
    reading = read_clone_tables("pyclone", write_table(tmp_path / "P1.tsv", head + rows))
    assert [v for _, v in calls_of(reading)] == ["12:25398284:N:T", "12:25398284:N:T", "1:1:A:C"]
    assert (
        set(states_of(reading, "RAS").values()) == set(states_of(reading, "BRAF V600E").values()) == {"not_assessable"}
    )


def test_a_name_before_a_place_with_chr_is_no_part_of_it(tmp_path):
    head = "mutation_id|sample_id|ref_counts|alt_counts|normal_cn|major_cn|minor_cn\n"
    rows = "\n".join(f"{m}|R1|70|30|2|1|1" for m in ("chr12:25398284:C:T", "TP53_chr17:7578406:C:T", "7_140453136_A_T"))
    reading = read_clone_tables("pyclone", write_table(tmp_path / "P1.tsv", head + rows))
    assert [v for _, v in calls_of(reading)] == [KRAS, "17:7578406:C:T", "7:140453136:A:T"]


@pytest.mark.parametrize(
    ("header", "row", "what"),
    [
        ("id|gene|a|d|mu_r|mu_v", "s0|KRAS|70|100|0.999|0.5", "PhyloWGS"),  # it was two patients, mu_r and mu_v
        ("mutation_id|sample_id|cluster_id|cellular_prevalence", "m1|S1|0|0.9", "PyClone-VI's result"),
    ],
)
def test_tables_that_hold_no_calls_are_named(tmp_path, header, row, what):
    with pytest.raises(InputError, match=what):
        detect(write_table(tmp_path / "x.txt", f"{header}\n{row}"))


def test_a_folder_with_one_table_is_that_table(tmp_path):
    write_table(tmp_path / "in" / "mutations.tsv", f"{MAF}\n{KRAS_ROW}")
    (tmp_path / "in" / "README.txt").write_text("Mutations of our patients\n")
    study, _ = examined(tmp_path / "in")
    assert study["calls"]["variant_id"].to_list() == [KRAS]
    write_table(tmp_path / "in" / "clinical.tsv", "SAMPLE_ID|PATIENT_ID\nS1|P1")
    with pytest.raises(InputError, match=r"mutations.tsv holds the calls.*--clinical .*clinical.tsv"):
        detect(tmp_path / "in")


def test_sheets_of_a_report_say_by_their_names_what_they_hold(tmp_path):
    """胚系 was somatic, 融合 a table of fusions without a column of ours; 肿瘤细胞含量 of the form was not read."""
    path = write_book(
        tmp_path / "r.xlsx",
        样本信息=[["样本编号", "S1"], ["住院号", "77"], ["样本类型", "FFPE组织"], ["肿瘤细胞含量", "40%"]],
        SNV=[["基因", "氨基酸变化", "变异丰度"], ["KRAS", "p.Gly12Asp", "12.3%"]],
        融合=[["融合基因", "断点", "丰度"], ["EML4-ALK", "E13:A20", "5.2%"]],
        胚系=[["基因", "氨基酸变化"], ["BRCA2", "p.Ser1982fs"]],
    )
    reading = read_any(path)
    assert calls_of(reading, "origin") == [("S1", "BRCA2:p.S1982fs", "germline"), ("S1", "KRAS:p.G12D", "unknown")]
    assert reading.tables["fusions"].select("gene_5p", "gene_3p").rows() == [("EML4", "ALK")]
    assert reading.tables["samples"].select("patient_id", "material", "purity").rows() == [("77", "tissue", "0.4")]


def test_codons_of_ras_in_several_rows_are_the_whole_of_it(tmp_path):
    """Kits name exon and codons; the patient with six wild types was not assessable."""
    parts = ("2号外显子(12/13密码子)", "3号外显子(59/61密码子)", "4号外显子(117/146密码子)")
    rows = [f"{s},{g}基因{p},野生型" for s, g in (("S1", "KRAS"), ("S1", "NRAS"), ("S2", "KRAS")) for p in parts]
    reading = read_any(write_table(tmp_path / "r.csv", "\n".join(["样本编号,检测项目,检测结果", *rows])))
    assert states_of(reading, "RAS") == {"S1": "negative", "S2": "not_assessable"}


def test_an_assay_that_a_mapping_names_is_an_assay(tmp_path):
    """The how-to's own example was refused: there was no table assays."""
    from oncourse.io.reports.mapping import read_mapped

    path = write_table(tmp_path / "r.csv", "标本,靶点,突变描述\nR1,KRAS,p.G12D\nR2,KRAS,未检出")
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
    write_book(tmp_path / "in/a.xlsx", 报告=[head, ["77", "S1", "组织", "2024-03-01", "KRAS", "p.G12D", "12%"]])
    write_table(
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
    assert calls_of(reading) == [("S1", "KRAS:p.G12D"), ("S2", "KRAS:p.G12D")]


def test_a_tumour_that_another_was_compared_with_is_no_normal(tmp_path):
    """A relapse called against the primary, which has a normal of its own: the primary was a normal, its calls
    germline; two samples that name each other were both."""
    head = f"{MAF}\tMatched_Norm_Sample_Barcode"
    rows = [f"{KRAS_ROW.replace('S1', s)}\t{n}" for s, n in (("P1_rel", "P1_pri"), ("P1_pri", "P1_N"))]
    reading = read_any(write_table(tmp_path / "a.maf", "\n".join([head, *rows])))
    assert reading.tables["samples"]["material"].to_list() == ["tissue", "tissue"]
    assert reading.tables["samples"]["patient_id"].unique().to_list() == ["P1_pri"]
    assert calls_of(reading, "origin") == [("P1_pri", KRAS, "unknown"), ("P1_rel", KRAS, "unknown")]
    assert any("taken as tumours (P1_pri (of P1_rel))" in note for note in reading.notes)
    rows = [f"{KRAS_ROW.replace('S1', s)}\t{n}" for s, n in (("S1", "S2"), ("S2", "S1"))]
    reading = read_any(write_table(tmp_path / "b.maf", "\n".join([head, *rows])))
    assert reading.tables["samples"]["material"].to_list() == ["tissue", "tissue"]


def test_counts_whose_cells_name_their_numbers(tmp_path):
    """GBCMS's fillout: the samples' columns were not read, and the calling sample had a call without reads."""
    text = (
        "Sample|Chrom|Start|Ref|Alt|Gene|S1|S2\nS1|12|25398284|C|T|KRAS|DP=100;RD=70;AD=30;VF=0.3|DP=90;RD=90;AD=0;VF=0"
    )
    found = read_counts(write_table(tmp_path / "fillout.txt", text))
    assert found.calls.select("sample_id", "alt_count", "depth").rows() == [("S1", 30, 100), ("S2", 0, 90)]
    with pytest.raises(InputError, match="no column with counts of reads"):
        read_counts(write_table(tmp_path / "no.txt", "Sample|Chrom|Start|Ref|Alt\nS1|12|25398284|C|T"))


@pytest.mark.parametrize("word", ["None", "Wildtype"])
def test_a_status_of_no_mutation_beside_reads_of_one_is_no_wild_type(tmp_path, word):
    """cBioPortal#3677: the row was left out as a marker of wild type, and its 30 of 100 reads of G12D with it."""
    head = f"{MAF}\tMutation_Status\tt_alt_count\tt_ref_count"
    bare = KRAS_ROW.replace("S1", "S2").replace("\tT\t", "\tC\t")
    path = write_table(tmp_path / "a.maf", f"{head}\n{KRAS_ROW}\t{word}\t30\t70\n{bare}\t{word}\t0\t100")
    reading = read_any(path)
    assert calls_of(reading, "is_called", "alt_count") == [("S1", KRAS, False, 30)]
    assert states_of(reading, "RAS")["S1"] == "not_assessable"
    assert any("not called by their status" in n for n in reading.notes)


def test_a_normal_of_one_file_with_calls_in_another_is_told(tmp_path):
    """P9_blood, the normal of a MAF and the plasma of another: a patient of its own, unsaid."""
    write_table(tmp_path / "a.maf", f"{MAF}\tMatched_Norm_Sample_Barcode\n{KRAS_ROW}\tP9_blood")
    write_table(tmp_path / "b.maf", f"{MAF}\n{KRAS_ROW.replace('S1', 'P9_blood')}")
    clinical = write_table(tmp_path / "c.txt", "SAMPLE_ID|PATIENT_ID|SAMPLE_TYPE\nS1|P9|Primary\nP9_blood|P9|cfDNA")
    files = [tmp_path / "a.maf", tmp_path / "b.maf"]
    told = [p.message for p in read_delivery(files).problems if "P9_blood" in p.message]
    assert any("is a normal in a.maf and has calls in b.maf" in m for m in told)
    assert not [p for p in read_delivery(files, clinical=[clinical]).problems if "is a normal in" in p.message]


def test_genomic_dna_beside_that_of_plasma_is_of_the_blood_cells(tmp_path):
    """cfDNA and gDNA of one tube (reports of tumour-informed ctDNA): neither share nor depth was read."""
    head = "Sample|Gene|AA change|cfDNA VAF|cfDNA depth|gDNA VAF|gDNA depth"
    reading = read_any(write_table(tmp_path / "s.tsv", f"{head}\nP1|DNMT3A|p.R882H|3%|1000|5%|400"))
    materials = dict(reading.tables["samples"].select("sample_id", "material").iter_rows())
    assert materials == {"P1_cfDNA": "plasma", "P1_gDNA": "white_cells"}
    assert [c[2:] for c in calls_of(reading, "alt_count", "depth")] == [(30, 1000), (20, 400)]
