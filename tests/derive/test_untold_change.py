"""A mutation without a protein change: its codon by position, else unknown; never read as wild type."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.genes import unread
from oncourse.knowledge.evaluate import NO, UNKNOWN, YES, evaluate
from oncourse.knowledge.expression import parse


def of_kras(make_study, position: int, build: str | None, text: str) -> int:
    variant = f"12:{position}:C:T"
    study = make_study(
        {"genome_build": build} if build else {},
        patients=[{"patient_id": "P1", "disease": "colorectal cancer"}],
        samples=[{"sample_id": "A", "patient_id": "P1", "material": "tissue", "purity": 0.6, "day": 0}],
        variants=[{"variant_id": variant, "gene": "KRAS", "consequence": "missense"}],
        calls=[{"sample_id": "A", "variant_id": variant, "alt_count": 40, "depth": 100}],
    )
    return evaluate(parse(text), Cohort(study).findings.patients["P1"]).truth


@pytest.mark.parametrize(
    ("position", "build", "mutated", "wild", "g12c"),
    [
        (25398284, "GRCh37", YES, NO, NO),  # codon 12, by its bases G12D
        (25398284, None, UNKNOWN, UNKNOWN, UNKNOWN),
        (25398200, "GRCh37", NO, UNKNOWN, NO),  # in KRAS, at none of the codons; wild type only assumed
    ],
)
def test_kras_without_a_protein_change(make_study, position, build, mutated, wild, g12c):
    """On the re-sampled colorectal cancers, whose table tells no protein change, every patient has a KRAS mutation:
    pages once read "no mutation found"."""
    codons = "KRAS:12,13,59,61,117,146"
    assert of_kras(make_study, position, build, f"mutation({codons})") == mutated
    assert of_kras(make_study, position, build, f"wild_type({codons})") == wild
    assert of_kras(make_study, position, build, "mutation(KRAS:G12C)") == g12c


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38", None])
def test_the_rows_that_are_passed_over_change_nothing(build, monkeypatch):
    """Of an exome hardly any row may be of an asked gene: the others are not looked at, and looked at they add nothing."""
    places = ["12:25398284:C:T", "12:25245350:C:T", "7:140453136:A:T", "x", "12:25398284", "99:5:A:T", "3:500:A:C"]
    places += ["Un_gl000220:5:A:T", "hs37d5:77:A:C", "17:7577120:C:T", "5:112175639:C:T", "12:400000000:C:T"]
    said = [(None, None, None), ("KRAS", None, None), ("kras", "p.G12D", "missense"), ("KRAS;LRMP", None, "unknown")]
    said += [
        ("TP53", "p.R5*", "nonsense"),
        ("KRAS", None, "synonymous"),
        (".", "p.?", "missense"),
        ("BRAF", None, None),
    ]
    names = dict.fromkeys(("variant_id", "gene", "hgvs_p", "consequence"), pl.String)
    given = [pl.DataFrame([(p, *words) for p in places], schema=names, orient="row") for words in said]
    asked = {"KRAS", "BRAF"}
    few = [unread._sites(rows, asked, build) for rows in given]
    monkeypatch.setattr(unread, "_may_change", lambda genes, meant: pl.lit(True))
    assert sum(found.height for found in few) > 20
    assert all(found.equals(unread._sites(rows, asked, build)) for found, rows in zip(few, given, strict=True))
