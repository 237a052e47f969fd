"""Copy number as its callers write it, result trees, clone tables: small inputs, each with the public report it is
from."""

from __future__ import annotations

import json

import pytest

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.cbioportal.study import read_cbioportal
from oncourse.io.clones.studies import read_clone_tables
from oncourse.io.files import read_files
from oncourse.io.structural.segments import read_segments
from oncourse.io.tree import look_into

HEAD = "Hugo_Symbol\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
VCF = (
    "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT1\n"
    "12\t25398284\t.\tC\tT\t.\tPASS\t.\tGT:AD:DP\t0/1:70,30:100\n"
)


@pytest.mark.parametrize(
    ("name", "header", "row", "copies"),
    [
        (
            "Q1.purple.cnv.somatic.tsv",
            "chromosome start end copyNumber minorAlleleCopyNumber majorAlleleCopyNumber",
            "17 1 9000 1.96 -0.03 1.99",
            (1.96, 0.0),
        ),
        (
            "Q1.purple.cnv.somatic.tsv",
            "chromosome start end copyNumber minorAlleleCopyNumber",
            "Y 1 9000 -1.7 0",
            (0.0, 0.0),
        ),
        (
            "Q1.call.cns",
            "chromosome start end gene log2 baf cn cn1 cn2",
            "chr17 0 9000 TP53 -0.02 0.98 2 0 2",
            (2.0, 0.0),
        ),
        (
            "Q1_vs_B1_hisens.cncf.txt",
            "ID chrom loc.start loc.end cnlr.median tcn.em lcn.em",
            "Q1_vs_B1 17 1 9000 0 2 NA",
            (2.0, None),
        ),
        ("Q1_segments.txt", '"chromosome" "start.pos" "end.pos" "CNt" "A" "B"', '"17" 1 9000 3 2 1', (3.0, 1.0)),
        ("Q1.segments.txt", "sample chr startpos endpos nMajor nMinor", "Q1 17 1 9000 2 0", (2.0, 0.0)),
        (
            "Q1_subclones.txt",
            "chr startpos endpos BAF ntot nMaj1_A nMin1_A frac1_A",
            "17 1 9000 0.9 2.4 2 1 0.8",
            (3.0, 1.0),
        ),
        (
            "Q1.titan.txt",
            "Chromosome Start_Position(bp) End_Position(bp) Median_logR Copy_Number MinorCN MajorCN",
            "17 1 9000 -0.1 2 0 2",
            (2.0, 0.0),
        ),
        ("Q1.segtab.txt", "Chromosome Start.bp End.bp modal_total_cn modal.a1 modal.a2", "17 1 9000 3 1 2", (3.0, 1.0)),
        (
            "best.seg.ucn",
            "#CHR START END SAMPLE cn_normal u_normal cn_clone1 u_clone1 cn_clone2 u_clone2",
            "chr17 1 9000 Q1 1|1 0.4 1|1 0.1 2|0 0.5",
            (2.0, 0.0),
        ),
    ],
)
def test_segments_as_their_caller_writes_them(tmp_path, name, header, row, copies):
    """hmftools#312, cnvkit#568, facets#57, sequenza, ASCAT, Battenberg: sample by file name, allele copies."""
    path = tmp_path / name
    path.write_text("\n".join(line.replace(" ", "\t") for line in (header, row)) + "\n")
    frame, problems = read_segments(path)
    assert not [p for p in problems if p.severity == "error"]
    assert frame["sample_id"].to_list() == ["Q1"]
    assert frame.select("total_cn", "minor_cn").rows() == [copies]


def test_purity_and_ploidy_of_a_caller(tmp_path):
    """PURPLE's purity table beside its segments."""
    (tmp_path / "a.maf").write_text(HEAD + "KRAS\t12\t25398284\tC\tT\tQ1\n")
    purity = tmp_path / "Q1.purple.purity.tsv"
    purity.write_text("purity\tnormFactor\tscore\tploidy\tstatus\n0.62\t1\t1\t2.1\tNORMAL\n")
    samples = read_files([tmp_path / "a.maf"], segments=[purity]).tables["samples"]
    assert samples.select("sample_id", "purity", "ploidy").rows() == [("Q1", 0.62, 2.1)]


def test_a_fit_that_failed_gives_no_purity(tmp_path):
    """PURPLE writes purity 1 where it found no tumour (hmftools: status NO_TUMOR)."""
    (tmp_path / "a.maf").write_text(HEAD + "KRAS\t12\t25398284\tC\tT\tQ1\n")
    purity = tmp_path / "Q1.purple.purity.tsv"
    purity.write_text("purity\tploidy\tstatus\n1.0\t2.0\tNO_TUMOR\n")
    reading = read_files([tmp_path / "a.maf"], segments=[purity])
    assert reading.tables["samples"]["purity"].to_list() == [None]
    assert any("no purity (NO_TUMOR)" in p.message for p in reading.problems)


