"""One table of gene sets; every other list of the same word is read from it."""

from __future__ import annotations

import csv
from importlib import resources

import polars as pl
import pytest

from oncourse.genome.gene_models import codon_positions
from oncourse.genome.gene_sets import codon_table, gene_set, pathways, set_codons
from oncourse.knowledge.rules import default_rules
from oncourse.simulate.drivers import RAS_CODONS

ROWS = list(
    csv.DictReader(
        (
            line
            for line in resources.files("oncourse.genome")
            .joinpath("data/gene_sets.tsv")
            .read_text(encoding="utf-8")
            .splitlines()
            if not line.startswith("#")
        ),
        delimiter="\t",
    )
)


def test_every_row_has_a_source_and_no_gene_is_twice_in_a_set():
    assert all(row["source"] for row in ROWS)
    keys = [(row["set"], row["gene"]) for row in ROWS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", ["HRR core", "HRR talazoparib", "HRR listed", "MMR germline"])
def test_a_set_that_differs_from_another_of_its_word_says_why(name: str):
    assert all(row["reason"] for row in ROWS if row["set"] == name)


def test_the_hrr_sets_are_those_of_the_labels_that_the_rules_are_written_from():
    rules = {genes for rule in default_rules() for genes in [tuple(sorted(rule.genes))]}
    assert tuple(sorted(gene_set("HRR talazoparib"))) in rules
    assert set(gene_set("HRR core")) <= set(gene_set("HRR")) <= set(gene_set("HRR listed"))


def test_ras_codons_of_rules_and_simulation_are_those_of_the_set():
    """FDA label of panitumumab: exons 2, 3, 4 = codons 12/13, 59/61, 117/146."""
    assert set_codons("RAS") == {"KRAS": (12, 13, 59, 61, 117, 146), "NRAS": (12, 13, 59, 61, 117, 146)}
    first = codon_positions("GRCh38").join(codon_table("RAS"), on=["gene", "codon"], how="semi")
    first = first.group_by("gene", "codon").agg(pl.col("pos").min())
    # four of the twelve lay one or three bases off in a table of the simulation
    assert {(g, c): s for g, c, _, s in RAS_CODONS} == {(g, c): p for g, c, p in first.iter_rows()}
    assert len(RAS_CODONS) == 12


#: Names of the ten pathways here and in the table of members that maftools ships (Sanchez-Vega 2018, table S3).
TEN = {
    "cell cycle": "Cell_Cycle",
    "Hippo": "Hippo",
    "MYC": "MYC",
    "NOTCH": "NOTCH",
    "NRF2": "NRF2",
    "PI3K": "PI3K",
    "RTK-RAS": "RTK-RAS",
    "TGF-beta": "TGF-Beta",
    "TP53": "TP53",
    "WNT": "WNT",
}


def test_the_ten_pathways_of_sanchez_vega_are_there_and_hold_only_their_members(shared_data):
    table = pl.read_csv(shared_data("kb-genes", "oncogenic_sig_patwhays.tsv"), separator="\t")
    published = dict(table.group_by("Pathway").agg("Gene").iter_rows())
    assert set(pathways()) >= set(TEN)
    assert {n: set(pathways()[n]) - set(published[name]) for n, name in TEN.items()} == {n: set() for n in TEN}
