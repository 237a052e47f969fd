"""What reports of laboratories write every day: fusions by many signs, old names of BRCA variants, splice sites, promoter
changes by nickname, inherited genotypes among the mutations, names of files for samples."""

from __future__ import annotations

import doctest
import json

import pytest
from tests.io.strangers import states_of, write_book, write_table

from oncourse.facts import report_genes
from oncourse.genome import coding_change, promoters
from oncourse.io.clones.studies import read_clone_tables
from oncourse.io.detect import read_any
from oncourse.io.reports.mapping import read_panel


def _report(path, *rows, head="样本编号,基因,变异"):
    return read_panel(write_table(path / "报告.csv", "\n".join([head, *rows])))


def _variants(reading, *columns):
    return reading.tables["variants"].select(*columns).rows()


@pytest.mark.parametrize("module", [coding_change, promoters, report_genes])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("gene", "words", "pair"),
    [
        ("ALK", "EML4::ALK", ("EML4", "ALK")),  # HGNC's sign (Bruford 2021, Leukemia 35:3040)
        ("ALK", "EML4(E13)-ALK(E20)", ("EML4", "ALK")),
        ("ALK", "EML4:exon13~ALK:exon20", ("EML4", "ALK")),
        ("ALK", "EML4/ALK", ("EML4", "ALK")),
        ("RET", "KIF5B→RET", ("KIF5B", "RET")),
        ("ROS1", "CD74--ROS1 fusion", ("CD74", "ROS1")),
        ("RET", "RET融合（伴侣基因未知）", (None, "RET")),
    ],
)
def test_fusions_by_any_sign(tmp_path, gene, words, pair):
    """They were findings whose change nobody understood."""
    reading = _report(tmp_path, f"S1,{gene},{words}")
    assert reading.tables["fusions"].select("gene_5p", "gene_3p").rows() == [pair]
    assert any("partner is not named" in p.message for p in reading.problems) == (pair[0] is None)


@pytest.mark.parametrize("words", ["NTRK1融合阴性", "未检出融合", "KRAS/NRAS野生型"])
def test_a_denied_fusion_is_none(tmp_path, words):
    assert "fusions" not in _report(tmp_path, f"S1,NTRK1,{words}").tables


@pytest.mark.parametrize(
    ("gene", "change", "consequence", "status"),
    [
        ("BRCA1", "5382insC", "frameshift", "BRCA"),  # names before HGVS (Breast Cancer Information Core)
        ("BRCA1", "185delAG", "frameshift", "BRCA"),
        ("BRCA2", "6174delT", "frameshift", "BRCA"),
        ("BRCA1", "IVS5+1G>A", "splice_site", "BRCA"),
        ("BRCA2", "c.8488-1G>A", "splice_site", "BRCA"),
        ("ATM", "c.2839-2A>G (剪接)", "splice_site", "HRR"),
        ("CHEK2", "1100delC", "frameshift", "HRR"),
    ],
)
def test_a_coding_change_alone_says_its_consequence(tmp_path, gene, change, consequence, status):
    """IVS5+1G>A was read as c.1G>A; without a consequence nothing of BRCA could be judged."""
    reading = _report(tmp_path, f"S1,{gene},{change}")
    assert _variants(reading, "gene", "consequence") == [(gene, consequence)]
    assert states_of(reading, status) == {"S1": "positive"}


@pytest.mark.parametrize("words", ["C228T", "c.-124C>T", "启动子突变 -124C>T"])
def test_the_promoter_of_tert_by_its_nickname(tmp_path, words):
    """C228T was residue 228 (Huang 2013, Science 339:957: places chr5:1,295,228), -124C>T the coding base 124."""
    assert _variants(_report(tmp_path, f"S1,TERT,{words}"), "variant_id", "consequence") == [
        ("TERT:c.-124C>T", "upstream")
    ]


def test_inherited_genotypes_are_no_mutations(tmp_path):
    """UGT1A1 *1/*28 and rs8175347 stand among the mutations of a report: genes that nobody could judge."""
    reading = _report(tmp_path, "S1,KRAS,p.G12D", "S1,UGT1A1,*1/*28", "S1,ERCC1,rs11615", "S1,HRD,阳性(评分52)")
    assert reading.tables["calls"]["variant_id"].to_list() == ["KRAS:p.G12D"]
    assert sorted(reading.tables["markers"]["marker"]) == ["ERCC1", "HRD", "UGT1A1"]
    assert any("2 rows are inherited genotypes" in p.message for p in reading.problems)


