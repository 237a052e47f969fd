"""A variant that several files hold has the annotation of whichever knows it, whatever the order of the files."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.detect import read_any
from oncourse.io.variants.one_annotation import one_annotation

SCHEMA = ["variant_id", "gene", "hgvs_c", "hgvs_p", "consequence"]
STOP = ("11:92354000:C:T", "FAT3", "c.1072C>T", "p.R358*", "nonsense")
BARE = ("11:92354000:C:T", None, None, None, "unknown")
VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1_met\n"
VCF += "11\t92354000\t.\tC\tT\t.\tPASS\t.\tGT:AD:DP\t0/1:140,60:200\n"


@pytest.mark.parametrize("rows", [[BARE, STOP], [STOP, BARE], [BARE, STOP, STOP, BARE]])
def test_an_empty_cell_beats_none_that_says_something(rows):
    """The first file's row counted: FAT3 p.R358* had no gene where a bare VCF came first by name."""
    one, told = one_annotation(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    assert one.rows() == [STOP]
    assert not told


def test_rows_fill_each_other_and_two_annotations_are_told():
    a, b, c = "1:1:A:T", "2:2:A:T", "3:3:A:T"
    rows = [(a, "TP53", None, None, "missense"), (a, "TP53", "c.524G>A", "p.R175H", None)]
    rows += [(b, "MLL2", None, "p.R10Gfs*3", "frameshift"), (b, "KMT2D", None, "p.R10fs", "frameshift")]
    rows += [
        (c, "APC", None, "p.Q8*", "nonsense"),
        (c, "APC", "c.1A>T", "p.Q9*", "nonsense"),
        (c, "XX1", None, None, None),
    ]
    one, told = one_annotation(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    assert one.rows() == [
        (a, "TP53", "c.524G>A", "p.R175H", "missense"),
        (b, "MLL2", None, "p.R10Gfs*3", "frameshift"),  # an old name and a length are no other annotation
        (c, "APC", "c.1A>T", "p.Q9*", "nonsense"),
    ]
    said = [f"1 variants are annotated in two ways (first: {c} is APC p.Q9* and APC p.Q8*)."]
    assert [p.message for p in told] == said


def test_the_order_of_files_says_nothing(tmp_path):
    """P1_met.vcf without annotation before P1_primary.maf: gene, change and consequence were lost for both samples."""
    maf = "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tReference_Allele"
    maf += "\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tHGVSp_Short\nFAT3\tGRCh38\t11\t92354000\t92354000\tNonsense_Mutation"
    (tmp_path / "P1_met.vcf").write_text(VCF)
    (tmp_path / "P1_primary.maf").write_text(f"{maf}\tC\tT\tP1_primary\tp.R358*\n")
    variants = read_any(tmp_path).tables["variants"]
    assert variants.select("gene", "hgvs_p", "consequence").rows() == [("FAT3", "p.R358*", "nonsense")]
