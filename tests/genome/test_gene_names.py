"""What files call genes: old symbols, ids, spreadsheet dates; the tables agree with each other."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.genome.gene_models import modelled_genes
from oncourse.genome.gene_names import former_names, gene_by_id, gene_name, gene_names, symbols
from oncourse.genome.genes import gene_places, gene_table
from oncourse.genome.panels import panel_table


@pytest.mark.parametrize(
    "text",
    [
        "9-Sep",
        "09-Sep",
        "Sep-09",
        "Sept 9",
        "2024/9/9",
        "2021-09-09",
        "2021-09-09 00:00:00",
        "9月9日",
        "2021年9月9日",
        "44448",
        "44448.0",
    ],
)
def test_septin9_is_found_in_every_spelling_of_a_spreadsheet(text: str) -> None:
    """Ziemann et al. Genome Biol 2016;17:177; serials count from 1899-12-30, other locales write 9月9日."""
    assert gene_name(text) == ("SEPTIN9", "spreadsheet date")


@pytest.mark.parametrize(
    ("text", "gene"),
    [
        ("1-Mar", "MARCHF1"),
        ("1-Dec", "DELEC1"),
        ("4-Oct", "POU5F1"),
        ("5-Feb", "5-Feb"),
        ("40-Sep", "40-Sep"),
        ("44562", "44562"),
    ],
)
def test_only_dates_of_known_families_are_read(text: str, gene: str) -> None:
    """44562 is 2022-01-01: no gene."""
    assert gene_name(text)[0] == gene


def test_ids_and_names_are_each_of_one_gene() -> None:
    known = set(symbols().values())
    assert set(former_names().values()) <= known
    assert not set(former_names()) & set(symbols())
    assert gene_by_id("673") == "BRAF" and gene_by_id("ENSG00000141510") == "TP53"


def test_every_table_of_the_package_speaks_today_s_symbols() -> None:
    panels = {g for text in panel_table()["genes"] for g in text.split(";")}
    places = set(gene_places("GRCh38")["gene"])
    for genes in (set(gene_table()["gene"]), panels, places, set(modelled_genes())):
        assert {gene_name(g)[0] for g in genes} == genes


def test_ids_agree_with_an_independent_list(shared_data) -> None:
    """CancerMine's Entrez ids (CC0)."""
    table = pl.read_csv(shared_data("kb-genes") / "cancermine_collated_2022.tsv", separator="\t", infer_schema=False)
    rows = table.select("gene_normalized", "gene_entrez_id").drop_nulls().unique()
    rows = rows.filter(pl.col("gene_entrez_id").str.contains(r"^\d+$"))
    found = [(gene_by_id(i), gene_name(s)[0]) for s, i in rows.iter_rows() if gene_by_id(i)]
    # TAZ, once TAFAZZIN's symbol, is in wider use for WWTR1: it stays as it is
    assert len(found) > 600 and {(a, b) for a, b in found if a != b} == {("TAFAZZIN", "TAZ")}


def test_values_keep_their_order_and_nulls() -> None:
    found = gene_names(pl.Series(["kras", None, "KRAS", ".", "MLL2"]))
    assert found["gene"].to_list() == ["KRAS", None, "KRAS", None, "KMT2D"]
    assert found["how"].to_list() == ["spelling", None, "plain", "plain", "former name"]
