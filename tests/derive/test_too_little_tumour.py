"""A sample with too little tumour to show anything is never "none found": not of a gene, a fusion, or a burden."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.concordance.callability import CallabilityParams, blind_samples, callability


def plasma(make_study, fraction: float, depth: float | None = 3000) -> Cohort:
    sample = {
        "sample_id": "B1",
        "patient_id": "P1",
        "material": "plasma",
        "tumor_fraction": fraction,
        "day": 0,
        "assay_id": "A",
        "mean_depth": depth,
    }
    return Cohort(
        make_study(
            samples=[sample],
            patients=[{"patient_id": "P1", "disease": "colorectal cancer", "stage": "IV"}],
            assays=[
                {
                    "assay_id": "A",
                    "kind": "panel",
                    "targets": "KRAS;NRAS;BRAF;PIK3CA;BRCA2;POLE;NTRK1;RET;TTN",
                    "min_alt_count": 3,
                    "min_vaf": 0.002,
                    "callable_mb": 1.1,
                }
            ],
            calls=[{"sample_id": "B1", "variant_id": "1:100:A:T", "is_called": False}],
            variants=[{"variant_id": "1:100:A:T", "gene": "TTN", "consequence": "synonymous"}],
            fusions=[],
            config={"genome_build": "GRCh37"},
        )
    )


def test_a_tumour_fraction_below_the_calling_rule_shows_nothing(make_study):
    """Fraction 0.0005: a clonal mutation is at 0.00025, under the least fraction of a call at any depth."""
    for depth in (3000, None):
        cohort = plasma(make_study, 0.0005, depth)
        rows = callability(cohort.study, cohort.panels, CallabilityParams(), codons={"PIK3CA": (1047,)})
        assert rows["state"].to_list() == ["underpowered"] and blind_samples(rows) == {"B1"}
        facts = cohort.findings.patients["P1"]
        assert facts.tmb_per_mb is None and not facts.fusion_genes_assessed
        assert facts.site("BRCA2") == facts.site("POLE") == "underpowered"
        told = cohort.patient_statuses.filter(pl.col("status").is_in(["PIK3CA", "RAS", "BRAF V600E"]))
        assert set(told["state"]) == {"not_assessable"}


def test_enough_tumour_stays_assumed_without_depth(make_study):
    cohort = plasma(make_study, 0.2)
    facts = cohort.findings.patients["P1"]
    assert facts.site("BRCA2") == "assumed" and facts.tmb_per_mb == 0.0


def test_a_sample_that_shows_nothing_speaks_for_no_other(make_study):
    """Plasma of too little tumour beside tissue whose reads are not told: the status was negative (assumed), while the
    rules said "too few reads" and asked for a new biopsy."""
    sample = {"patient_id": "P1", "day": 0, "assay_id": "A"}
    cohort = Cohort(
        make_study(
            samples=[
                sample | {"sample_id": "T1", "material": "tissue", "purity": 0.6, "mean_depth": None},
                sample | {"sample_id": "B1", "material": "plasma", "tumor_fraction": 0.0005, "mean_depth": 3000},
            ],
            patients=[{"patient_id": "P1", "disease": "colorectal cancer", "stage": "IV"}],
            assays=[{"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS;BRAF;TTN", "min_vaf": 0.002}],
            calls=[{"sample_id": s, "variant_id": "1:100:A:T", "is_called": False} for s in ("T1", "B1")],
            variants=[{"variant_id": "1:100:A:T", "gene": "TTN", "consequence": "synonymous"}],
            config={"genome_build": "GRCh37"},
        )
    )
    facts = cohort.findings.patients["P1"]
    assert facts.site("BRAF", 600, "plasma") in ("underpowered", "no_sample")
    assert facts.site("BRAF", 600, "any") == facts.site("BRAF", 600, "tissue") == "assumed"
    told = cohort.patient_statuses.filter(pl.col("status") == "BRAF V600E")
    assert told.select("state", "basis").row(0) == ("negative", "assumed")


@pytest.mark.parametrize(("depth", "state"), [(3, "not_assessable"), (500, "negative")])
def test_few_reads_at_a_codon_show_nothing_at_any_purity(make_study, depth, state):
    """KRAS G12D looked at with 0 of 3 reads and no purity recorded: RAS was negative (assumed)."""
    cohort = Cohort(
        make_study(
            patients=[{"patient_id": "P1"}],
            samples=[{"sample_id": "T1", "patient_id": "P1", "material": "tissue"}],
            calls=[
                {"sample_id": "T1", "variant_id": "12:25398284:C:T", "is_called": False, "alt_count": 0, "depth": depth}
            ],
            variants=[{"variant_id": "12:25398284:C:T", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}],
            config={"genome_build": "GRCh37"},
        )
    )
    told = cohort.statuses.filter(pl.col("status") == "RAS")
    assert told["state"].to_list() == [state]
    assert ("KRAS codon 12: too few reads" in told["reason"][0]) == (state == "not_assessable")
