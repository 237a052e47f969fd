"""Depth base by base, bases counted without alleles, fusions beside genes, lists of clone tools."""

from __future__ import annotations

import pytest

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.io.assays.depths import read_depths
from oncourse.io.clones.studies import read_clone_tables
from oncourse.io.structural.fusion_callers import read_fusion_calls
from oncourse.io.variants.counts import read_counts


def test_the_depth_of_every_base_is_regions_with_their_least(tmp_path):
    """mosdepth's per-base.bed: half-open stretches of one depth, no header."""
    path = tmp_path / "P1.per-base.bed"
    path.write_text("chr12\t0\t10\t0\nchr12\t10\t20\t210\nchr12\t20\t25\t250\nchr12\t25\t30\t40\n")
    frame, score = read_depths(path)
    assert score is None
    assert frame.rows() == [("P1", "12", 1, 10, 0), ("P1", "12", 11, 25, 210), ("P1", "12", 26, 30, 40)]


def test_allele_counter_is_read_with_the_reference(tmp_path):
    """It counts A, C, G and T and names no reference; a site without another base was looked at (allele N)."""
    (tmp_path / "r.fa").write_text(">12\nACGT\n")
    path = tmp_path / "P1.txt"
    path.write_text(
        "#CHR\tPOS\tCount_A\tCount_C\tCount_G\tCount_T\tGood_depth\nchr12\t2\t0\t70\t0\t30\t100\nchr12\t3\t0\t0\t90\t0\t90\n"
    )
    found = read_counts(path, fasta=Fasta(tmp_path / "r.fa")).calls
    assert found.select("variant_id", "alt_count", "depth").sort("variant_id").rows() == [
        ("12:2:C:T", 30, 100),
        ("12:3:G:N", 0, 90),
    ]
    with pytest.raises(InputError, match="--fasta"):
        read_counts(path)


def test_a_breakpoint_between_genes_is_in_neither(tmp_path):
    """suhrig/arriba#61 and #163: two genes with distances are the neighbours of a place between genes, no partners."""
    path = tmp_path / "T1.arriba.tsv"
    rows = ["STK11\tZ82202.1(60181),NTRK3(46663)\t.", "CAPZA3(297913),RPL7P6(52051)\tRET\t.", "KIF5B\tRET\tin-frame"]
    path.write_text("\n".join(["#gene1\tgene2\treading_frame", *rows]) + "\n")
    fusions, problems = read_fusion_calls(path)
    assert sorted(fusions.select("gene_5p", "gene_3p").rows(), key=str) == [("KIF5B", "RET"), (None, "RET")]
    said = " ".join(p.message for p in problems)
    assert "1 events join a gene to no gene" in said and "RET: the end of the gene" in said


def test_a_folder_of_pyclone_vi_tables_holds_a_patient_each(tmp_path):
    """PyClone-VI takes one table per patient; a folder of them was read as samples of PyClone 0.13."""
    head = "mutation_id\tsample_id\tref_counts\talt_counts\tmajor_cn\tminor_cn\tnormal_cn\ttumour_content"
    for name in ("P1", "P2"):
        rows = [f"1:100{k}:A:T\tR1\t70\t30\t1\t1\t2\t0.8" for k in range(3)]
        (tmp_path / f"{name}.tsv").write_text("\n".join([head, *rows]) + "\n")
    tables = read_clone_tables("pyclone", tmp_path).tables
    assert tables["samples"].select("sample_id", "patient_id").rows() == [("P1_R1", "P1"), ("P2_R1", "P2")]


def test_phylogicndt_s_list_of_samples(tmp_path):
    """A .sif names a MAF, segments and the purity of each sample (PhylogicNDT, ExampleData)."""
    head = "Hugo_Symbol\tChromosome\tStart_position\tReference_Allele\tTumor_Seq_Allele2\tt_ref_count\tt_alt_count\n"
    (tmp_path / "a.maf").write_text(head + "KRAS\tchr12\t25398284\tC\tT\t70\t30\nTP53\t17\t7578406\tC\tT\t20\t80\n")
    (tmp_path / "a.seg").write_text("Chromosome\tStart_position\tEnd_Position\tA1_CN\tA2_CN\n17\t1\t20000000\t0\t2\n")
    (tmp_path / "P1.sif").write_text(
        "sample_id\tmaf_fn\tseg_fn\tpurity\ttimepoint\ns0\tx/a.maf\ta.seg\t0.7\t0\ns1\ta.maf\t\t0.5\t1\n"
    )
    tables = read_clone_tables("phylogicndt", tmp_path / "P1.sif").tables
    assert tables["samples"].select("sample_id", "patient_id", "purity").rows() == [
        ("s0", "P1", 0.7),
        ("s1", "P1", 0.5),
    ]
    assert tables["calls"].filter(sample_id="s0").select("variant_id", "alt_count", "depth").rows() == [
        ("12:25398284:C:T", 30, 100),
        ("17:7578406:C:T", 80, 100),
    ]
    assert tables["segments"].select("sample_id", "chrom", "total_cn", "minor_cn").rows() == [("s0", "17", 2.0, 0.0)]


def test_the_example_of_phylogicndt(shared_data):
    tables = read_clone_tables("phylogicndt", shared_data("evo-phylogicndt", "MySimulation_input.sif")).tables
    assert tables["samples"].height == 4 and tables["samples"]["patient_id"].n_unique() == 1