@pytest.mark.parametrize(
    ("said", "purity", "told"),
    [("PASS", 0.62, 0), ("WARN_DELETED_GENES", 0.62, 0), ("FAIL_CONTAMINATION", 0.62, 1), ("FAIL_NO_TUMOR", None, 1)],
)
def test_what_purple_says_of_its_own_sample_is_told(tmp_path, said, purity, told):
    """SAMPLE.purple.qc beside the purity table (hmftools): without a tumour there is no purity, a contaminated sample is
    named."""
    (tmp_path / "a.maf").write_text(HEAD + "KRAS\t12\t25398284\tC\tT\tQ1\n")
    table = tmp_path / "Q1.purple.purity.tsv"
    table.write_text("purity\tploidy\tfitMethod\n0.62\t2.1\tNORMAL\n")
    (tmp_path / "Q1.purple.qc").write_text(f"QCStatus\t{said}\nMethod\tNORMAL\nContamination\t0.0\n")
    reading = read_files([tmp_path / "a.maf"], segments=[table])
    assert reading.tables["samples"]["purity"].to_list() == [purity]
    assert sum(f"({said})" in p.message for p in reading.problems) == told


def test_segments_of_a_pair_or_of_a_stranger_are_matched_or_told(tmp_path):
    """mskcc/facets#57: TUMOUR_NORMAL as id; a SEG of a whole cohort names samples the study does not have."""
    (tmp_path / "a.maf").write_text(HEAD + "KRAS\t12\t25398284\tC\tT\tQ1\n")
    seg = tmp_path / "cohort.seg"
    seg.write_text("ID\tchrom\tloc.start\tloc.end\tseg.mean\nQ1_B1\t17\t1\t9\t0.1\nZ9\t17\t1\t9\t0.1\n")
    reading = read_files([tmp_path / "a.maf"], segments=[seg])
    assert reading.tables["segments"]["sample_id"].to_list() == ["Q1"]
    assert [p.value for p in reading.problems if "are left out" in p.message] == ["Z9"]


def test_a_backward_segment_is_set_aside_and_the_rest_read(tmp_path):
    """cBioPortal#839: start after end in a TCGA SEG refused the whole import."""
    (tmp_path / "a.maf").write_text(HEAD + "KRAS\t12\t25398284\tC\tT\tQ1\n")
    seg = tmp_path / "a.seg"
    seg.write_text("ID\tchrom\tloc.start\tloc.end\tseg.mean\nQ1\t1\t200\t100\t0.1\nQ1\t2\t100\t200\t0.1\n")
    tables, problems = checked(read_files([tmp_path / "a.maf"], segments=[seg]))
    assert tables["segments"]["chrom"].to_list() == ["2"]
    assert [p.severity for p in problems if p.table == "segments"] == ["warning"]


def test_gistics_own_matrix_and_the_portals_partial_deletion(tmp_path):
    """cBioPortal PR#4467; docs of the portal's discrete format: -1.5 counts as a deep deletion."""
    (tmp_path / "data_mutations.txt").write_text(HEAD + "KRAS\t12\t25398284\tC\tT\tS1\n")
    (tmp_path / "all_thresholded.by_genes.txt").write_text(
        "Gene Symbol\tLocus ID\tCytoband\tS1\nPTEN\t5728\t10q\t-1.5\nMYC|chr8\t4609\t8q\t2\n"
    )
    calls = read_cbioportal(tmp_path).tables["gene_copy_number"]
    assert dict(calls.select("gene", "call").iter_rows()) == {"PTEN": -2.0, "MYC": 2.0}


def test_a_result_tree_is_looked_into(tmp_path):
    """nf-core/sarek: annotated somatic calls and Manta's somatic SV; germline calls and other SV are left, with
    reason."""
    names = (
        "annotation/mutect2/P1/P1.mutect2_VEP.ann.vcf",
        "variant_calling/mutect2/P1/P1.mutect2.vcf",
        "variant_calling/haplotypecaller/P1_N/P1_N.haplotypecaller.vcf",
        "variant_calling/manta/P1/P1.manta.somatic_sv.vcf",
        "variant_calling/manta/P1/P1.manta.diploid_sv.vcf",
        "variant_calling/cnvkit/P1/T1.call.cns",
        "multiqc/report.html",
    )
    for name in names:
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("chromosome\tstart\tend\tcn\n12\t1\t9\t2\n" if name.endswith("cns") else VCF)
    tree = look_into(tmp_path / "results")
    assert [p.name for p in tree.calls] == ["P1.mutect2_VEP.ann.vcf", "P1.manta.somatic_sv.vcf"]
    assert [p.name for p in tree.copies] == ["T1.call.cns"]
    why = {p.name: reason for p, reason in tree.left}
    assert why["P1_N.haplotypecaller.vcf"] == "germline calls"
    assert why["P1.manta.diploid_sv.vcf"].startswith("structural variants before")
    assert "annotated" in why["P1.mutect2.vcf"]
    reading = read_files([tmp_path / "results"], kind="vcf")
    assert reading.tables["segments"]["sample_id"].to_list() == ["T1"]