def test_units_and_full_width_signs_of_headers(tmp_path):
    """深度(X) and ＶＡＦ（％） were columns not read."""
    reading = _report(tmp_path, "S1,KRAS,p.G12D,12.3,1000", head="样本编号,基因,变异,ＶＡＦ（％）,深度 (X)")
    assert reading.tables["calls"].select("alt_count", "depth").rows() == [(123, 1000)]


def test_columns_of_exons_with_marks(tmp_path):
    """KRAS_exon2 with MT: the table was of no known form."""
    head = "Patient,KRAS_exon2,KRAS_exon3,KRAS_exon4,NRAS_exon2,NRAS_exon3,NRAS_exon4,BRAF_V600E"
    reading = _report(
        tmp_path, "P1,MT,WT,WT,WT,WT,WT,WT", "P2,WT,WT,WT,WT,WT,WT,MT", "P3,WT,ND,ND,WT,ND,ND,WT", head=head
    )
    assert states_of(reading, "RAS") == {"P1": "positive", "P2": "negative", "P3": "not_assessable"}
    assert states_of(reading, "BRAF V600E") == {"P1": "negative", "P2": "positive", "P3": "negative"}


def test_reports_that_name_nobody_are_of_their_files(tmp_path):
    """张三_组织.xlsx and 张三_血浆.xlsx: "the sheet has no column for the sample"."""
    for name in ("张三_组织", "张三_血浆", "李四_组织"):
        write_book(
            tmp_path / f"{name}.xlsx", S=[["基因", "氨基酸改变", "丰度", "深度"], ["KRAS", "p.G12D", "12%", 1000]]
        )
    found = read_any(tmp_path).tables["samples"].select("sample_id", "patient_id", "material").sort("sample_id").rows()
    assert found == [
        ("张三_组织", "张三", "tissue"),
        ("张三_血浆", "张三", "plasma"),
        ("李四_组织", "李四", "tissue"),
    ]


def test_names_of_pairtree_say_gene_and_place(tmp_path):
    """Its column name was not read: KRAS_G12D was a gene s0."""
    rows = "s0\tKRAS_G12D\t30\t100\t0.5\ns1\tTP53 p.R175H\t10\t100\t0.5"
    write_table(tmp_path / "a.ssm", f"id\tname\tvar_reads\ttotal_reads\tvar_read_prob\n{rows}")
    (tmp_path / "a.params.json").write_text(json.dumps({"samples": ["P"], "clusters": [["s0"], ["s1"]]}))
    reading = read_clone_tables("pairtree", tmp_path / "a.ssm")
    assert _variants(reading, "gene", "hgvs_p") == [("KRAS", "p.G12D"), ("TP53", "p.R175H")]


def test_a_block_of_one_sample_that_is_named_once(tmp_path):
    """Spreadsheets name the sample in the first row of its block; the others were left out."""
    reading = _report(tmp_path, "S1,KRAS,p.G12D", ",TP53,p.R175H", "S2,APC,p.R1450*")
    calls = reading.tables["calls"].select("sample_id", "variant_id").rows()
    assert calls == [("S1", "KRAS:p.G12D"), ("S1", "TP53:p.R175H"), ("S2", "APC:p.R1450*")]
    assert any("1 rows name nobody" in n for n in reading.notes)


def test_what_stands_above_a_table_and_is_not_read_is_told(tmp_path):
    """A line with sex and diagnosis was passed over; its values may name people and are not repeated."""
    text = "姓名：张三,性别：男,诊断：结肠癌,样本编号：S1\n基因,氨基酸改变,丰度,深度\nKRAS,p.G12D,12.3%,1000"
    reading = read_panel(write_table(tmp_path / "r.csv", text))
    told = [p.message for p in reading.problems if "above the table" in p.message]
    assert told == ["姓名, 性别, 诊断 stand above the table and are not read."]
    assert reading.tables["samples"]["sample_id"].to_list() == ["S1"]
