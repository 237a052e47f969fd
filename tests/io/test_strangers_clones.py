"""Tables for clones as their tools' users write them: copies that cannot be, garbage, names of samples and columns."""

from __future__ import annotations

import pytest
from tests.io.strangers import write_table

from oncourse.io.clones.studies import read_clone_tables

VI = "mutation_id|sample_id|ref_counts|alt_counts|normal_cn|major_cn|minor_cn|tumour_content"


def _pyclone(folder, *rows):
    return read_clone_tables("pyclone", write_table(folder / "P1.tsv", "\n".join([VI, *rows])))


def test_no_copy_beside_reads_of_the_variant_is_no_number_of_copies(tmp_path):
    """Roth-Lab/pyclone-vi#26 and #42: major_cn 0 where no segment lies; 400 of 1,000 reads were "lost" with certainty."""
    rows = [f"5:112175639:C:T|{s}|600|{alt}|2|0|0|0.8" for s, alt in (("P_primary", 400), ("P_met", 0))]
    reading = _pyclone(tmp_path, *rows, "12:25398284:C:T|P_met|60|40|2|1|1|0.8")
    assert reading.tables["segments"].select("sample_id", "chrom", "total_cn").rows() == [
        ("P_met", "12", 2.0),
        ("P_met", "5", 0.0),
    ]
    assert ["1 sites have no copy" in p.message for p in reading.problems] == [True]


def test_the_minor_allele_is_the_one_of_fewer_copies(tmp_path):
    """major_cn 1 and minor_cn 2 were two minor copies of three."""
    reading = _pyclone(tmp_path, "12:25398284:C:T|R1|60|40|2|1|2|0.8")
    assert reading.tables["segments"].select("total_cn", "minor_cn").rows() == [(3.0, 1.0)]


@pytest.mark.parametrize(
    ("sample", "role"),
    [
        ("CRUK1_SU_T1-R1", "primary"),
        ("CRUK1_SU_FLN1", "metastasis"),
        ("CRUK1_pri", "primary"),
        ("CRUK1_T1", "metastasis"),
    ],
)
def test_names_of_tracerx_and_short_ones_say_the_primary(tmp_path, sample, role):
    """CRUK0001_SU_T1-R1, a region of the primary, was a metastasis that seeds."""
    rows = [f"12:25398284:C:T|{s}|60|40|2|1|1|0.8" for s in (sample, "CRUK1_liver")]
    lesions = _pyclone(tmp_path, *rows).tables["lesions"]
    assert sorted(lesions["role"]) == sorted([role, "metastasis"])


def test_garbage_of_pairtree_is_left_out_and_said(tmp_path):
    """params.json lists what fits no tree; its variants were mutations like any other."""
    write_table(tmp_path / "P.params.json", '{"samples": ["A", "B"], "clusters": [["s0"]], "garbage": ["s1"]}')
    text = "id|name|var_reads|total_reads|var_read_prob\ns0|a|40,20|100,100|0.5,0.5\ns1|b|9,1|100,100|0.5,0.5"
    reading = read_clone_tables("pairtree", write_table(tmp_path / "P.ssm", text))
    assert reading.tables["calls"].height == 2
    assert any("lists as garbage" in note for note in reading.notes)
    assert reading.ledger.lost() == ["P.params.json: 1 rows (listed as garbage; first: s1)"]


def test_phylogicndt_s_maf_may_be_vcf2maf_s(tmp_path):
    """Start_Position for Start_position: "column missing"."""
    head = "Hugo_Symbol|Chromosome|Start_Position|Reference_Allele|Tumor_Seq_Allele2|t_ref_count|t_alt_count"
    write_table(tmp_path / "a.maf", f"{head}\nKRAS|12|25398284|C|T|70|30")
    listed = write_table(tmp_path / "s.sif", "sample_id|maf_fn|seg_fn|purity|timepoint\nA|a.maf||0.7|0")
    assert read_clone_tables("phylogicndt", listed).tables["calls"].select("alt_count", "depth").rows() == [(30, 100)]
