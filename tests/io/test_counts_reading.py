"""Tables of read counts, long and wide, are one study."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.io.files import read_files
from oncourse.io.variants.counts import read_counts

LONG = (
    "CASE_ID\tSAMPLE\tCHR\tPOS\tREF\tALT\tREF_COUNT\tVAR_COUNT\tDEPTH\n"
    "Q\tA\t7\t100\tC\tCTT\t90\t10\t100\nQ\tB\t7\t100\tC\tCTT\t60\t0\t60\nQ\tA\t9\t5\tG\tA\t40\t0\t40\nQ\tB\t9\t5\tG\tA\t20\t8\t28\n"
)
SUFFIX = (
    "chr\tfrom\tto\tref\talt\tgene\tA.NV\tB.NV\tA.DP\tB.DP\tA_N.NV\tA_N.DP\n"
    "chr7\t100\t100\tC\tCTT\tX(dist=5),Y(dist=9)\t10\t0\t100\t60\t0\t30\nchr9\t5\t5\tG\tA\tTP53\t0\t8\t40\t28\t0\t30\n"
)
PREFIX = (
    "CHROM\tPOS\tREF\tALT\tREF_counts_A\tALT_counts_A\tREF_counts_B\tALT_counts_B\tREF_counts_Normal\tALT_counts_Normal\n"
    "7\t100\tC\tCTT\t90\t10\t60\t0\t30\t0\n9\t5\tG\tA\t40\t0\t20\t8\t30\t0\n"
)
EXPECTED = [
    ("A", "7:100:-:TT", 10, 100, None),
    ("A", "9:5:G:A", 0, 40, None),
    ("B", "7:100:-:TT", 0, 60, None),
    ("B", "9:5:G:A", 8, 28, None),
]


@pytest.mark.parametrize("text", [LONG, SUFFIX, PREFIX], ids=["long", "suffix", "prefix"])
def test_long_and_wide_agree(tmp_path, text):
    """Nothing is called by itself; a normal sample is left out; an intergenic variant has no gene."""
    path = tmp_path / "counts.tsv"
    path.write_text(text)
    found = read_counts(path)
    columns = ["sample_id", "variant_id", "alt_count", "depth", "is_called"]
    assert found.calls.sort("sample_id", "variant_id").select(columns).rows() == EXPECTED
    assert not [p for p in found.problems if p.severity == "error"]


def test_annovar_s_list_of_neighbours_is_no_gene(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text(SUFFIX)
    variants = read_counts(path).variants
    assert dict(variants.select("variant_id", "gene").iter_rows()) == {"7:100:-:TT": None, "9:5:G:A": "TP53"}


def test_filtered_records_are_not_called(tmp_path):
    """Tabulated Mutect2: AD of the sample, a site's DP beside it; a failed filter is looked at and not called."""
    path = tmp_path / "t.txt"
    path.write_text(
        "#CHROM\tPOS\tID\tREF\tALT\tFILTER\tANN\tDP\tSAMPLE\tAD\tDP\n"
        "chr7\t100\t.\tC\tT\tPASS\tT|missense_variant|MODERATE|EGFR|EGFR|transcript|N|p|1/2|c.5C>T|p.Ser2Leu\t999\tS\t80,20\t100\n"
        "chr7\t200\t.\tC\tT\tslippage\t\t999\tS\t90,10\t100\n"
    )
    found = read_counts(path)
    assert found.calls.select("alt_count", "depth", "is_called").rows() == [(20, 100, None), (10, 100, False)]
    assert found.variants.row(0)[1:] == ("EGFR", "c.5C>T", "p.S2L", "missense")


def test_no_counts_no_study(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("CHROM\tPOS\tREF\tALT\n7\t1\tA\tC\n")
    with pytest.raises(InputError, match=r"SAMPLE\.NV"):
        read_counts(path)


def test_tissue_and_plasma_of_cfdnaneo(shared_data):
    """11,744 sites counted in tissue and plasma; the sample cfDNA is plasma by its name."""
    found = read_files([shared_data("tissue_plasma_cfdnaneo", "test_full_variant_counts.tsv.gz")], kind="counts")
    assert found.tables["samples"].select("sample_id", "material").rows() == [
        ("FrTu", "tissue"),
        ("cfDNA", "plasma"),
    ]
    assert found.tables["calls"].height == 2 * 11_744


def test_a_normal_the_clinical_table_knows_is_kept(tmp_path):
    """Whose normal it is stands there: its counts tell germline variants. Nobody's normal stays out."""
    path, clinical = tmp_path / "counts.tsv", tmp_path / "samples.tsv"
    path.write_text(PREFIX)
    rows = ["A\tP\ttissue", "B\tP\tplasma", "Normal\tP\tnormal"]
    clinical.write_text("sample_id\tpatient_id\tmaterial\n" + "\n".join(rows) + "\n")
    found = read_files([path], clinical=[clinical], kind="counts")
    assert dict(found.tables["samples"].select("sample_id", "material").iter_rows())["Normal"] == "normal"
    normal = found.tables["calls"].filter(pl.col("sample_id") == "Normal")
    assert normal.select("alt_count", "depth").rows() == [(0, 30), (0, 30)]


def test_a_folder_of_tables_is_one_study(tmp_path):
    """One table per sample, as pipelines write them; what is no table is passed over."""
    header = "#CHROM\tPOS\tREF\tALT\tSAMPLE\tAD\n"
    (tmp_path / "a.tsv").write_text(header + "7\t100\tC\tT\tA\t80,20\n")
    (tmp_path / "b.txt").write_text(header + "7\t100\tC\tT\tB\t90,10\n")
    (tmp_path / "notes.md").write_text("hello\n")
    calls = read_files([tmp_path], kind="counts").tables["calls"].sort("sample_id")
    assert calls.select("sample_id", "alt_count", "depth").rows() == [("A", 20, 100), ("B", 10, 100)]
