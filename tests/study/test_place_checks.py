"""Gene, change, place and build that cannot all be true: told, and never a wild type."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.genes.unread import unread_codons
from oncourse.study.place_checks import other_build_codons, place_contradictions

KRAS_37, KRAS_38 = "12:25398284:C:T", "12:25245350:C:T"


def _told(variant, gene, change, build="GRCh37"):
    tables = {
        "calls": pl.DataFrame({"variant_id": [variant]}),
        "variants": pl.DataFrame(
            {"variant_id": [variant], "gene": [gene], "hgvs_p": [change]},
            schema_overrides={"gene": pl.String, "hgvs_p": pl.String},
        ),
    }
    return [(p.column, p.severity) for p in place_contradictions(tables, build)]


@pytest.mark.parametrize(
    ("variant", "gene", "change", "told"),
    [
        (KRAS_37, "KRAS", "p.G12D", []),
        ("11:25398284:C:T", "KRAS", "p.G12D", [("gene", "warning")]),
        ("12:25400000:C:T", "KRAS", "p.G12D", [("hgvs_p", "warning")]),  # 2.54E+07
        (KRAS_38, None, None, [("variant_id", "warning")]),
        ("12:25245349:T:A", None, None, []),  # at the residue, with another reference base: chance
        ("5:1295228:G:A", "TERT", None, []),  # the promoter is beside its gene
    ],
)
def test_what_cannot_all_be_true_is_told(variant, gene, change, told):
    assert _told(variant, gene, change) == told


def test_variants_without_gene_and_build_are_told():
    assert _told(KRAS_38, None, None, build=None) == [("gene", "warning")]
    assert _told(KRAS_38, "KRAS", "p.G12D", build=None) == []


def test_a_call_at_ras_of_the_other_build_is_no_wild_type(make_study):
    """GRCh38's KRAS G12D in a study of GRCh37 was 'RAS: assumed wild type' without a word."""
    assert other_build_codons(pl.Series([KRAS_38]), "GRCh37").rows() == [(KRAS_38, "KRAS", 12, "p.G12D")]
    study = make_study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": "P1"}],
        samples=[{"sample_id": "S1", "patient_id": "P1", "material": "tissue"}],
        calls=[{"sample_id": "S1", "variant_id": KRAS_38, "is_called": True}],
    )
    wanted = pl.DataFrame({"gene": ["KRAS", "KRAS"], "codon": [12, 13]})
    assert unread_codons(study, wanted).select("gene", "codon").rows() == [("KRAS", 12)]
