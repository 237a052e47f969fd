"""Genotypes to phenotypes as CPIC has them; drugs to classes."""

from __future__ import annotations

import json

import pytest

from oncourse.knowledge.drugs import drug_classes, drug_names
from oncourse.knowledge.pgx import phenotype


@pytest.mark.parametrize("gene", ["DPYD", "UGT1A1"])
def test_every_diplotype_of_our_alleles_is_cpics(gene, shared_data):
    """PharmCAT 2025-11 phenotype maps (CPIC): every diplotype whose two alleles our table knows."""
    rows = json.loads(shared_data("kb-pgx", f"{gene}_phenotype.json").read_text())["diplotypes"]
    words = {"Normal": "normal", "Intermediate": "intermediate", "Poor": "poor"}
    checked = 0
    for row in rows:
        word = phenotype(gene, row["diplotype"])
        if word.startswith("not assessable"):
            continue
        theirs = row["phenotype"].split()[0]
        assert word.startswith(words[theirs]), (row["diplotype"], word, row["phenotype"])
        if gene == "DPYD":
            assert f"activity score {float(row['activityScore']):g}" in word
        checked += 1
    assert checked >= (100 if gene == "DPYD" else 15)


def test_an_unknown_allele_is_not_assessable():
    assert phenotype("DPYD", "*1/*99").startswith("not assessable")
    assert phenotype("DPYD", "positive").startswith("not assessable")
    assert phenotype("CYP2D6", "poor metabolizer").startswith("not assessable")  # a gene the rules do not ask for


def test_regimens_and_classes():
    assert drug_names("FOLFOX;bevacizumab") == ("fluorouracil", "folinic acid", "oxaliplatin", "bevacizumab")
    assert drug_classes("capecitabine;oxaliplatin") == {"fluoropyrimidine", "oxaliplatin", "platinum"}
    assert drug_classes("an unheard-of drug") == frozenset()
