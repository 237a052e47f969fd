"""Edges of small readers: each line here was broken on purpose and no test noticed."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.cbioportal.gene_matrix import is_gene_matrix
from oncourse.io.clinical.own_history import _parts
from oncourse.io.tabular.text import read_table
from oncourse.io.variants.strand import on_forward


@pytest.mark.parametrize(
    ("header", "is_one"),
    [("SAMPLE_ID\tKRAS", True), ("SAMPLE_ID\tKRAS\tTP53", True), ("SAMPLE_ID", False), ("KRAS\tTP53", False)],
)
def test_a_matrix_of_one_gene_is_one(tmp_path, header, is_one):
    (tmp_path / "m.txt").write_text(f"{header}\n" + "\t".join("S" * (header.count("\t") + 1)) + "\n", "utf-8")
    assert is_gene_matrix(tmp_path / "m.txt") is is_one


def test_commas_part_a_history_where_each_piece_has_its_time():
    assert _parts("2019.3 XELOX，2020.1 FOLFIRI") == ["2019.3 XELOX", "2020.1 FOLFIRI"]
    assert _parts("2019.3 XELOX，后口服卡培他滨") == ["2019.3 XELOX，后口服卡培他滨"]
    assert _parts("FOLFOX，贝伐，2020.1起FOLFIRI") == ["FOLFOX，贝伐", "2020.1起FOLFIRI"]


def test_a_header_that_a_table_of_two_columns_repeats_is_no_row(tmp_path):
    (tmp_path / "t.tsv").write_text("patient_id\tsex\nA\tF\npatient_id\tsex\nB\tM\n", "utf-8")
    assert read_table(tmp_path / "t.tsv", lenient=True).frame.rows() == [("A", "F"), ("B", "M")]


def test_a_row_without_a_strand_is_of_the_forward_one():
    rows = [("12", 25398284, "C", "T", 2, None), ("12", 25398284, "C", "T", 3, "+"), ("12", 25398284, "G", "A", 4, "-")]
    frame = pl.DataFrame(rows, schema=["chrom", "pos", "ref", "alt", "line", "strand"], orient="row")
    frame = frame.with_columns(pl.col("pos").cast(pl.Int64), pl.col("line").cast(pl.UInt32))
    notes: list[str] = []
    turned, _ = on_forward(frame, "x.maf", "GRCh37", None, notes)
    assert turned.sort("line").select("ref", "alt").rows() == [("C", "T"), ("C", "T"), ("C", "T")]
