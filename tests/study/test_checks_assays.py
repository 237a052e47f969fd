"""An assay that is said to look at what is no gene, or not to look at what it called."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.study.checks_assays import assay_checks


def tables(targets, *, gene="KRAS", is_called=True):
    return {
        "assays": pl.DataFrame({"assay_id": ["K"], "targets": [targets]}, schema_overrides={"targets": pl.String}),
        "samples": pl.DataFrame({"sample_id": ["S1", "S2"], "assay_id": ["K", "K"]}),
        "calls": pl.DataFrame(
            {"sample_id": ["S1", "S2"], "variant_id": ["v", "v"], "is_called": [is_called, is_called]},
            schema_overrides={"is_called": pl.Boolean},
        ),
        "variants": pl.DataFrame({"variant_id": ["v"], "gene": [gene]}),
    }


def test_a_part_of_a_gene_is_no_gene():
    """ "KRAS:12,13;TP53" was read as the genes KRAS:12, 13 and TP53: "13: 0 of 30" in the table, KRAS nowhere."""
    error, beyond = assay_checks(tables("KRAS:12,13;TP53"), 5)
    assert (error.severity, error.row, error.column) == ("error", 5, "targets")
    assert error.message == "KRAS:12, 13 are no genes." and "BED" in error.cure
    assert beyond.severity == "warning" and "KRAS (2)" in beyond.message


@pytest.mark.parametrize(
    ("targets", "gene", "is_called", "n"),
    [
        ("TP53;APC", "KRAS", True, 1),  # called in two samples, and "no gene was altered in 30 patients"
        ("TP53;kras", "KRAS", True, 0),
        ("MLL2;APC", "KMT2D", True, 0),  # a former name
        ("TP53;APC", "KRAS", False, 0),
        ("exome.bed", "KRAS", True, 0),
        (None, "KRAS", True, 0),
    ],
)
def test_a_called_gene_that_the_list_does_not_name_is_told(targets, gene, is_called, n):
    found = assay_checks(tables(targets, gene=gene, is_called=is_called))
    assert [p.severity for p in found] == ["warning"] * n


def test_called_variants_outside_the_regions_of_their_assay_are_told():
    """NRAS Q61R called with a panel whose BED file lacks NRAS was in no frequency, and nothing said so."""
    regions = [("P", "12", 100, 300), ("P", "12", 150, 160), ("Q", "1", 1, 10)]
    tables = {
        "assays": pl.DataFrame({"assay_id": ["P", "Q"], "targets": ["p.bed", "q.bed"]}),
        "samples": pl.DataFrame({"sample_id": ["S", "T", "U"], "assay_id": ["P", "Q", None]}),
        "calls": pl.DataFrame(
            [("S", "12:200:C:T", True), ("S", "12:301:C:T", True), ("S", "1:5:C:T", True), ("S", "12:99:C:T", False)]
            + [("T", "1:5:C:T", True), ("U", "9:9:C:T", True)],
            schema=["sample_id", "variant_id", "is_called"],
            orient="row",
        ),
        "target_regions": pl.DataFrame(regions, schema=["assay_id", "chrom", "start", "end"], orient="row"),
    }
    assert [p.message for p in assay_checks(tables)] == [
        "2 called variants lie outside the regions of assay P (first: 12:301:C:T)."
    ]
