"""Rows whose cells were joined, lost, shifted or exchanged: the mutated patient is never wild type, and it is told."""

import polars as pl
import pytest
from tests.io.strangers import KRAS_ROW, MAF, states_of, write_table

from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.detect import read_any
from oncourse.io.files import read_files
from oncourse.io.variants.vcf import read_vcf
from oncourse.study.model import Study

_HEAD = "##fileformat=VCFv4.2\n##reference=GRCh37\n#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT S1\n"
_TP53 = "17 7578406 . C T . PASS . GT:AD:DP 0/1:50,50:100"


@pytest.mark.parametrize(
    "record",
    [
        "12 25398284~. C T . PASS . GT:AD:DP 0/1:70,30:100",  # two cells became one
        "12 25398284 . C T . PASS~. GT:AD:DP 0/1:70,30:100",
        "12 25398284 . C T . PASS . 0/1:70,30:100",  # a cell was lost
        "12 25398284 . C T PASS . GT:AD:DP 0/1:70,30:100 .",  # and the others moved up
        "12 25398284 . C . PASS DP=100 GT:AD:DP 0/1:70,30:100 .",
        "25398284 . C T . PASS DP=100 GT:AD:DP 0/1:70,30:100 .",
        "12 25398284 . 0/1:70,30:100 T . PASS . GT:AD:DP C",  # two cells were exchanged
        "12 25398284 . C T . GT:AD:DP . PASS 0/1:70,30:100",
        "12 25398284 . C T . PASS . 0/1:70,30:100 GT:AD:DP",
        "12 25398284 . C T",  # the file ends in the line
    ],
)
def test_a_vcf_with_a_misshapen_record_is_refused(tmp_path, record):
    """Ten changes of this kind left RAS wild type, with nothing but "the rest is taken as empty"."""
    path = tmp_path / "S1.vcf"
    path.write_text((_HEAD + f"{record}\n{_TP53}\n").replace(" ", "\t").replace("~", " "))
    found = read_vcf(path)
    assert any(p.severity == "error" and p.row == 4 for p in found.problems)


def test_a_well_formed_record_with_odd_words_is_read(tmp_path):
    path = tmp_path / "S1.vcf"
    records = ["12 25398284 . C T 1e3 q10;PON . GT 0/1", "17 7578406 . C T inf . . GT 0/1", "1 5 . A C nan PASS X GT 1"]
    path.write_text(_HEAD.replace(" ", "\t") + "".join(r.replace(" ", "\t") + "\n" for r in records))
    assert not [p for p in read_vcf(path).problems if p.severity == "error"]


@pytest.mark.parametrize(
    "row",
    [
        KRAS_ROW.replace("25398284\t25398284", "25398284 25398284"),  # short, and no position
        KRAS_ROW.replace("S1", "SNP"),
        KRAS_ROW.replace("S1", "p.G12D").replace("\tp.G12D\tGRCh37", "\tS1\tGRCh37"),
        KRAS_ROW.replace("S1", "0,3"),
    ],
)
def test_a_row_of_a_maf_whose_cells_moved_is_refused(tmp_path, row):
    """S1 was RAS wild type, and KRAS G12D of a sample called SNP, p.G12D or 0,3."""
    other = "TP53 17 7578406 7578406 C T S1 Missense_Mutation p.R175H GRCh37".replace(" ", "\t")
    reading = read_files([write_table(tmp_path / "a.maf", f"{MAF}\n{row}\n{other}")], panel="IMPACT468")
    assert any(p.severity == "error" for p in reading.problems)


def test_a_row_without_place_and_gene_may_be_of_any_gene(tmp_path):
    """ANNOVAR's row that was cut short was "not used", and RAS wild type."""
    head = "Chr Start End Ref Alt Func.refGene Gene.refGene ExonicFunc.refGene AAChange.refGene"
    other = "17 7578406 7578406 C T exonic TP53 nonsynonymous~SNV TP53:NM_000546:exon5:c.G524A:p.R175H"
    text = f"{head}\n12 25398284 25398284\n{other}".replace(" ", "\t").replace("~", " ")
    reading = read_files([write_table(tmp_path / "S1.hg19_multianno.txt", text)], panel="IMPACT468")
    assert states_of(reading, "RAS") == {"S1": "not_assessable"}


@pytest.mark.parametrize(
    "cells",
    [
        {"pos": "12", "end": "12", "FILTER": "weak"},  # failed, and KRAS G12D lies elsewhere by its place
        {"chrom": "1", "change": "p.Silent"},  # a change of KRAS on chromosome 1 that says no residue
        {"pos": "p.G12D", "change": "25398284"},  # no protein is that long
    ],
)
def test_two_wrong_cells_of_a_maf_make_nobody_wild_type(tmp_path, cells):
    new = {"chrom": "12", "pos": "25398284", "end": "25398284", "change": "p.G12D", "FILTER": "PASS", **cells}
    row = f"KRAS {new['chrom']} {new['pos']} {new['end']} C T S1 Missense_Mutation {new['change']} GRCh37 70 30"
    text = f"{MAF}\tt_ref_count\tt_alt_count\tFILTER\n" + f"{row} {new['FILTER']}".replace(" ", "\t")
    reading = read_files([write_table(tmp_path / "a.maf", text)], panel="IMPACT468")
    tables, _ = checked(reading)
    states = Cohort(Study(reading.config, tables)).statuses.filter(pl.col("status") == "RAS")
    assert states["state"].to_list() == ["not_assessable"]


@pytest.mark.parametrize("row", ["S1,,KRAS,p.G12D,30%,detected", "S1 P1,KRAS,p.G12D,30%,detected"])
def test_a_row_of_a_report_whose_cells_moved_is_refused(tmp_path, row):
    """It was left out with a warning, or of a sample "S1 P1", and its patient wild type."""
    rows = ["Sample_ID,Patient_ID,Gene,Protein_Change,VAF,Result", row, "S1,P1,TP53,p.R175H,50%,detected"]
    try:
        reading = read_any(write_table(tmp_path / "r.csv", "\n".join(rows)))
    except InputError:
        return
    assert any(p.severity == "error" for p in reading.problems)