@pytest.mark.parametrize("kind", ["pyclone", "pairtree", "conipher", "lichee"])
def test_an_empty_input_is_one_line(tmp_path, kind):
    """Empty files and folders ended in tracebacks."""
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(InputError, match=r"empty\.tsv: the file is empty"):
        read_clone_tables(kind, tmp_path / "empty.tsv", depth=9)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: no VCF file found"):
        read_files([tmp_path / "folder"], kind="vcf")


def test_pairtrees_share_of_each_variant_is_kept(tmp_path):
    """pairtree#31: the cell fraction is VAF / w, of each variant: 0.5 for 500 of 1,000 at w 1, and 333 of 1,000 at w
    2/3."""
    rows = [("s0", "500", "1.0"), ("s1", "500", "0.5"), ("s2", "333", "0.666"), ("s3", "500", "0.5")]
    text = "".join(f"{i}\t{i}\t{alt}\t1000\t{w}\n" for i, alt, w in rows)
    (tmp_path / "a.ssm").write_text("id\tname\tvar_reads\ttotal_reads\tvar_read_prob\n" + text)
    (tmp_path / "a.params.json").write_text(json.dumps({"samples": ["met"], "clusters": []}))
    tables = read_clone_tables("pairtree", tmp_path / "a.ssm").tables
    assert tables["samples"]["purity"].to_list() == [1.0]
    assert tables["segments"]["total_cn"].to_list() == [1.0, 2.0, 2.0, 2.0]
    assert tables["calls"]["depth"].to_list() == [1000, 1000, 1332, 1000]  # 333 / 1332 = 0.5 of the diploid share 0.5


def test_a_patients_prefix_does_not_make_a_metastasis_primary(tmp_path):
    """pyclone-vi#26: PT01_liver_met was put into the primary by its PT01."""
    head = "mutation_id\tsample_id\tref_counts\talt_counts\tnormal_cn\tmajor_cn\tminor_cn\ttumour_content\n"
    names = ("PT01_primary", "PT01_liver_met", "PT01_LN2", "PT01_T3")
    (tmp_path / "a.tsv").write_text(head + "".join(f"12:25398281:C:T\t{n}\t60\t40\t2\t1\t1\t0.8\n" for n in names))
    lesions = read_clone_tables("pyclone", tmp_path / "a.tsv").tables["lesions"]
    assert lesions.filter(role="primary").height == 1
    (tmp_path / "b.tsv").write_text(
        head + "".join(f"12:25398281:C:T\t{n}\t60\t40\t2\t1\t1\t0.8\n" for n in ("P", "P_met"))
    )
    roles = read_clone_tables("pyclone", tmp_path / "b.tsv").tables["lesions"]
    assert sorted(roles["role"]) == ["metastasis", "primary"]


def test_segments_of_two_callers_are_those_of_one(tmp_path):
    """nf-core/sarek writes ASCAT's and CNVkit's of one sample, ASCAT's under PATIENT_SAMPLE: its rows were left out."""
    calls = tmp_path / "variant_calling" / "mutect2" / "P1_T_vs_P1_N" / "P1_T_vs_P1_N.mutect2.filtered.vcf"
    calls.parent.mkdir(parents=True)
    head = "##fileformat=VCFv4.2\n##contig=<ID=chr12,length=133275309>\n##normal_sample=P1_P1_N\n"
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1_P1_N\tP1_P1_T\n"
    calls.write_text(head + columns + "chr12\t25245350\t.\tC\tT\t.\tPASS\t.\tGT:AD\t0/0:50,0\t0/1:70,30\n")
    for name, text in (
        (
            "ascat/x/P1_T_vs_P1_N.segments.txt",
            "sample\tchr\tstartpos\tendpos\tnMajor\tnMinor\nP1_P1_T\t12\t1\t900\t2\t1\n",
        ),
        ("cnvkit/x/P1_T.call.cns", "chromosome\tstart\tend\tgene\tlog2\tcn\nchr12\t0\t900\tKRAS\t0.5\t5\n"),
    ):
        path = tmp_path / "variant_calling" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    reading = read_files([tmp_path])
    assert reading.tables["segments"].select("sample_id", "total_cn").rows() == [("P1_T", 3.0)]
    files = reading.ledger.tables()["intake/files"]
    assert "P1_T_vs_P1_N.segments.txt has the copies of the same sample" in files["why"].to_list()
