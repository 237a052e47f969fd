"""What an assay's regions do not hold was not looked at: a codon, or most of a gene."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.derive.concordance.callability import CallabilityParams, callability
from oncourse.derive.concordance.covered import off_target
from oncourse.genome.gene_models import codon_positions

#: KRAS exon 2 (codons 1-37) and exons 2-4 on GRCh37, a base more on either side.
_EXON_2 = ("12", 25_398_207, 25_398_319)
_REST = (("12", 25_380_167, 25_380_347), ("12", 25_378_547, 25_378_708), ("12", 25_368_374, 25_368_495))


def _made(regions, coverage=(), **sample):
    return study(
        {"design": "crc", "genome_build": "GRCh37"},
        patients=[{"patient_id": "A"}],
        samples=[{"sample_id": "S", "patient_id": "A", "material": "tissue", "purity": 0.6, "assay_id": "P", **sample}],
        assays=[{"assay_id": "P", "kind": "panel", "targets": "regions.bed"}],
        calls=[],
        coverage=list(coverage),
        target_regions=[{"assay_id": "P", "chrom": c, "start": a, "end": b} for c, a, b in regions],
    )


def _states(made, codons):
    rows = callability(made, Cohort(made).panels, CallabilityParams(), codons=codons)
    return {(g, c): (state, reason) for g, c, state, reason in rows.select("gene", "codon", "state", "reason").rows()}


def test_a_codon_outside_the_regions_was_not_looked_at():
    """A panel of KRAS exon 2 said RAS negative, assumed, at codons 59, 61, 117 and 146."""
    found = _states(_made([_EXON_2]), {"KRAS": (12, 13, 61, 117, 146)})
    assert found == {
        ("KRAS", 12): ("assumed", "depth not recorded"),
        ("KRAS", 13): ("assumed", "depth not recorded"),
        ("KRAS", 61): ("not_covered", "not in the regions of the assay"),
        ("KRAS", 117): ("not_covered", "not in the regions of the assay"),
        ("KRAS", 146): ("not_covered", "not in the regions of the assay"),
    }
    assert set(_states(_made([_EXON_2, *_REST]), {"KRAS": (12, 61, 117, 146)}).values()) == {
        ("assumed", "depth not recorded")
    }


def test_one_base_of_a_codon_outside_is_outside():
    """Codon 12 of KRAS is 25,398,283 to 25,398,285, on the minus strand."""
    for start, state in ((25_398_283, "assumed"), (25_398_284, "not_covered")):
        assert _states(_made([("12", start, 25_398_319)]), {"KRAS": (12,)})[("KRAS", 12)][0] == state


def test_reads_there_say_more_than_the_regions():
    again = _made([_EXON_2], [{"sample_id": "S", "gene": "KRAS", "codon": 61, "min_depth": 900}])
    assert _states(again, {"KRAS": (61,)})[("KRAS", 61)][0] == "measured"


@pytest.mark.parametrize(("share", "off"), [(0.96, []), (0.94, ["only part of the gene in the regions of the assay"])])
def test_a_gene_is_looked_at_with_most_of_its_coding_bases(share, off):
    bases = codon_positions("GRCh37").filter(gene="KRAS").sort("pos", descending=True)["pos"].to_list()
    kept = sorted(bases[: round(share * len(bases))])
    made = _made([("12", p, p) for p in kept])
    wanted = pl.DataFrame({"gene": ["KRAS"], "codon": [0]}, schema={"gene": pl.String, "codon": pl.Int64})
    assert off_target(made, wanted)["off"].to_list() == off


def test_nothing_is_said_of_assays_without_regions_and_genes_without_models():
    wanted = pl.DataFrame({"gene": ["KRAS", "NOGENE"], "codon": [12, 1]}, schema={"gene": pl.String, "codon": pl.Int64})
    assert off_target(_made([_EXON_2]), wanted).is_empty()
    assert off_target(_made([]), wanted).is_empty()
    assert off_target(_made([_EXON_2], assay_id=None), wanted).is_empty()
